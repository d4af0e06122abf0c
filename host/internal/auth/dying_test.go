package auth

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
)

// dying is what a process sees that ends at one point: it never comes back from there.
type dying struct {
	*world
	at       string
	released chan struct{}

	mu   sync.Mutex
	gets int
	dead bool
}

// reached stops for ever at that point; once it has, nothing has an effect any more.
func (d *dying) reached(point string) bool {
	d.mu.Lock()
	dead := d.dead || d.at == point
	d.dead = dead
	d.mu.Unlock()
	if dead {
		<-d.released
	}
	return dead
}

func (d *dying) Get(ctx context.Context, name string) (map[string]string, uint64, error) {
	d.mu.Lock()
	d.gets++
	second := d.gets == 2 // the first one is Prepare's own, before the lock
	d.mu.Unlock()
	if second && d.reached("locked") || d.reached("") {
		return nil, 0, errDead
	}
	return d.secrets.Get(ctx, name)
}

func (d *dying) Update(ctx context.Context, name string, m map[string]string, revision uint64) error {
	if d.reached("storing") {
		return errDead
	}
	err := d.secrets.Update(ctx, name, m, revision)
	if d.reached("stored") {
		return errDead
	}
	return err
}

func (d *dying) Send(ctx context.Context, acct Account, r abi.Request, sign func(*http.Request) error) abi.Response {
	gone := abi.Response{Fault: abi.Faultf(abi.Canceled, "dead")}
	if d.reached("asking") {
		return gone
	}
	resp := d.send(ctx, acct, r, sign)
	if d.reached("answered") {
		return gone
	}
	return resp
}

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
