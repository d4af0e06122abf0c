package auth

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
