package quota_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/host/internal/quota"
	"patchbay/state"
)

// TestState: on the real store, two Quotas that do not know each other keep one limit, and List shows it.
func TestState(t *testing.T) {
	s, err := state.Open(t.Context(), state.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := s.Bucket(t.Context(), "quotas")
	if err != nil {
		t.Fatal(err)
	}
	cfg := quota.Config{Store: bucket, IsConflict: func(err error) bool { return errors.Is(err, state.ErrConflict) }}
	one, other := quota.New(cfg), quota.New(cfg)
	limit := quota.Bucket{Key: "acme/api", ID: "api", Requests: 1000, Per: time.Hour, Concurrency: 3}
	var inUse atomic.Int32
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			q := []*quota.Quotas{one, other}[i%2]
			ticket, err := q.Acquire(t.Context(), []quota.Bucket{limit}, quota.Claim{Connection: "acme"})
			if err != nil {
				t.Error(err)
				return
			}
			if n := inUse.Add(1); n > 3 {
				t.Errorf("%d at the same time, more than 3", n)
			}
			inUse.Add(-1)
			ticket.Release(200, nil)
		})
	}
	all.Wait()
	one.Close()
	states, err := other.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(states) != 1 || states[0].Key != limit.Key || states[0].Used != 100 {
		t.Errorf("got %+v, want %s with 100 used", states, limit.Key)
	}
	other.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
