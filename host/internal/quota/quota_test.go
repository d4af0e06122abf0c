package quota

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

var minute = Bucket{Key: "k", ID: "minute", Requests: 2, Per: time.Minute}

func acquire(t *testing.T, q *Quotas, c Claim, buckets ...Bucket) *Ticket {
	t.Helper()
	ticket, err := q.Acquire(t.Context(), buckets, c)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestWindow_SlotComesFreePerAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		start := time.Now()
		first, second := acquire(t, q, Claim{}, minute), acquire(t, q, Claim{}, minute)
		time.Sleep(10 * time.Second)
		first.Release(200, nil)
		second.Release(200, nil)
		acquire(t, q, Claim{}, minute).Release(200, nil)
		got := time.Since(start)
		if got < 70*time.Second || got > 71*time.Second {
			t.Errorf("the third claim had its slot after %v, want 70s and at most a 128th of the window more", got)
		}
	})
}

func TestAcquire_FailsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Config{})
		defer q.Close()
		acquire(t, q, Claim{}, minute).Release(200, nil)
		acquire(t, q, Claim{}, minute).Release(200, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := q.Acquire(ctx, []Bucket{minute}, Claim{})
		f := abi.AsFault(err)
		if f.Code != abi.RateLimited || f.RetryAfter < 60 || f.RetryAfter > 61 || time.Since(start) != 0 {
			t.Errorf("got %v with retry_after %v after %v, want rate_limited with 60 at once", err, f.RetryAfter, time.Since(start))
		}
	})
}
