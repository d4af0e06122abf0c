package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
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

// refusals answers every request alike.
func refusals(status int, body any) func(abi.Request, seen) *abi.Response {
	return func(abi.Request, seen) *abi.Response {
		r := reply(status, body)
		return &r
	}
}

// A vendor that is out of order for hours ends nothing: the old token is used to its end, requests become rare, and then it
// goes on.
func TestPrepare_VendorOutOfOrder(t *testing.T) {
	t.Parallel()
	answers := map[string]func(abi.Request, seen) *abi.Response{
		"500":                refusals(500, "<html>"),
		"503 invalid_grant":  refusals(503, map[string]any{"error": "invalid_grant"}),
		"429":                refusals(429, ""),
		"html 401":           refusals(401, "<html>proxy</html>"),
		"unknown code":       refusals(400, map[string]any{"error": "canary"}),
		"200 without token":  refusals(200, map[string]any{"hello": 1}),
		"not a bearer token": refusals(200, map[string]any{"access_token": "x", "token_type": "mac"}),
		"redirect":           refusals(302, ""),
		"timeout": func(abi.Request, seen) *abi.Response {
			return &abi.Response{Fault: abi.Faultf(abi.Timeout, "no answer")}
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				acct := account(codeMethod)
				w.connect(t, acct)
				a := w.process(t)
				w.intercept = answer
				begun := time.Now()
				for time.Since(begun) < 3*time.Hour {
					c, err := a.Prepare(t.Context(), acct)
					switch alive := time.Since(begun) < time.Hour; {
					case alive && (err != nil || bearer(t, c) != "Bearer access-1"):
						t.Fatalf("after %s: %v", time.Since(begun), err)
					case !alive && (err == nil || errors.Is(err, ErrReconnect)):
						t.Fatalf("after %s: %v", time.Since(begun), err)
					}
					time.Sleep(time.Second)
				}
				if n := w.count(); n < 120 || n > 150 { // from 80-90 % of the first hour, once a minute
					t.Errorf("%d requests in 3 hours", n)
				}
				w.intercept = nil
				time.Sleep(time.Minute)
				if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" {
					t.Errorf("it did not go on: %v", err)
				}
			})
		})
	}
}

func TestPrepare_RetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		a := w.process(t)
		w.secrets.put("acme", map[string]string{})
		w.intercept = func(abi.Request, seen) *abi.Response {
			r := reply(429, "")
			r.Headers["Retry-After"] = []string{"300"}
			return &r
		}
		for range 290 {
			_, err := a.Prepare(t.Context(), account(clientMethod))
			if f := abi.AsFault(err); f.Code != abi.RateLimited || f.RetryAfter < 5 || f.RetryAfter > 300 {
				t.Fatal(f.RetryAfter, err)
			}
			time.Sleep(time.Second)
		}
		if w.count() != 1 {
			t.Errorf("%d requests", w.count())
		}
	})
}

// A clear no ends the connection: for every process, at once, without another request, until somebody connects again.
func TestPrepare_Refused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid_grant", "invalid_client", "unauthorized_client", "bad_refresh_token"} {
		for _, m := range []manifest.AuthMethod{codeMethod, clientMethod} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				acct := account(m)
				w.secrets.put("acme", map[string]string{"client_secret": "x"})
				if m.Grant == "authorization_code" {
					w.connect(t, acct)
					time.Sleep(time.Hour)
				}
				w.intercept = refusals(400, map[string]any{"error": code})
				a, b := w.process(t), w.process(t)
				for _, p := range []*Auth{a, a, b, b} {
					_, err := p.Prepare(t.Context(), acct)
					f := abi.AsFault(err)
					if !errors.Is(err, ErrReconnect) || f.Code != abi.Unauthorized || !strings.Contains(f.Message, code) {
						t.Error(err)
					}
					if client := strings.Contains(f.Message, "client id or secret"); client != strings.Contains(code, "client") {
						t.Error(err)
					}
				}
				if w.count() != 1 {
					t.Errorf("%d requests", w.count())
				}
				m, _, _ := w.secrets.Get(t.Context(), "acme")
				if s, err := StatusOf(m); err != nil || !strings.Contains(s.Reconnect, code) || m["client_secret"] == "" {
					t.Errorf("%+v %v", s, err)
				}
				w.intercept, w.dead = nil, false
				w.connectAgain(t, acct)
				if c, err := b.Prepare(t.Context(), acct); err != nil || !strings.HasPrefix(bearer(t, c), "Bearer access-") {
					t.Errorf("connected again: %v", err)
				}
			})
		}
	}
}

func (w *world) connectAgain(t *testing.T, acct Account) {
	t.Helper()
	if acct.Method.Grant == "authorization_code" {
		w.connect(t, acct)
		return
	}
	tokens, _, err := w.process(t).Obtain(t.Context(), acct)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	tokens.Store(m)
	w.secrets.put(acct.Connection, m)
}

// Another process renewed in spite of the lock, as after a lease that ended: its token is used.
func TestRenew_MovedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		time.Sleep(time.Hour)
		w.intercept = func(abi.Request, seen) *abi.Response {
			w.intercept = nil
			m, _, _ := w.secrets.Get(t.Context(), "acme")
			record{Set: "other", Access: "access-other", Refresh: "r", Expires: time.Now().Add(time.Hour), Obtained: time.Now()}.write(m)
			w.secrets.put("acme", m)
			r := reply(400, map[string]any{"error": "invalid_grant"})
			return &r
		}
		if c, err := w.process(t).Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-other" {
			t.Error(err)
		}
	})
}

// The refresh token before is tried once when the present one is refused, for a minute, and not after it is proven.
func TestRenew_PreviousRefreshToken(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		wait   time.Duration
		proven bool
		tried  bool
	}{"at once": {10 * time.Second, false, true}, "late": {61 * time.Second, false, false}, "proven": {10 * time.Second, true, false}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				acct := account(codeMethod)
				w.connect(t, acct)
				time.Sleep(time.Hour)
				a := w.process(t)
				c, err := a.Prepare(t.Context(), acct)
				if err != nil {
					t.Fatal(err)
				}
				if tt.proven {
					for range 3 {
						a.Proven(t.Context(), acct, c)
					}
				}
				w.intercept = func(_ abi.Request, s seen) *abi.Response {
					if s.form.Get("refresh_token") != "refresh-1" { // the vendor has lost what it gave out last
						r := reply(400, map[string]any{"error": "invalid_grant"})
						return &r
					}
					r := reply(200, map[string]any{"access_token": "access-saved", "refresh_token": "refresh-saved"})
					return &r
				}
				time.Sleep(tt.wait)
				c, renewed, err := a.Renew(t.Context(), acct, c)
				if tt.tried && (err != nil || !renewed || bearer(t, c) != "Bearer access-saved") || !tt.tried && !errors.Is(err, ErrReconnect) {
					t.Errorf("%v %v", renewed, err)
				}
				if want := map[bool]int{true: 3, false: 2}[tt.tried]; w.count() != want {
					t.Errorf("%d requests, want %d", w.count(), want)
				}
			})
		})
	}
}

// What cannot be stored is not used, and is stored as soon as that goes, without asking the vendor twice.
func TestRenew_StoreOutOfOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		time.Sleep(time.Hour)
		a := w.process(t)
		w.secrets.update = func() error { return errors.New("disk full") }
		for range 20 {
			if c, err := a.Prepare(t.Context(), acct); err == nil || errors.Is(err, ErrReconnect) {
				t.Fatalf("%v %v", c, err)
			}
			time.Sleep(30 * time.Second)
		}
		w.secrets.update = nil
		time.Sleep(time.Minute)
		if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" || w.count() != 1 {
			t.Errorf("%v after %d requests", err, w.count())
		}
	})
}

// A change of another secret during a renewal stays, and a connection that was made anew is not overwritten.
func TestRenew_Conflicts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		time.Sleep(time.Hour)
		changed := false
		w.secrets.update = func() error {
			if !changed {
				changed = true
				m, _, _ := w.secrets.Get(t.Context(), "acme")
				m["other"] = "typed meanwhile"
				w.secrets.put("acme", m)
			}
			return nil
		}
		c, err := w.process(t).Prepare(t.Context(), acct)
		m, _, _ := w.secrets.Get(t.Context(), "acme")
		if err != nil || bearer(t, c) != "Bearer access-2" || m["other"] == "" || !strings.Contains(m[Reserved], "access-2") {
			t.Errorf("%v %v", err, m)
		}
		time.Sleep(time.Hour)
		w.secrets.update = func() error {
			w.secrets.update = nil
			m := map[string]string{}
			record{Set: "new", Access: "access-new"}.write(m)
			w.secrets.put("acme", m)
			return nil
		}
		if c, err = w.process(t).Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-new" {
			t.Errorf("connected again meanwhile: %v", err)
		}
	})
}

// Vendors differ in what they give and how often.
func TestPrepare_Vendors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		set      func(v *vendor)
		requests int // in 10 hours
		ends     bool
	}{
		"rotating":              {func(*vendor) {}, 12, false},
		"fixed":                 {func(v *vendor) { v.fixed = true }, 12, false},
		"fixed and silent":      {func(v *vendor) { v.fixed = true }, 12, false},
		"life as text":          {func(v *vendor) { v.life = "3600" }, 12, false},
		"without an end":        {func(v *vendor) { v.life = nil }, 0, false},
		"a life of nothing":     {func(v *vendor) { v.life = 0 }, 0, false},
		"without refresh token": {func(v *vendor) { v.silent = true }, 0, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				tt.set(w.vendor)
				acct := account(codeMethod)
				w.connect(t, acct)
				w.silent = w.silent || name == "fixed and silent"
				a, begun := w.process(t), time.Now()
				for time.Since(begun) < 10*time.Hour {
					c, err := a.Prepare(t.Context(), acct)
					if over := tt.ends && time.Since(begun) >= time.Hour; over != errors.Is(err, ErrReconnect) || !over && err != nil {
						t.Fatalf("after %s: %v", time.Since(begun), err)
					}
					if err == nil && !c.Expires.IsZero() && !time.Now().Before(c.Expires) {
						t.Fatal("a token after its end")
					}
					time.Sleep(time.Minute)
				}
				if n := w.count(); n > tt.requests || n < tt.requests-2 {
					t.Errorf("%d requests in 10 hours", n)
				}
				if n, err := a.Prepare(t.Context(), acct); err == nil && tt.requests == 0 && !tt.ends && w.life == nil {
					c, renewed, err := a.Renew(t.Context(), acct, n)
					if !renewed || err != nil || bearer(t, c) != "Bearer access-2" {
						t.Errorf("after a 401: %v %v", renewed, err)
					}
				}
			})
		})
	}
}

// Without a refresh token there is nothing to renew after a 401, and nobody is called dead for it.
func TestRenew_NothingToRenew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.silent = true
		acct := account(codeMethod)
		w.connect(t, acct)
		a := w.process(t)
		c, err := a.Prepare(t.Context(), acct)
		if err != nil {
			t.Fatal(err)
		}
		if fresh, renewed, err := a.Renew(t.Context(), acct, c); fresh != nil || renewed || err != nil {
			t.Error(fresh, renewed, err)
		}
		if _, err := a.Prepare(t.Context(), acct); err != nil || w.count() != 0 {
			t.Error(err, w.count())
		}
	})
}

// Processes whose clocks are five minutes apart neither fail nor ask more often than one of them would.
func TestPrepare_ClockSkew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		var processes []*Auth
		for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
			cfg := w.config()
			cfg.Now = func() time.Time { return time.Now().Add(skew) }
			a := New(cfg)
			t.Cleanup(a.Close)
			processes = append(processes, a)
		}
		begun, ends := time.Now(), time.Now().Add(time.Hour)
		for time.Since(begun) < 10*time.Hour {
			for _, a := range processes {
				before := w.count()
				c, err := a.Prepare(t.Context(), acct)
				if err != nil {
					t.Fatal(err)
				}
				if w.count() > before {
					ends = time.Now().Add(time.Hour)
				}
				if bearer(t, c) != "Bearer "+w.access || !time.Now().Before(ends) {
					t.Fatalf("%s after %s", bearer(t, c), time.Since(begun))
				}
			}
			time.Sleep(time.Minute)
		}
		if n := w.count(); n < 10 || n > 15 {
			t.Errorf("%d requests in 10 hours", n)
		}
	})
}

// A vendor that takes 14 seconds: calls go on with the old token after three, and wait for the new one when there is none.
func TestPrepare_SlowVendor(t *testing.T) {
	t.Parallel()
	for _, alive := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			acct := account(codeMethod)
			w.connect(t, acct)
			w.slow = 14 * time.Second
			time.Sleep(map[bool]time.Duration{true: 55 * time.Minute, false: 2 * time.Hour}[alive])
			a, b := w.process(t), w.process(t)
			want := map[bool]string{true: "Bearer access-1", false: "Bearer access-2"}[alive]
			begun := time.Now()
			if tokens := crowd(t, []*Auth{a, b}, func(a *Auth) (*Credential, error) { return a.Prepare(t.Context(), acct) }); tokens[want] != 400 {
				t.Error(tokens)
			}
			if took := time.Since(begun); alive && took > 3*time.Second || took > 15*time.Second {
				t.Error(took)
			}
			a.Close()
			b.Close()
			if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" || w.count() != 1 {
				t.Errorf("%v, %d requests", err, w.count())
			}
		})
	}
}

// A token that is renewed under a call's hands, whose time is up: the answer is stored all the same.
func TestPrepare_CallEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		w.slow = 5 * time.Second
		time.Sleep(2 * time.Hour)
		a := w.process(t)
		ctx, cancel := contextWithTimeout(t, time.Second)
		defer cancel()
		if _, err := a.Prepare(ctx, acct); abi.AsFault(err).Code != abi.Timeout {
			t.Error(err)
		}
		a.Close()
		if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" || w.count() != 1 {
			t.Errorf("%v, %d requests", err, w.count())
		}
	})
}

func TestPrepare_TwoConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		a := w.process(t)
		one, two := account(clientMethod), account(clientMethod)
		two.Connection = "beta"
		for _, acct := range []Account{one, two} {
			w.secrets.put(acct.Connection, map[string]string{})
			if c, err := a.Prepare(t.Context(), acct); err != nil || !strings.HasPrefix(bearer(t, c), "Bearer ") {
				t.Error(err)
			}
		}
		if w.count() != 2 {
			t.Errorf("two connections to one account shared a token: %d requests", w.count())
		}
		h := http.Header{"Authorization": {basic("client-1", "client+secret%2F1")}}
		if got := w.requests[0].header.Get("Authorization"); got != h.Get("Authorization") {
			t.Errorf("client proof %q", got)
		}
	})
}

// The scopes that were granted stay what they are when a renewal does not name them.
func TestRenew_KeepsScopes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.extra = map[string]any{"scope": "read"}
		w.connect(t, acct)
		w.extra = nil
		time.Sleep(time.Hour)
		if _, err := w.process(t).Prepare(t.Context(), acct); err != nil || w.count() != 1 {
			t.Fatal(err)
		}
		m, _, _ := w.secrets.Get(t.Context(), "acme")
		if s, err := StatusOf(m); err != nil || fmt.Sprint(s.Scopes) != "[read]" || !s.Tokens || s.Reconnect != "" || s.Expires.IsZero() {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestObtain_NoRefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := clientMethod
	m.Audience = "https://{client_id}"
	tokens, _, err := w.process(t).Obtain(t.Context(), account(m))
	if form := w.requests[0].form; err != nil || tokens.Lasting() || form.Get("audience") != "https://client-1" || form.Get("scope") != "read" {
		t.Error(err, tokens.Lasting(), form)
	}
	if _, _, err := w.process(t).Obtain(t.Context(), account(codeMethod)); err == nil {
		t.Error("a token without a person")
	}
}

// The waits between failures grow, and a success makes them short again.
func TestPrepare_BackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.secrets.put("acme", map[string]string{})
		w.life = 1
		a, acct := w.process(t), account(clientMethod)
		fails := refusals(500, "")
		failures := func(seconds int) int {
			before := w.count()
			w.intercept = fails
			for range seconds {
				_, _ = a.Prepare(t.Context(), acct)
				time.Sleep(time.Second)
			}
			return w.count() - before
		}
		if n := failures(200); n != 9 { // after 0 1 3 7 15 31 63 123 and 183 seconds
			t.Errorf("%d requests", n)
		}
		w.intercept = nil
		time.Sleep(time.Minute)
		if _, err := a.Prepare(t.Context(), acct); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := failures(3); n != 2 {
			t.Errorf("%d requests in the three seconds after a success", n)
		}
	})
}

// A call joins a renewal that was for an older token than its own: it needs one of its own.
func TestRenew_JoinsAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		a := w.process(t)
		one, err := a.Prepare(t.Context(), acct)
		if err != nil {
			t.Fatal(err)
		}
		unlock, _ := w.locks.Lock(t.Context(), "auth/acme")
		var wg sync.WaitGroup
		renew := func(c *Credential, want string) {
			wg.Go(func() {
				got, renewed, err := a.Renew(t.Context(), acct, c)
				if err != nil || !renewed || bearer(t, got) != want {
					t.Errorf("want %s: %v %v", want, renewed, err)
				}
			})
			synctest.Wait()
		}
		renew(one, "Bearer access-other")
		m, _, _ := w.secrets.Get(t.Context(), "acme")
		record{Set: "other", Access: "access-other", Refresh: "refresh-1"}.write(m)
		w.secrets.put("acme", m)
		renew(&Credential{set: "other"}, "Bearer access-2")
		unlock()
		wg.Wait()
	})
}

// The share of its life after which a token is renewed lies between 80 and 90 %, evenly.
func TestDue_Spread(t *testing.T) {
	t.Parallel()
	now := time.Now()
	due := 0
	for range 1000 {
		r := record{Set: newSet(), Access: "a", Obtained: now, Expires: now.Add(1000 * time.Second)}
		if r.due(now.Add(799*time.Second)) || !r.due(now.Add(900*time.Second)) {
			t.Fatal(r.Set)
		}
		if r.due(now.Add(850 * time.Second)) {
			due++
		}
	}
	if due < 400 || due > 600 {
		t.Errorf("%d of 1000 in the middle", due)
	}
}

// A 401 to an old token while the stored one has ended too: that one does not do either.
func TestRenew_StoredEndedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		a := w.process(t)
		old, err := a.Prepare(t.Context(), acct)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if _, err := w.process(t).Prepare(t.Context(), acct); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		if c, renewed, err := a.Renew(t.Context(), acct, old); err != nil || !renewed || bearer(t, c) != "Bearer access-3" || w.count() != 2 {
			t.Errorf("%v %v, %d requests", renewed, err, w.count())
		}
	})
}
