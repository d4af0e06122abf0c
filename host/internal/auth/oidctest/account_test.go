package oidctest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/auth"
	"patchbay/manifest"
)

var errConflict = errors.New("the record has changed")

// vault holds one connection's secrets.
type vault struct {
	mu       sync.Mutex
	secrets  map[string]string // guarded by mu
	revision uint64            // guarded by mu
}

func (v *vault) Get(context.Context, string) (map[string]string, uint64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secrets == nil {
		return nil, 0, fs.ErrNotExist
	}
	return maps.Clone(v.secrets), v.revision, nil
}

func (v *vault) Update(_ context.Context, _ string, secrets map[string]string, revision uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if revision != v.revision {
		return errConflict
	}
	v.secrets, v.revision = maps.Clone(secrets), v.revision+1
	return nil
}

// mutex is a lock for one process and one name.
type mutex struct{ sync.Mutex }

func (m *mutex) Lock(context.Context, string) (func(), error) {
	m.Mutex.Lock()
	return m.Unlock, nil
}

// world is one connection with its secrets, and the requests that auth has sent for it.
type world struct {
	t      *testing.T
	server *server
	auth   *auth.Auth
	acct   auth.Account
	vault  *vault

	mu    sync.Mutex
	ahead time.Duration               // guarded by mu; how far our clock is ahead
	sent  []url.Values                // guarded by mu; forms, oldest first
	edit  func(url.Values) url.Values // guarded by mu; changes forms on the way, if not nil
}

func connect(t *testing.T, s *server, method manifest.AuthMethod, fields map[string]string) *world {
	t.Helper()
	method.ID, method.Type = "oauth", "oauth2"
	method.AuthorizeURL, method.TokenURL, method.RevokeURL, method.Issuer = s.issuer+"/auth", s.issuer+"/token", s.issuer+"/token/revocation", s.issuer
	w := &world{t: t, server: s, vault: &vault{}, acct: auth.Account{Connection: "acme", Method: method, Fields: fields}}
	w.auth = auth.New(auth.Config{
		Secrets: w.vault, Lock: &mutex{}, IsConflict: func(err error) bool { return errors.Is(err, errConflict) },
		Send: w.send, Now: w.now,
	})
	t.Cleanup(w.auth.Close)
	return w
}

// code is the method of clients that a person consents to.
func code(t *testing.T, s *server, client string) *world {
	t.Helper()
	method := manifest.AuthMethod{Grant: "authorization_code", Scopes: []string{"openid", "offline_access"}, Params: map[string]string{"prompt": "consent"}}
	fields := map[string]string{"client_id": client}
	if client == "native" {
		method.ClientAuth = "none"
	} else {
		fields["client_secret"] = secret
	}
	return connect(t, s, method, fields)
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// pass moves our clock, and leaves the server's as it is.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

// web follows no redirects and keeps no connections.
var web = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (w *world) send(ctx context.Context, _ auth.Account, r abi.Request, sign func(*http.Request) error) abi.Response {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.Internal, "%v", err)}
	}
	w.mu.Lock()
	if w.edit != nil {
		form = w.edit(form)
	}
	w.sent = append(w.sent, form)
	w.mu.Unlock()
	out, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.Internal, "%v", err)}
	}
	out.Header = http.Header(r.Headers).Clone()
	if sign != nil {
		if err := sign(out); err != nil {
			return abi.Response{Fault: abi.Faultf(abi.Internal, "%v", err)}
		}
	}
	resp, err := web.Do(out)
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.Unavailable, "%v", err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.Unavailable, "%v", err)}
	}
	return abi.Response{Status: resp.StatusCode, Headers: resp.Header, Body: body}
}

// asked counts the requests of a grant type.
func (w *world) asked(grant string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, form := range w.sent {
		if form.Get("grant_type") == grant {
			n++
		}
	}
	return n
}

// consent opens the flow as a browser does and returns the callback.
func (w *world) consent(flow *auth.Flow, more string) string {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: web.Transport}
	r, err := http.NewRequestWithContext(w.t.Context(), "GET", flow.URL+more, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := browser.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	callback := w.server.callback
	if w.server.callback = ""; callback == "" {
		w.t.Fatalf("the browser ends at %s with %d %s", resp.Request.URL, resp.StatusCode, page)
	}
	return callback
}

// signIn goes through a whole consent and stores the tokens. It returns the callback.
func (w *world) signIn() string {
	w.t.Helper()
	flow, err := w.auth.Begin(w.acct, w.server.redirect)
	if err != nil {
		w.t.Fatal(err)
	}
	callback := w.consent(flow, "")
	tokens, _, err := flow.Finish(w.t.Context(), callback)
	if err != nil {
		w.t.Fatal(err)
	}
	w.keep(tokens)
	return callback
}

func (w *world) keep(tokens auth.Tokens) {
	w.t.Helper()
	secrets, revision, err := w.vault.Get(w.t.Context(), "acme")
	if errors.Is(err, fs.ErrNotExist) {
		secrets = map[string]string{}
	}
	tokens.Store(secrets)
	if err := w.vault.Update(w.t.Context(), "acme", secrets, revision); err != nil {
		w.t.Fatal(err)
	}
}

// prepare returns a credential that works.
func (w *world) prepare() *auth.Credential {
	w.t.Helper()
	c, err := w.auth.Prepare(w.t.Context(), w.acct)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// status is what the server's userinfo endpoint answers to the credential.
func (w *world) status(c *auth.Credential) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "GET", w.server.issuer+"/me", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := c.Authorize(r); err != nil {
		w.t.Fatal(err)
	}
	resp, err := web.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
