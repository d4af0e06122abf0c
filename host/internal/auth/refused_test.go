package auth

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

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

// A connection that nobody has signed in to says so, and sends nothing.
func TestPrepare_NobodySignedIn(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for _, stored := range []map[string]string{nil, {"client_secret": "x"}} {
		if stored != nil {
			w.secrets.put("acme", stored)
		}
		_, err := w.process(t).Prepare(t.Context(), account(codeMethod))
		if !errors.Is(err, ErrReconnect) || !strings.Contains(err.Error(), "nobody has signed in yet") || w.count() != 0 {
			t.Error(err)
		}
	}
	w.secrets.put("acme", map[string]string{Reserved: "{"})
	if _, err := w.process(t).Prepare(t.Context(), account(codeMethod)); err == nil || errors.Is(err, ErrReconnect) {
		t.Errorf("tokens that do not read: %v", err)
	}
}

// The client's proof in the form in which it is sent is a secret too: a token endpoint may echo it.
func TestPrepare_EncodedClientSecret(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.secrets.put("acme", map[string]string{})
	c, err := w.process(t).Prepare(t.Context(), account(clientMethod))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"client secret/1", strings.TrimPrefix(basic("client-1", "client+secret%2F1"), "Basic "), "access-1"} {
		if !contains(c.Secrets, secret) {
			t.Errorf("%q is not among %q", secret, c.Secrets)
		}
	}
}
