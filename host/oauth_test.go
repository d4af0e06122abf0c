package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/host/internal/auth"
	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/simulated"
)

// mail is a connector whose vendor is a strict authorization server. Its field is fed from the callback.
const mail = `
schema: patchbay/v1
publisher: acme
name: mail
version: 1.0.0
title: Mail
description: Sends mail.
categories: [communication]
license: MIT
guest: {package: .}
connection:
  fields:
    - {name: realm, required: true, pattern: "[0-9]+"}
  test: test
auth:
  - id: login
    type: oauth2
    grant: authorization_code
    authorize_url: https://login.mail.example/authorize
    token_url: https://login.mail.example/token
    revoke_url: https://login.mail.example/revoke
    feeds: {realm: "callback:realmId"}
  - id: machine
    type: oauth2
    grant: client_credentials
    token_url: https://login.mail.example/token
http:
  - {id: api, url: "https://login.mail.example", methods: [GET, POST], paths: [/resource]}
actions:
  - name: whoami
    title: Who am I
    description: Says whom the token stands for.
    read_only: true
    input: {type: object, additionalProperties: false}
    output: {type: object}
`

// post is a world around the mail connector, with processes that share what is stored.
type post struct {
	*world
	vendor    *oauth.Server
	processes []*Host
}

// newPost makes a world with n processes. Call it in a synctest bubble.
func newPost(t *testing.T, n int, cfg oauth.Config) *post {
	t.Helper()
	cfg.Issuer, cfg.Callback = "https://login.mail.example", map[string]string{"realmId": "9130"}
	p := &post{world: newWorld(t), vendor: oauth.New(cfg)}
	t.Cleanup(p.vendor.Close)
	p.wire = func(r *http.Request) (*http.Response, error) { return serveIn(p.vendor, r) }
	p.engine.call = askResource
	p.install(t, mail)
	for range n {
		h := p.open(t)
		h.guests = p.engine
		p.processes = append(p.processes, h)
	}
	return p
}

// open returns another host on what the world keeps.
func (p *post) open(t *testing.T) *Host {
	t.Helper()
	cfg := p.cfg
	cfg.Now = time.Now
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return h
}

// serveIn has a handler answer a request without a network.
func serveIn(h http.Handler, r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	h.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// askResource is a guest that asks the vendor whom its token stands for.
func askResource(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
	resp := do(ctx, abi.Request{Method: "GET", URL: "https://login.mail.example/resource"})
	switch {
	case resp.Fault != nil:
		return abi.Fail(resp.Fault), nil
	case resp.Failure != nil:
		return abi.Fail(resp.Failure), nil
	}
	return abi.Done(json.RawMessage(resp.Body)), nil
}

// login is a person with a browser who consents.
func (p *post) login(ctx context.Context, address string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return "", err
	}
	resp, err := serveIn(p.vendor, r)
	if err != nil {
		return "", err
	}
	if resp.Header.Get("Location") == "" {
		return "", fmt.Errorf("the vendor answered %d without sending the browser back", resp.StatusCode)
	}
	return resp.Header.Get("Location"), nil
}

func (p *post) connectBy(t *testing.T, method string) {
	t.Helper()
	c, err := p.processes[0].Connect(t.Context(), ConnectRequest{
		Connector: "mail", Auth: method, Redirect: "http://127.0.0.1:4711/callback", Visit: p.login,
		Values: map[string]string{"client_id": oauth.ClientID, "client_secret": oauth.ClientSecret, "realm": "9130"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(c.Fields["realm"]) != "9130" {
		t.Errorf("fields %v, want the realm of the callback", c.Fields)
	}
}

// TestRefresh has 200 calls in three processes at the moment when the token ends, again and again.
func TestRefresh(t *testing.T) {
	for name, method := range map[string]string{"refresh token": "login", "client credentials": "machine"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPost(t, 3, oauth.Config{AccessLife: time.Minute})
				p.connectBy(t, method)
				const rounds = 5
				for range rounds {
					time.Sleep(55 * time.Second) // due, or past it
					p.crowd(t, 200)
					time.Sleep(20 * time.Second)
				}
				if n := p.audit.count(audit.Rotate); n != rounds {
					t.Errorf("%d renewals are on record, want %d", n, rounds)
				}
				counts := p.vendor.Counts()
				kind, want := oauth.RefreshToken, rounds
				if method == "machine" {
					kind, want = oauth.ClientCredentials, rounds+1 // the first when it was connected
				}
				if counts[kind].Succeeded != want || counts[kind].Failed != 0 || len(p.vendor.Revoked()) != 0 {
					t.Errorf("%d token requests succeeded and %d failed, %d families were revoked; want %d, none and none",
						counts[kind].Succeeded, counts[kind].Failed, len(p.vendor.Revoked()), want)
				}
			})
		})
	}
}

// crowd makes n calls at once, spread over the processes. None may fail.
func (p *post) crowd(t *testing.T, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			h := p.processes[i%len(p.processes)]
			if _, err := h.Run(t.Context(), Call{Connector: "mail", Operation: "whoami"}); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// A token that the vendor ends before its time is renewed once, and the request made again.
func TestRefresh_Early(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead time.Duration
		p := newPost(t, 2, oauth.Config{Clock: func() time.Time { return time.Now().Add(ahead) }})
		p.connectBy(t, "login")
		ahead = 2 * time.Hour
		p.crowd(t, 50)
		if c := p.vendor.Counts()[oauth.RefreshToken]; c.Succeeded != 1 || c.Failed != 0 {
			t.Errorf("%+v refreshes, want one", c)
		}
	})
}

// A vendor that tells about the old token after a renewal, which may be good yet, does not tell it to the guest.
func TestRefresh_OldTokenStaysHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead time.Duration
		p := newPost(t, 1, oauth.Config{Clock: func() time.Time { return time.Now().Add(ahead) }})
		p.connectBy(t, "login")
		old := p.tokens()[0]
		ahead = 2 * time.Hour
		answer := p.wire
		p.wire = func(r *http.Request) (*http.Response, error) {
			resp, err := answer(r)
			if err == nil && r.URL.Path == "/resource" && resp.StatusCode == http.StatusOK {
				resp.Body = io.NopCloser(strings.NewReader(`{"replaces": "` + old + `"}`))
				resp.ContentLength = -1
			}
			return resp, err
		}
		r, err := p.processes[0].Run(t.Context(), Call{Connector: "mail", Operation: "whoami"})
		if err != nil || p.tokens()[0] == old || !strings.Contains(string(r.Output), "replaces") || strings.Contains(string(r.Output), old) {
			t.Errorf("the guest got %s, %v", r.Output, err)
		}
	})
}

// A connection is renamed, replaced or removed while another process renews its token.
func TestRefresh_Meanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		change func(context.Context, *post) error
		alive  string // the name that works afterwards; "" for none
	}{
		"rename": {"login", func(ctx context.Context, p *post) error {
			_, err := p.processes[0].Rename(ctx, "mail", "post")
			return err
		}, "post"},
		"disconnect": {"login", func(ctx context.Context, p *post) error { return p.processes[0].Disconnect(ctx, "mail") }, ""},
		"rename a machine's": {"machine", func(ctx context.Context, p *post) error {
			_, err := p.processes[0].Rename(ctx, "mail", "post")
			return err
		}, "post"},
		"disconnect a machine's": {"machine", func(ctx context.Context, p *post) error { return p.processes[0].Disconnect(ctx, "mail") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPost(t, 3, oauth.Config{AccessLife: time.Minute})
				p.connectBy(t, c.method)
				answer := p.wire
				p.wire = func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/token" {
						defer time.Sleep(2 * time.Second) // the vendor has done it, and the answer is on its way
					}
					return answer(r)
				}
				time.Sleep(2 * time.Minute)
				var wg sync.WaitGroup
				for i := range 2 { // one renews, the other waits for its turn
					wg.Go(func() {
						_, err := p.processes[1+i].Run(t.Context(), Call{Connector: "mail", Connection: "mail", Operation: "whoami"})
						t.Logf("the call of process %d: %v", 1+i, err)
					})
				}
				time.Sleep(time.Second)
				if err := c.change(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				wg.Wait()
				if _, kept := p.vault.All()["mail"]; kept {
					t.Error("secrets are left under the old name")
				}
				if c.alive == "" {
					return
				}
				time.Sleep(2 * time.Minute)
				if _, err := p.processes[0].Run(t.Context(), Call{Connector: "mail", Connection: c.alive, Operation: "whoami"}); err != nil {
					t.Errorf("the connection is lost: %v", err)
				}
			})
		})
	}
}

// What a vendor feeds into a secret field is sealed, and not a part of the connection that the connector sees.
func TestConnect_FedSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{})
		p.install(t, strings.NewReplacer("test: test", "  - {name: hook, secret: true, required: true}\n  test: test",
			`"callback:realmId"}`, `"callback:realmId", hook: /access_token}`).Replace(mail))
		p.connectBy(t, "login")
		c, err := p.processes[0].Connection(t.Context(), "mail")
		if _, shown := c.Fields["hook"]; err != nil || shown || p.vault.All()["mail"]["hook"] != p.tokens()[0] {
			t.Errorf("fields %v, %v; want the token in the vault alone", c.Fields, err)
		}
	})
}

// Where credentials are issued is a part of what an install allows, and on record with it.
func TestInstall_SignIns(t *testing.T) {
	w := newWorld(t)
	w.install(t, mail)
	want := "https://login.mail.example/authorize https://login.mail.example/token https://login.mail.example/revoke"
	if got := w.audit.entries[0].Detail["signs_in"]; got != want {
		t.Errorf("the audit log says %q, want %q", got, want)
	}
}

// tokens lists the access tokens in the vault.
func (p *post) tokens() (list []string) {
	for _, secrets := range p.vault.All() {
		var r struct{ Access string }
		_ = json.Unmarshal([]byte(secrets[auth.Reserved]), &r)
		list = append(list, r.Access)
	}
	return list
}

// When the vendor ends the whole consent, everybody is told, no request goes out any more, and connecting again mends it.
func TestReconnectNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 2, oauth.Config{AccessLife: time.Minute})
		p.connectBy(t, "login")
		for _, token := range p.tokens() {
			p.vendor.Revoke(token)
		}
		time.Sleep(2 * time.Minute)
		for i, h := range p.processes {
			_, err := h.Run(t.Context(), Call{Connector: "mail", Operation: "whoami"})
			if f := abi.AsFault(err); f.Code != abi.Unauthorized || !strings.Contains(f.Message, "reconnect needed") {
				t.Errorf("process %d: %v, want unauthorized with the advice to reconnect", i, err)
			}
		}
		if c := p.vendor.Counts()[oauth.RefreshToken]; c.Failed != 1 {
			t.Errorf("%d token requests were refused, want one: nobody asks again", c.Failed)
		}
		list, err := p.processes[1].Standings(t.Context(), "")
		if err != nil || len(list) != 1 || list[0].Reconnect == "" || list[0].Renews {
			t.Errorf("standings %+v, %v; want one that needs to reconnect", list, err)
		}
		if n := p.audit.count(audit.ReconnectNeeded); n == 0 {
			t.Error("the audit log does not say that the connection died")
		}
		p.connectBy(t, "login")
		p.crowd(t, 4)
		told := p.audit.count(audit.ReconnectNeeded)
		for _, token := range p.tokens() { // it dies once more, and process 1 has not been asked to connect
			p.vendor.Revoke(token)
		}
		time.Sleep(2 * time.Minute)
		_, _ = p.processes[1].Run(t.Context(), Call{Connector: "mail", Operation: "whoami"})
		if n := p.audit.count(audit.ReconnectNeeded); n != told+1 {
			t.Errorf("the audit log says %d times that the connection died, want %d", n, told+1)
		}
	})
}

// The call in which a connection turns out to be dead says so, whatever the guest makes of the vendor's answer.
func TestReconnectNeeded_AtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{})
		p.connectBy(t, "login")
		p.engine.call = func(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
			resp := do(ctx, abi.Request{Method: "GET", URL: "https://login.mail.example/resource"})
			if resp.Status == http.StatusUnauthorized {
				return abi.Fail(abi.Faultf(abi.Unauthorized, "the mail server does not know you")), nil
			}
			return abi.Done(json.RawMessage(`{}`)), nil
		}
		for _, token := range p.tokens() {
			p.vendor.Revoke(token)
		}
		_, err := p.processes[0].Run(t.Context(), Call{Connector: "mail", Operation: "whoami"})
		if codeOf(err) != abi.Unauthorized || !strings.Contains(err.Error(), "reconnect needed") {
			t.Errorf("%v, want the advice to reconnect", err)
		}
	})
}

// A vendor in trouble says nothing about the tokens: the old one is used as long as it lives.
func TestRefresh_VendorInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{AccessLife: time.Hour})
		p.connectBy(t, "login")
		p.vendor.Fail(simulated.Rule{Path: "/token", Status: 503, Times: -1})
		time.Sleep(55 * time.Minute)
		p.crowd(t, 10)
		time.Sleep(10 * time.Minute)
		_, err := p.processes[0].Run(t.Context(), Call{Connector: "mail", Operation: "whoami"})
		if f := abi.AsFault(err); f.Code != abi.Unavailable {
			t.Errorf("%v, want unavailable: the connection is not dead", err)
		}
		p.vendor.ClearFaults()
		time.Sleep(2 * time.Minute)
		p.crowd(t, 10)
	})
}

// What the vendor refuses while connecting leaves nothing behind.
func TestConnect_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{})
		for name, c := range map[string]struct {
			method string
			visit  func(context.Context, string) (string, error)
			secret string
		}{
			"wrong secret":    {"machine", nil, "wrong-secret-7391"},
			"no browser":      {"login", nil, oauth.ClientSecret},
			"person gives up": {"login", func(context.Context, string) (string, error) { return "", errors.New("gave up") }, oauth.ClientSecret},
			"state of another": {"login", func(context.Context, string) (string, error) {
				return "http://127.0.0.1:4711/callback?code=c&state=other", nil
			}, oauth.ClientSecret},
			"declined": {"login", func(ctx context.Context, a string) (string, error) {
				p.vendor.Set(func(c *oauth.Config) { c.Deny = true })
				return p.login(ctx, a)
			}, oauth.ClientSecret},
		} {
			_, err := p.processes[0].Connect(t.Context(), ConnectRequest{
				Connector: "mail", Auth: c.method, Redirect: "http://127.0.0.1:4711/callback", Visit: c.visit,
				Values: map[string]string{"client_id": oauth.ClientID, "client_secret": c.secret, "realm": "9130"},
			})
			if err == nil || strings.Contains(err.Error(), c.secret) {
				t.Errorf("%s: error %v", name, err)
			}
			if len(p.vault.All()) != 0 {
				t.Errorf("%s: something was kept", name)
			}
		}
	})
}

func TestConnect_GivenTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{})
		access, refresh := p.vendor.Issue(oauth.ClientID, "ada", "")
		for name, values := range map[string]map[string]string{
			"access token":  {"access_token": access},
			"refresh token": {"refresh_token": refresh},
		} {
			values["client_id"], values["client_secret"], values["realm"] = oauth.ClientID, oauth.ClientSecret, "1"
			c, err := p.processes[0].Connect(t.Context(), ConnectRequest{Connector: "mail", Auth: "login", Values: values})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, leaked := c.Fields["access_token"]; leaked {
				t.Errorf("%s: a token is among the fields", name)
			}
			p.crowd(t, 3)
		}
	})
}

// Removing a connection gives its tokens back.
func TestDisconnect_Revokes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{})
		p.connectBy(t, "login")
		tokens := p.tokens()
		if err := p.processes[0].Disconnect(t.Context(), "mail"); err != nil {
			t.Fatal(err)
		}
		if _, ok := p.vendor.Lookup(tokens[0]); ok {
			t.Error("the vendor still accepts the token")
		}
	})
}

func TestRenameAndRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, 1, oauth.Config{})
		p.connectBy(t, "login")
		h := p.processes[0]
		if _, err := h.Rename(t.Context(), "mail", "mail-prod"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Rename(t.Context(), "mail-prod", "Mail Prod"); err == nil {
			t.Error("a bad name was accepted")
		}
		p.crowd(t, 2)
		before := p.tokens()
		c, err := h.Rotate(t.Context(), ConnectRequest{Name: "mail-prod", Redirect: "http://127.0.0.1:4711/callback", Visit: p.login})
		if err != nil {
			t.Fatal(err)
		}
		if after := p.tokens(); len(after) != 1 || slices.Equal(before, after) {
			t.Errorf("%d tokens, want one, and a new one", len(after))
		}
		if fmt.Sprint(c.Fields["realm"]) != "9130" || c.Auth != "login" {
			t.Errorf("the connection changed with its credential: %+v", c)
		}
		p.crowd(t, 2)
		if p.audit.count(audit.Rename) != 1 || p.audit.count(audit.Replace) != 1 {
			t.Errorf("audit entries: %v", p.audit.entries)
		}
	})
}
