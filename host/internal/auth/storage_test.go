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

// Tokens that somebody has already: a refresh token alone is used for the first access token.
func TestGiven(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method          manifest.AuthMethod
		access, refresh string
		want            string
		renews          bool
	}{
		{codeMethod, "", "refresh-1", "Bearer access-2", true},
		{codeMethod, "pasted", "", "Bearer pasted", false},
		{codeMethod, "pasted", "refresh-1", "Bearer pasted", true},
		{tallyfy, "pasted", "", "Bearer pasted", true},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.connect(t, account(codeMethod))
			a, acct, m := w.process(t), account(tt.method), map[string]string{}
			a.Given(acct, tt.access, tt.refresh).Store(m)
			w.secrets.put("acme", m)
			if got := Renews(acct, m); got != tt.renews {
				t.Errorf("%+v: renews %t", tt, got)
			}
			if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != tt.want {
				t.Errorf("%+v: %v", tt, err)
			}
		})
	}
}
