package auth

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/manifest"
)

// crowd lets 200 calls of each of the processes do the same at once and returns the tokens that they have afterwards.
func crowd(t *testing.T, processes []*Auth, call func(a *Auth) (*Credential, error)) map[string]int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	tokens := map[string]int{}
	for _, a := range processes {
		for range 200 {
			wg.Go(func() {
				c, err := call(a)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					tokens[err.Error()]++
					return
				}
				tokens[bearer(t, c)]++
			})
		}
	}
	wg.Wait()
	return tokens
}

// 800 calls in four processes need a new token at once, of a vendor that ends a connection whose refresh token comes twice.
func TestPrepare_OneRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method manifest.AuthMethod
		after  time.Duration
		want   string
	}{
		"due":                {codeMethod, 55 * time.Minute, "Bearer access-2"},
		"ended":              {codeMethod, 2 * time.Hour, "Bearer access-2"},
		"fresh":              {codeMethod, 40 * time.Minute, "Bearer access-1"},
		"client credentials": {clientMethod, 0, "Bearer access-1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.slow = 100 * time.Millisecond
				acct := account(tt.method)
				w.secrets.put("acme", map[string]string{"client_secret": "x"})
				requests := 1
				if tt.method.Grant == "authorization_code" {
					w.connect(t, acct)
					if strings.HasSuffix(tt.want, "1") {
						requests = 0
					}
				}
				time.Sleep(tt.after)
				processes := []*Auth{w.process(t), w.process(t), w.process(t), w.process(t)}
				tokens := crowd(t, processes, func(a *Auth) (*Credential, error) { return a.Prepare(t.Context(), acct) })
				if tokens[tt.want] != 800 || w.count() != requests || w.most > 1 {
					t.Errorf("%v after %d requests, %d at once", tokens, w.count(), w.most)
				}
			})
		})
	}
}

func TestRenew_OneRequest(t *testing.T) {
	t.Parallel()
	for _, m := range []manifest.AuthMethod{codeMethod, clientMethod} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.slow = 100 * time.Millisecond
			acct := account(m)
			w.secrets.put("acme", map[string]string{"client_secret": "x"})
			if m.Grant == "authorization_code" {
				w.connect(t, acct)
			}
			processes := []*Auth{w.process(t), w.process(t), w.process(t)}
			old, err := processes[0].Prepare(t.Context(), acct)
			if err != nil {
				t.Fatal(err)
			}
			before := w.count()
			tokens := crowd(t, processes, func(a *Auth) (*Credential, error) {
				c, renewed, err := a.Renew(t.Context(), acct, old)
				if err == nil && !renewed {
					err = errors.New("not renewed")
				}
				return c, err
			})
			if tokens["Bearer access-2"] != 600 || w.count() != before+1 {
				t.Errorf("%v after %d requests", tokens, w.count()-before)
			}
		})
	}
}

// A process dies with the lock in its hands. With a vendor that takes the refresh token before for a while no connection
// is lost; with one that does not, a lost answer is reported as what it is, without another request.
func TestRenew_HolderDies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		at       string
		strict   int  // requests in all, of a vendor without grace
		lenient  int  // with grace
		survives bool // without grace
	}{
		{"locked", 1, 1, true},
		{"asking", 1, 1, true},
		{"answered", 2, 2, false},
		{"storing", 2, 2, false},
		{"stored", 1, 1, true},
	}
	for _, tt := range tests {
		for _, grace := range []time.Duration{0, 5 * time.Minute} {
			t.Run(fmt.Sprint(tt.at, grace), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld()
					w.grace = grace
					acct := account(codeMethod)
					w.connect(t, acct)
					time.Sleep(2 * time.Hour)
					died, funeral := w.dyingProcess(tt.at)
					go func() { _, _ = died.Prepare(t.Context(), acct) }()
					synctest.Wait()

					b := w.process(t)
					c, err := b.Prepare(t.Context(), acct)
					for begun := time.Now(); err != nil && !errors.Is(err, ErrReconnect) && time.Since(begun) < 5*time.Minute; {
						time.Sleep(time.Second)
						c, err = b.Prepare(t.Context(), acct)
					}
					requests := tt.strict
					if grace > 0 {
						requests = tt.lenient
					}
					if survives := grace > 0 || tt.survives; survives != (err == nil) || !survives && !errors.Is(err, ErrReconnect) {
						t.Errorf("survives %t: %v", survives, err)
					}
					if err == nil && bearer(t, c) != "Bearer "+w.access {
						t.Errorf("%s is not the last token %s", bearer(t, c), w.access)
					}
					_, again := w.process(t).Prepare(t.Context(), acct)
					if (again == nil) != (err == nil) || w.count() != requests {
						t.Errorf("%v, then %v; %d requests, want %d", err, again, w.count(), requests)
					}
					funeral()
				})
			})
		}
	}
}

// dyingProcess returns a process that stands still for ever at one point of a renewal, and what lets its goroutines go.
func (w *world) dyingProcess(at string) (*Auth, func()) {
	released := make(chan struct{})
	d := &dying{at: at, world: w, released: released}
	a := New(Config{Secrets: d, Lock: w.locks, Send: d.Send, IsConflict: w.config().IsConflict})
	return a, func() { close(released); a.Close() }
}

var errDead = errors.New("the process is dead")
