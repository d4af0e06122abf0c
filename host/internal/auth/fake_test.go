package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// vendor is an authorization server in memory. The zero value of each switch is the friendly, rotating one.
type vendor struct {
	mu       sync.Mutex // guards what follows
	issued   int
	refresh  string               // the one that is valid now
	earlier  map[string]time.Time // those before, and until when they work
	access   string
	dead     bool // a refresh token was used twice
	requests []seen
	busy     int // requests at this moment
	most     int // of them at once

	fixed     bool                                      // the refresh token is not rotated
	silent    bool                                      // and not repeated in the answer
	grace     time.Duration                             // how long a refresh token works after it was replaced or used
	life      any                                       // expires_in; nil: left out
	slow      time.Duration                             // before it answers
	intercept func(r abi.Request, s seen) *abi.Response // answers instead, unless it returns nil
	extra     map[string]any                            // more in each answer
}

// seen is one request.
type seen struct {
	url    string
	form   url.Values
	header http.Header
}

func (v *vendor) send(ctx context.Context, _ Account, r abi.Request, sign func(*http.Request) error) abi.Response {
	h, err := http.NewRequest(r.Method, r.URL, nil)
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.InvalidInput, "not a URL")}
	}
	maps.Copy(h.Header, r.Headers)
	if sign != nil {
		if err := sign(h); err != nil {
			return abi.Response{Fault: abi.AsFault(err)}
		}
	}
	form, _ := url.ParseQuery(string(r.Body))
	s := seen{r.URL, form, h.Header}
	v.mu.Lock()
	v.requests = append(v.requests, s)
	v.busy++
	v.most = max(v.most, v.busy)
	slow, intercept := v.slow, v.intercept
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.busy--
		v.mu.Unlock()
	}()
	if slow > 0 {
		wait(ctx, slow)
		if ctx.Err() != nil {
			return abi.Response{Fault: abi.Faultf(abi.Timeout, "no answer in time")}
		}
	}
	if intercept != nil {
		if resp := intercept(r, s); resp != nil {
			return *resp
		}
	}
	return v.answer(form)
}

func (v *vendor) answer(form url.Values) abi.Response {
	v.mu.Lock()
	defer v.mu.Unlock()
	if form.Get("grant_type") == "refresh_token" {
		used := form.Get("refresh_token")
		late := time.Now().Before(v.earlier[used])
		if v.dead || used != v.refresh && !late {
			v.dead = true // as RFC 9700 section 4.14.2 wants it
			return reply(400, map[string]any{"error": "invalid_grant", "error_description": "canary-description"})
		}
	}
	v.issued++
	v.access = fmt.Sprintf("access-%d", v.issued)
	out := map[string]any{"access_token": v.access, "token_type": "bearer"}
	if v.life != nil {
		out["expires_in"] = v.life
	}
	if !v.fixed || v.refresh == "" {
		if v.earlier == nil {
			v.earlier = map[string]time.Time{}
		}
		v.earlier[v.refresh] = time.Now().Add(v.grace)
		v.refresh = fmt.Sprintf("refresh-%d", v.issued)
	}
	if !v.silent {
		out["refresh_token"] = v.refresh
	}
	maps.Copy(out, v.extra)
	return reply(200, out)
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.requests)
}

func reply(status int, body any) abi.Response {
	text, _ := json.Marshal(body)
	if s, ok := body.(string); ok {
		text = []byte(s)
	}
	return abi.Response{Status: status, Body: text, Headers: map[string][]string{}}
}

var errStale = errors.New("stale revision")

// secrets is a [Secrets] in memory.
type secrets struct {
	mu      sync.Mutex
	records map[string]map[string]string
	rev     map[string]uint64
	update  func() error // runs before each Update; an error is its answer
}

func newSecrets() *secrets {
	return &secrets{records: map[string]map[string]string{}, rev: map[string]uint64{}}
}

func (s *secrets) Get(_ context.Context, name string) (map[string]string, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.records[name]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return maps.Clone(m), s.rev[name], nil
}

func (s *secrets) Update(_ context.Context, name string, m map[string]string, revision uint64) error {
	s.mu.Lock()
	update := s.update
	s.mu.Unlock()
	if update != nil {
		if err := update(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rev[name] != revision {
		return errStale
	}
	s.records[name], s.rev[name] = maps.Clone(m), revision+1
	return nil
}

func (s *secrets) put(name string, m map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[name], s.rev[name] = maps.Clone(m), s.rev[name]+1
}

// locks is a [Lock] in memory, whose leases end after a minute.
type locks struct {
	mu   sync.Mutex
	held map[string]*lease
}

type lease struct{ ends time.Time }

func (l *locks) Lock(ctx context.Context, name string) (func(), error) {
	for {
		l.mu.Lock()
		old := l.held[name]
		if old == nil || time.Now().After(old.ends) {
			mine := &lease{time.Now().Add(time.Minute)}
			l.held[name] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				if l.held[name] == mine {
					delete(l.held, name)
				}
			}, nil
		}
		l.mu.Unlock()
		if wait(ctx, 20*time.Millisecond); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// world is a vendor, a store and processes that share it.
type world struct {
	*vendor
	secrets *secrets
	locks   *locks
}

func newWorld() *world {
	return &world{&vendor{life: 3600}, newSecrets(), &locks{held: map[string]*lease{}}}
}

func (w *world) config() Config {
	return Config{Secrets: w.secrets, Lock: w.locks, Send: w.send, IsConflict: func(err error) bool { return errors.Is(err, errStale) }}
}

// process returns an Auth as another process has it.
func (w *world) process(t *testing.T) *Auth {
	a := New(w.config())
	t.Cleanup(a.Close)
	return a
}

const callbackURL = "http://127.0.0.1:8080/callback"

var codeMethod = manifest.AuthMethod{ID: "code", Type: "oauth2", Grant: "authorization_code", AuthorizeURL: "https://login.example/authorize",
	TokenURL: "https://login.example/token", RevokeURL: "https://login.example/revoke", Scopes: []string{"read", "write"}}

var clientMethod = manifest.AuthMethod{ID: "client", Type: "oauth2", Grant: "client_credentials", TokenURL: "https://login.example/token", Scopes: []string{"read"}}

func account(m manifest.AuthMethod) Account {
	return Account{Connection: "acme", Method: m, Fields: map[string]string{"client_id": "client-1", "client_secret": "client secret/1"}}
}

// connect goes through the consent, and stores what came of it.
func (w *world) connect(t *testing.T, acct Account) {
	t.Helper()
	a := New(w.config())
	f, err := a.Begin(acct, callbackURL)
	if err != nil {
		t.Fatal(err)
	}
	tokens, _, err := f.Finish(t.Context(), callbackURL+"?code=c-1&state="+f.State)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{"client_secret": acct.Fields["client_secret"]}
	tokens.Store(m)
	w.secrets.put(acct.Connection, m)
	w.vendor.mu.Lock()
	w.requests = nil
	w.vendor.mu.Unlock()
}

// bearer returns the token that the credential puts on a request.
func bearer(t testing.TB, c *Credential) string {
	t.Helper()
	r, _ := http.NewRequest("GET", "https://api.example/", nil)
	if err := c.Authorize(r); err != nil {
		t.Error(err)
	}
	return r.Header.Get("Authorization")
}
