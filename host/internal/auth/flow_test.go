package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/manifest"
)

func TestBegin_URL(t *testing.T) {
	t.Parallel()
	m := codeMethod
	m.AuthorizeURL = "https://{account|dashes|lower}.app.example/authorize"
	m.Params, m.Audience = map[string]string{"prompt": "login now"}, "https://{account|lower}"
	acct := account(m)
	acct.Fields["account"] = "12_SB1"
	f, err := New(Config{}).Begin(acct, callbackURL)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(f.URL)
	if err != nil || strings.Contains(u.RawQuery, "+") {
		t.Fatal(f.URL)
	}
	q := u.Query()
	sum := sha256.Sum256([]byte(f.verifier))
	want := url.Values{"response_type": {"code"}, "client_id": {"client-1"}, "redirect_uri": {callbackURL}, "scope": {"read write"}, "state": {f.State},
		"prompt": {"login now"}, "audience": {"https://12_sb1"}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}
	if diff := cmp.Diff(want, q); diff != "" || u.Host != "12-sb1.app.example" || len(f.State) != 43 || len(f.verifier) != 43 {
		t.Error(u.Host, diff)
	}
	other, _ := New(Config{}).Begin(acct, callbackURL)
	if other.State == f.State || other.verifier == f.verifier {
		t.Error("two flows are alike")
	}
	no := false
	acct.Method.PKCE = &no
	if f, _ = New(Config{}).Begin(acct, callbackURL); strings.Contains(f.URL, "challenge") || f.verifier != "" {
		t.Error(f.URL)
	}
}

func TestBegin_Redirect(t *testing.T) {
	t.Parallel()
	good := []string{"https://host.example/oauth/callback", "http://127.0.0.1:4711/callback", "http://localhost/x", "http://[::1]:80/"}
	bad := []string{"", "http://host.example/callback", "callback", "https://u@host.example/", "https://host.example/?x=1", "https://host.example/#x", "https://host.example/?", "ftp://127.0.0.1/", "http://127.0.0.1.evil.example/"}
	for _, redirect := range append(good, bad...) {
		_, err := New(Config{}).Begin(account(codeMethod), redirect)
		if want := len(redirect) > 0 && contains(good, redirect); (err == nil) != want {
			t.Errorf("%q: %v", redirect, err)
		}
	}
	if _, err := New(Config{}).Begin(account(clientMethod), callbackURL); err == nil {
		t.Error("client credentials have no consent")
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func TestFinish(t *testing.T) {
	t.Parallel()
	issuer := codeMethod
	issuer.Issuer = "https://login.example/"
	feeding := codeMethod
	feeding.TokenURL = "https://{account|dashes|lower}.api.example/token"
	feeding.Feeds = map[string]string{"account": "callback:company", "instance": "/instance/url", "absent": "/nothing"}
	tests := []struct {
		name     string
		method   manifest.AuthMethod
		callback string // {state} is the flow's
		wantErr  string // empty: tokens
		requests int
	}{
		{"whole URL", codeMethod, callbackURL + "?code=c-1&state={state}", "", 1},
		{"query", codeMethod, "code=c-1&state={state}", "", 1},
		{"question mark", codeMethod, "?code=c-1&state={state}", "", 1},
		{"other parameters", codeMethod, "code=c-1&state={state}&role=3&u=https://x", "", 1},
		{"fragment", codeMethod, callbackURL + "?code=c-1&state={state}#_=_", "", 1},
		{"no state", codeMethod, "code=c-1", "does not belong to this consent", 0},
		{"another state", codeMethod, "code=c-1&state=x", "does not belong to this consent", 0},
		{"state twice", codeMethod, "code=c-1&state={state}&state=x", "parameter twice", 0},
		{"code twice", codeMethod, "code=c-1&state={state}&code=c-2", "parameter twice", 0},
		{"address suffix", codeMethod, callbackURL + "/x?code=c-1&state={state}", "another address", 0},
		{"other address", codeMethod, "http://127.0.0.1:9/callback?code=c-1&state={state}", "another address", 0},
		{"not a query", codeMethod, "code=%zz&state={state}", "does not parse", 0},
		{"control character", codeMethod, "code=%00&state={state}", "control character", 0},
		{"long", codeMethod, "state={state}&code=" + strings.Repeat("x", 20000), "longer than 16 KiB", 0},
		{"no code", codeMethod, "state={state}", "neither a code nor an error", 0},
		{"declined", codeMethod, "error=access_denied&error_description=canary&state={state}", "declined (access_denied)", 0},
		{"later", codeMethod, "error=temporarily_unavailable&state={state}", "come back later", 0},
		{"bad scope", codeMethod, "error=invalid_scope&state={state}", "invalid_scope", 0},
		{"unknown error", codeMethod, "error=canary&state={state}", "without a reason that is known", 0},
		{"iss of the same origin", codeMethod, "code=c-1&state={state}&iss=https://login.example/tenant", "", 1},
		{"iss of another", codeMethod, "code=c-1&state={state}&iss=https://evil.example", "another authorization server", 0},
		{"iss empty", codeMethod, "code=c-1&state={state}&iss=", "another authorization server", 0},
		{"iss by a trick", codeMethod, "code=c-1&state={state}&iss=https://login.example@evil.example", "another authorization server", 0},
		{"iss of another, with an error", codeMethod, "error=access_denied&state={state}&iss=https://evil.example", "another authorization server", 0},
		{"issuer", issuer, "code=c-1&state={state}&iss=https://login.example/", "", 1},
		{"issuer missing", issuer, "code=c-1&state={state}", "another authorization server", 0},
		{"issuer almost", issuer, "code=c-1&state={state}&iss=https://login.example", "another authorization server", 0},
		{"feeds", feeding, "code=c-1&state={state}&company=12_SB1", "", 1},
		{"feed that is not fit", feeding, "code=c-1&state={state}&company=evil.example/", "for the field account does not match", 0},
		{"feed of the answer that is not fit", feeding, "code=wrong-instance&state={state}&company=12_SB1", "for the field instance is not one", 1},
		{"feed missing", feeding, "code=c-1&state={state}", "token_url: field \"account\" has no value", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.extra = map[string]any{"scope": "read", "instance": map[string]any{"url": "eu"}}
			w.intercept = func(_ abi.Request, s seen) *abi.Response {
				if s.form.Get("code") == "wrong-instance" {
					w.extra["instance"] = map[string]any{"url": "evil"}
				}
				return nil
			}
			acct := account(tt.method)
			acct.Declared = []manifest.Field{{Name: "account", Pattern: "[0-9A-Za-z_-]+"}, {Name: "instance", Enum: []any{"eu", "us"}}, {Name: "absent"}}
			f, err := w.process(t).Begin(acct, callbackURL)
			if err != nil {
				t.Fatal(err)
			}
			tokens, feeds, err := f.Finish(t.Context(), strings.ReplaceAll(tt.callback, "{state}", f.State))
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "evil") {
					t.Error(err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if w.count() != tt.requests {
				t.Errorf("%d requests", w.count())
			}
			if tt.wantErr != "" {
				return
			}
			form := w.requests[0].form
			want := url.Values{"grant_type": {"authorization_code"}, "code": {"c-1"}, "redirect_uri": {callbackURL}, "code_verifier": {f.verifier}}
			if diff := cmp.Diff(want, form); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"write"}, tokens.Missing()); diff != "" || !tokens.Lasting() || tokens.Expires().IsZero() {
				t.Error(diff, tokens.Lasting(), tokens.Expires())
			}
			if tt.name == "feeds" {
				if diff := cmp.Diff(map[string]string{"account": "12_SB1", "instance": "eu"}, feeds); diff != "" || w.requests[0].url != "https://12-sb1.api.example/token" {
					t.Error(diff, w.requests[0].url)
				}
			}
			if _, _, err := f.Finish(t.Context(), "code=c-1&state="+f.State); err == nil || w.count() != 1 {
				t.Error("a consent that works twice")
			}
		})
	}
}

// A connector cannot have a credential put where it can read it; where it cannot, there is no harm.
func TestFinish_FeedsNoCredential(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"/access_token", "/refresh_token", "/copy", "callback:code"} {
		for _, secret := range []bool{false, true} {
			w := newWorld()
			w.extra = map[string]any{}
			w.intercept = func(abi.Request, seen) *abi.Response {
				w.extra["copy"] = account(codeMethod).Fields["client_secret"] + "!"
				return nil
			}
			acct := account(codeMethod)
			acct.Method.Feeds = map[string]string{"note": from}
			acct.Declared = []manifest.Field{{Name: "note", Secret: secret}}
			f, err := w.process(t).Begin(acct, callbackURL)
			if err != nil {
				t.Fatal(err)
			}
			_, feeds, err := f.Finish(t.Context(), "code=c-1-of-them&state="+f.State)
			if secret && (err != nil || feeds["note"] == "") {
				t.Errorf("%s into a secret field: %v", from, err)
			}
			if !secret && (err == nil || !strings.Contains(err.Error(), "credential in the field note") || feeds != nil) {
				t.Errorf("%s into a field that the connector reads: %v", from, err)
			}
		}
	}
}

func TestFinish_Life(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		a := w.process(t)
		for _, tt := range []struct {
			age time.Duration
			ok  bool
		}{{9 * time.Minute, true}, {11 * time.Minute, false}} {
			f, _ := a.Begin(account(codeMethod), callbackURL)
			time.Sleep(tt.age)
			if _, _, err := f.Finish(t.Context(), "code=c&state=stray"); err == nil {
				t.Error("a stray callback")
			}
			if _, _, err := f.Finish(t.Context(), "code=c&state="+f.State); (err == nil) != tt.ok {
				t.Errorf("after %s: %v", tt.age, err)
			}
		}
	})
}

func TestFinish_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.intercept = refusals(401, map[string]any{"error": "invalid_client"})
	f, _ := w.process(t).Begin(account(codeMethod), callbackURL)
	if _, _, err := f.Finish(t.Context(), "code=c&state="+f.State); !errors.Is(err, ErrReconnect) || !strings.Contains(err.Error(), "client id or secret") {
		t.Error(err)
	}
}

// How the client proves itself, for each client_auth.
func TestFinish_ClientAuth(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][3]string{ // header, client_id, client_secret in the form
		"": {basic("client-1", "client+secret%2F1"), "", ""}, "basic": {basic("client-1", "client+secret%2F1"), "", ""},
		"post": {"", "client-1", "client secret/1"}, "none": {"", "client-1", ""},
	} {
		w := newWorld()
		m := codeMethod
		m.ClientAuth = kind
		f, _ := w.process(t).Begin(account(m), callbackURL)
		if _, _, err := f.Finish(t.Context(), "code=c&state="+f.State); err != nil {
			t.Fatal(err)
		}
		s := w.requests[0]
		if got := [3]string{s.header.Get("Authorization"), s.form.Get("client_id"), s.form.Get("client_secret")}; got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld()
	acct := account(codeMethod)
	w.connect(t, acct)
	w.intercept = refusals(200, "")
	a := w.process(t)
	if err := a.Revoke(t.Context(), acct); err != nil || w.count() != 2 {
		t.Fatal(err, w.count())
	}
	for i, want := range []url.Values{{"token": {"refresh-1"}, "token_type_hint": {"refresh_token"}}, {"token": {"access-1"}, "token_type_hint": {"access_token"}}} {
		if diff := cmp.Diff(want, w.requests[i].form); diff != "" || w.requests[i].url != codeMethod.RevokeURL || w.requests[i].header.Get("Authorization") == "" {
			t.Error(w.requests[i].url, diff)
		}
	}
	w.intercept = refusals(400, "canary")
	if err := a.Revoke(t.Context(), acct); err == nil || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	acct.Method.RevokeURL = ""
	if err := a.Revoke(t.Context(), acct); err != nil {
		t.Error(err)
	}
}

// FuzzParseCallback: what is taken has each parameter once, and a whole URL is the redirect URL.
func FuzzParseCallback(f *testing.F) {
	for _, s := range []string{callbackURL + "?code=a&state=b", "?code=a", "code=a&iss=https://x/y", "://?", "http://127.0.0.1:8080/callbackx?code=a", "a=1&a=2", "code=%0a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseCallback(text, callbackURL)
		if err != nil {
			if len(text) > 60 && strings.Contains(err.Error(), text) {
				t.Error("the error quotes the callback")
			}
			return
		}
		for name, v := range values {
			if len(v) != 1 || strings.ContainsAny(v[0], "\r\n\x00") {
				t.Errorf("%q: %q", name, v)
			}
		}
		if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "http://") && len(values) > 0 && !strings.HasPrefix(trimmed, callbackURL+"?") {
			t.Errorf("%q was taken: %v", text, values)
		}
	})
}
