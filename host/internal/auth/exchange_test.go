package auth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/manifest"
)

// tallyfy turns an application's credentials into a token of one of its users.
var tallyfy = manifest.AuthMethod{
	ID: "application", Type: "exchange",
	Fields: []manifest.Field{{Name: "client_id", Required: true}, {Name: "client_secret", Required: true, Secret: true}, {Name: "email", Required: true}},
	Steps: []manifest.ExchangeStep{
		{Method: "POST", URL: "https://account.example/oauth/token",
			Form: map[string]string{"grant_type": "client_credentials", "client_id": "{client_id}", "client_secret": "{client_secret}", "scope": "*"},
			Save: map[string]string{"application": "/access_token"}},
		{Method: "POST", URL: "https://go.example/api/applications/{organization}/users/{email}/token",
			Headers: map[string]string{"authorization": "Bearer {application}", "X-Client": "patchbay"},
			Save:    map[string]string{"token": "/access_token", "expires_in": "/expires_in"}},
	},
}

func tallyfyAccount() Account {
	return Account{Connection: "acme", Method: tallyfy, Fields: map[string]string{"organization": "org-1", "client_id": "7", "client_secret": "s&1", "email": "ann@acme.example"}}
}

func tallyfyVendor(w *world, life any) {
	w.intercept = func(r abi.Request, s seen) *abi.Response {
		resp := reply(200, map[string]any{"access_token": "app-token", "expires_in": 604800})
		if strings.HasPrefix(s.url, "https://go.example/") {
			w.vendor.mu.Lock()
			w.issued++
			w.vendor.mu.Unlock()
			resp = reply(200, map[string]any{"access_token": "user-token", "expires_in": life})
		}
		return &resp
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		tallyfyVendor(w, 7776000)
		w.secrets.put("acme", map[string]string{"client_secret": "s&1"})
		a := w.process(t)
		c, err := a.Prepare(t.Context(), tallyfyAccount())
		if err != nil {
			t.Fatal(err)
		}
		if got := bearer(t, c); got != "Bearer user-token" || time.Until(c.Expires) != 90*24*time.Hour {
			t.Error(got, c.Expires)
		}
		first, second := w.requests[0], w.requests[1]
		want := url.Values{"grant_type": {"client_credentials"}, "client_id": {"7"}, "client_secret": {"s&1"}, "scope": {"*"}}
		if diff := cmp.Diff(want, first.form); diff != "" || first.url != "https://account.example/oauth/token" {
			t.Error(first.url, diff)
		}
		if second.url != "https://go.example/api/applications/org-1/users/ann@acme.example/token" || second.header.Get("Authorization") != "Bearer app-token" || second.header.Get("X-Client") != "patchbay" {
			t.Error(second)
		}
		for _, secret := range []string{"s&1", "app-token", "user-token", "Bearer user-token"} {
			if !contains(c.Secrets, secret) {
				t.Errorf("%q is not among the secrets %q", secret, c.Secrets)
			}
		}
		time.Sleep(70 * 24 * time.Hour)
		if _, err := a.Prepare(t.Context(), tallyfyAccount()); err != nil || w.count() != 2 {
			t.Errorf("before it is time: %v, %d requests", err, w.count())
		}
		time.Sleep(19 * 24 * time.Hour)
		if _, err := a.Prepare(t.Context(), tallyfyAccount()); err != nil || w.count() != 4 {
			t.Errorf("a new one in time: %v, %d requests", err, w.count())
		}
		if _, renewed, err := a.Renew(t.Context(), tallyfyAccount(), c); !renewed || err != nil || w.count() != 4 {
			t.Errorf("a 401 to the one before: %v %v, %d requests", renewed, err, w.count())
		}
	})
}

// Bodies in JSON, headers of the credential's own, a token that is a number, and a life that is not said.
func TestExchange_Templates(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.secrets.put("acme", map[string]string{})
	m := manifest.AuthMethod{ID: "login", Type: "exchange", Fields: []manifest.Field{{Name: "user", Required: true}, {Name: "password", Secret: true, Required: true}, {Name: "more"}},
		Headers: map[string]string{"X-Session": "{session}", "X-User": "{user}"},
		Steps: []manifest.ExchangeStep{{Method: "PUT", URL: "https://api.example/login",
			JSON: json.RawMessage(`{"user":"{user}","secrets":["{password}",{"more":"{more}"}],"days":1,"id":12345678901234567890}`), Save: map[string]string{"session": "/sessions/0/id"}}}}
	var body string
	w.intercept = func(r abi.Request, s seen) *abi.Response {
		body = r.Method + " " + string(r.Body) + " " + s.header.Get("Content-Type")
		resp := reply(201, `{"sessions":[{"id":12345678901234567890}]}`)
		return &resp
	}
	acct := Account{Connection: "acme", Method: m, Fields: map[string]string{"user": "ann", "password": "p\"w"}}
	c, err := w.process(t).Prepare(t.Context(), acct)
	if err != nil {
		t.Fatal(err)
	}
	if want := `PUT {"days":1,"id":12345678901234567890,"secrets":["p\"w",{"more":""}],"user":"ann"} application/json`; body != want {
		t.Errorf("got %s\nwant %s", body, want)
	}
	r, _ := http.NewRequest("GET", "https://api.example/", nil)
	if err := c.Authorize(r); err != nil || r.Header.Get("X-Session") != "12345678901234567890" || r.Header.Get("X-User") != "ann" || len(r.Header) != 2 {
		t.Error(r.Header, err)
	}
	if diff := cmp.Diff([]string{"X-Session", "X-User"}, c.Owned); diff != "" || !c.Expires.IsZero() {
		t.Error(diff, c.Expires)
	}
}

func TestExchange_Failures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status   int
		body     string
		want     string
		terminal bool
	}{
		{401, "canary", "step 2 of the token exchange was refused (status 401)", true},
		{404, "canary", "status 404", true},
		{422, "canary", "status 422", true},
		{409, "canary", "status 409", false},
		{429, "canary", "slow down", false},
		{500, "canary", "status 500", false},
		{302, "canary", "redirect", false},
		{200, "<html>canary", "not JSON", false},
		{200, `{"access_token":{"canary":1}}`, "no expires_in at /expires_in", false},
		{200, `{"expires_in":1}`, "no token at /access_token", false},
		{200, `{"expires_in":1,"access_token":""}`, "no token at /access_token", false},
		{200, `{"expires_in":1,"access_token":"canary canary"}`, "characters", false},
	}
	for _, tt := range tests {
		w := newWorld()
		tallyfyVendor(w, 1)
		good := w.intercept
		w.intercept = func(r abi.Request, s seen) *abi.Response {
			if strings.HasPrefix(s.url, "https://go.example/") {
				resp := reply(tt.status, tt.body)
				return &resp
			}
			return good(r, s)
		}
		_, _, err := w.process(t).Obtain(t.Context(), tallyfyAccount())
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrReconnect) != tt.terminal || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %s: %v", tt.status, tt.body, err)
		}
	}
}

func TestUnfit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field manifest.Field
		value string
		ok    bool
	}{
		{manifest.Field{Name: "x"}, "anything at all", true},
		{manifest.Field{Name: "x"}, "a\nb", false},
		{manifest.Field{Name: "x", Pattern: "[a-z]+|[0-9]"}, "abc", true},
		{manifest.Field{Name: "x", Pattern: "[a-z]+|[0-9]"}, "5abc", false},
		{manifest.Field{Name: "x", Pattern: "[a-z]+|[0-9]"}, "abc.evil", false},
		{manifest.Field{Name: "x", Pattern: "("}, "(", false},
		{manifest.Field{Name: "x", Enum: []any{"eu", "us"}}, "us", true},
		{manifest.Field{Name: "x", Enum: []any{"eu", "us"}}, "u", false},
		{manifest.Field{Name: "x", Type: "integer", Enum: []any{json.Number("7")}}, "7", true},
		{manifest.Field{Name: "x", Type: "integer"}, "7.5", false},
		{manifest.Field{Name: "x", Type: "boolean"}, "true", true},
		{manifest.Field{Name: "x", Type: "boolean"}, "yes", false},
	}
	for _, tt := range tests {
		if problem := unfit(tt.field, tt.value); (problem == "") != tt.ok {
			t.Errorf("%+v %q: %q", tt.field, tt.value, problem)
		}
	}
	if (Account{}).unfit("x", "y") == "" {
		t.Error("a feed for no field")
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	v, err := decode([]byte(`{"a":{"b/c~d":["x",{"n":1.50}]},"t":true,"o":{},"z":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{"/a/b~1c~0d/0": "x", "/a/b~1c~0d/1/n": "1.50", "/t": "true", "/o": "", "/z": "", "/nothing/x": "",
		"/a/b~1c~0d/00": "", "/a/b~1c~0d/2": "", "/a/b~1c~0d/-1": "", "": "", "/t/x": ""} {
		if got, ok := pick(v, pointer); got != want || ok != (want != "") {
			t.Errorf("%q: %q %t", pointer, got, ok)
		}
	}
}
