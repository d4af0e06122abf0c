package oidctest_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"patchbay/host/internal/auth"
	"patchbay/manifest"
)

func TestOIDC(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, test := range map[string]func(*testing.T, *server){
		"consent": consent, "issuer": issuer, "denied": denied, "rotation": rotation, "stampede": stampede,
		"code replay": codeReplay, "refresh token reuse": reuse, "wrong verifier": wrongVerifier, "revoked": revoked, "machine": machine,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

func consent(t *testing.T, s *server) {
	for _, client := range []string{"confidential", "native"} {
		w := code(t, s, client)
		callback := w.signIn()
		if !strings.Contains(callback, "&iss=") {
			t.Errorf("%s: the callback %s has no iss", client, callback)
		}
		if c := w.prepare(); w.status(c) != 200 || w.asked("refresh_token") != 0 {
			t.Errorf("%s: the token is answered %d after %d renewals", client, w.status(c), w.asked("refresh_token"))
		}
	}
}

// A callback of another issuer is refused before the code goes anywhere.
func issuer(t *testing.T, s *server) {
	w := code(t, s, "native")
	flow, err := w.auth.Begin(w.acct, s.redirect)
	if err != nil {
		t.Fatal(err)
	}
	callback := strings.Replace(w.consent(flow, ""), "&iss=", "&iss=x", 1)
	if _, _, err := flow.Finish(t.Context(), callback); err == nil || w.asked("authorization_code") != 0 {
		t.Errorf("another issuer: %v, %d requests", err, w.asked("authorization_code"))
	}
}

func denied(t *testing.T, s *server) {
	w := code(t, s, "native")
	flow, err := w.auth.Begin(w.acct, s.redirect)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := flow.Finish(t.Context(), w.consent(flow, "&login_hint=nobody")); err == nil || !strings.Contains(err.Error(), "declined") {
		t.Errorf("got %v", err)
	}
}

// Each renewal uses the refresh token of the one before.
func rotation(t *testing.T, s *server) {
	w := code(t, s, "confidential")
	w.signIn()
	before := w.prepare()
	used := map[string]bool{}
	for i := range 3 {
		w.pass(life)
		after := w.prepare()
		if w.status(after) != 200 || w.asked("refresh_token") != i+1 {
			t.Fatalf("renewal %d: answered %d after %d requests", i+1, w.status(after), w.asked("refresh_token"))
		}
		if after == before {
			t.Error("the credential is the old one")
		}
		w.auth.Proven(t.Context(), w.acct, after)
		before = after
		used[w.last().Get("refresh_token")] = true
	}
	if len(used) != 3 {
		t.Errorf("%d refresh tokens were used, want 3", len(used))
	}
	fresh, renewed, err := w.auth.Renew(t.Context(), w.acct, before)
	if err != nil || !renewed || w.status(fresh) != 200 || w.asked("refresh_token") != 4 {
		t.Errorf("renewed %v: %v, %d requests", renewed, err, w.asked("refresh_token"))
	}
}

// last is the form that was sent last.
func (w *world) last() url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent[len(w.sent)-1]
}

// Twenty who need a new token at once make one request, whether they ask before or after a 401.
func stampede(t *testing.T, s *server) {
	w := code(t, s, "native")
	w.signIn()
	old := w.prepare()
	w.pass(life)
	for name, get := range map[string]func() (*auth.Credential, error){
		"prepare": func() (*auth.Credential, error) { return w.auth.Prepare(t.Context(), w.acct) },
		"renew": func() (*auth.Credential, error) {
			c, _, err := w.auth.Renew(t.Context(), w.acct, old)
			return c, err
		},
	} {
		old = w.prepare()
		before := w.asked("refresh_token")
		if name == "prepare" {
			w.pass(life)
		}
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				c, err := get()
				if err != nil {
					t.Errorf("%s: %v", name, err)
				} else if status := w.status(c); status != 200 {
					t.Errorf("%s: the new token is answered %d", name, status)
				}
			})
		}
		group.Wait()
		if got := w.asked("refresh_token") - before; got != 1 {
			t.Errorf("%s: %d requests, want 1", name, got)
		}
	}
}

// again sends the form that was sent last once more, as a thief would.
func (w *world) again(form url.Values) int {
	w.t.Helper()
	resp, err := web.PostForm(w.server.issuer+"/token", form)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// A code that is used again is refused and ends the connection, which then says so without another request.
func codeReplay(t *testing.T, s *server) {
	w := code(t, s, "native")
	w.signIn()
	c := w.prepare()
	if status := w.again(w.last()); status != 400 {
		t.Fatalf("the code is answered %d the second time", status)
	}
	w.dead(c)
}

// So does a refresh token.
func reuse(t *testing.T, s *server) {
	w := code(t, s, "native")
	w.signIn()
	w.pass(life)
	c := w.prepare()
	if status := w.again(w.last()); status != 400 {
		t.Fatalf("the refresh token is answered %d the second time", status)
	}
	w.dead(c)
}

// dead checks that the connection needs its owner.
func (w *world) dead(c *auth.Credential) {
	w.t.Helper()
	if status := w.status(c); status != 401 {
		w.t.Errorf("the access token is answered %d", status)
	}
	if _, renewed, err := w.auth.Renew(w.t.Context(), w.acct, c); renewed || !errors.Is(err, auth.ErrReconnect) {
		w.t.Errorf("renewed %v: %v, want ErrReconnect", renewed, err)
	}
	sent := w.asked("refresh_token")
	if _, err := w.auth.Prepare(w.t.Context(), w.acct); !errors.Is(err, auth.ErrReconnect) || w.asked("refresh_token") != sent {
		w.t.Errorf("prepared: %v after %d more requests", err, w.asked("refresh_token")-sent)
	}
}

func wrongVerifier(t *testing.T, s *server) {
	w := code(t, s, "native")
	w.edit = func(form url.Values) url.Values {
		form.Set("code_verifier", strings.Repeat("x", 43))
		return form
	}
	flow, err := w.auth.Begin(w.acct, s.redirect)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := flow.Finish(t.Context(), w.consent(flow, "")); !errors.Is(err, auth.ErrReconnect) || w.asked("authorization_code") != 1 {
		t.Errorf("got %v after %d requests", err, w.asked("authorization_code"))
	}
}

func revoked(t *testing.T, s *server) {
	w := code(t, s, "confidential")
	w.signIn()
	c := w.prepare()
	if err := w.auth.Revoke(t.Context(), w.acct); err != nil {
		t.Fatal(err)
	}
	w.dead(c)
}

// A client gets a token of its own with an assertion, whatever the kind of its key.
func machine(t *testing.T, s *server) {
	for id, key := range map[string]string{"ec": s.ec, "rsa": s.rsa} {
		method := manifest.AuthMethod{Grant: "client_credentials", ClientAuth: "private_key_jwt"}
		w := connect(t, s, method, map[string]string{"client_id": "machine", "key_id": id, "private_key": key})
		tokens, _, err := w.auth.Obtain(t.Context(), w.acct)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		w.keep(tokens)
		before := w.prepare()
		w.pass(life)
		if after := w.prepare(); w.asked("client_credentials") != 2 || len(after.Secrets) == 0 || after == before {
			t.Errorf("%s: %d requests", id, w.asked("client_credentials"))
		}
		w.acct.Fields["private_key"] = map[string]string{"ec": s.rsa, "rsa": s.ec}[id]
		if _, _, err := w.auth.Obtain(t.Context(), w.acct); !errors.Is(err, auth.ErrReconnect) {
			t.Errorf("%s with the other's key: %v", id, err)
		}
	}
}
