package oauth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/oauth"
)

func TestAuthorize(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Callback: map[string]string{"company": "1234567"}})
	got := c.ask()
	if len(got.Get("code")) < 20 {
		t.Errorf("code %q can be guessed", got.Get("code"))
	}
	got.Del("code")
	if diff := cmp.Diff(url.Values{"state": {"s t&te"}, "iss": {c.url}, "company": {"1234567"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAuthorize_Refusals(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{MinState: 3, Clients: []oauth.Client{
		{ID: oauth.ClientID, Secret: "x", Redirects: []string{callback, "https://app.example/back?tenant=1"}, Scopes: []string{"read", "write"}},
		{ID: "machine", Secret: "x", Redirects: []string{callback}, Grants: []string{oauth.ClientCredentials}},
		{ID: "native", Redirects: []string{oauth.LoopbackRedirect, "http://[::1]/cb", "https://app.example/cb"}, LoopbackPort: true},
	}})
	for _, test := range []struct{ name, want, changes string }{
		{"in order", "", ""},
		{"a redirect with a query", "", "redirect_uri=https://app.example/back?tenant=1"},
		{"loopback on any port", "", "client_id=native redirect_uri=http://127.0.0.1:1/callback"},
		{"IPv6 loopback on any port", "", "client_id=native redirect_uri=http://[::1]:1/cb"},
		{"unknown client", "page", "client_id=nobody"},
		{"no client", "page", "client_id=-"},
		{"no redirect", "page", "redirect_uri=-"},
		{"a longer redirect", "page", "redirect_uri=" + callback + "/evil"},
		{"a redirect with more query", "page", "redirect_uri=https://app.example/back?tenant=1&x=2"},
		{"another port without leave", "page", "redirect_uri=http://127.0.0.1:4712/callback"},
		{"another path on loopback", "page", "client_id=native redirect_uri=http://127.0.0.1:1/other"},
		{"another port that is not loopback", "page", "client_id=native redirect_uri=https://app.example:444/cb"},
		{"localhost for an address", "page", "client_id=native redirect_uri=http://localhost:1/callback"},
		{"a user in the redirect", "page", "client_id=native redirect_uri=http://x@127.0.0.1:1/callback"},
		{"no response type", "invalid_request", "response_type=-"},
		{"implicit", "unsupported_response_type", "response_type=token"},
		{"client credentials only", "unauthorized_client", "client_id=machine"},
		{"scope", "invalid_scope", "scope=read+admin"},
		{"short state", "invalid_request", "state=ab"},
		{"no challenge", "invalid_request", "code_challenge=- code_challenge_method=-"},
		{"plain", "invalid_request", "code_challenge_method=plain"},
		{"no method", "invalid_request", "code_challenge_method=-"},
		{"a challenge that is none", "invalid_request", "code_challenge=short"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			var changes []string
			for _, change := range strings.Fields(test.changes) {
				name, value, _ := strings.Cut(change, "=")
				changes = append(changes, name, strings.ReplaceAll(value, "+", " "))
			}
			got := c.ask(changes...)
			switch {
			case got == nil:
				if test.want != "page" {
					t.Errorf("answers a page, want %q", test.want)
				}
			case test.want == "page":
				t.Errorf("redirects to %s", c.header.Get("Location"))
			case got.Get("error") != test.want || (got.Get("code") == "") != (test.want != ""):
				t.Errorf("got %v, want %q", got, test.want)
			case got.Get("iss") != c.url || got.Get("state") == "":
				t.Errorf("got %v without iss and state", got)
			}
		})
	}
	if status, body := c.send("GET", "/authorize?"+question().Encode()+"&state=two", ""); status != 400 || !strings.Contains(body, "state is given twice") {
		t.Errorf("two states: %d %s", status, body)
	}
}

func TestAuthorize_Issuer(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Issuer: "https://id.example/"})
	for _, test := range []struct {
		set  func(*oauth.Config)
		want string
	}{
		{func(*oauth.Config) {}, "https://id.example"},
		{func(c *oauth.Config) { c.FalseIssuer = "https://evil.example" }, "https://evil.example"},
		{func(c *oauth.Config) { c.FalseIssuer, c.NoIssuer = "", true }, ""},
	} {
		c.server.Set(test.set)
		if got := c.ask().Get("iss"); got != test.want {
			t.Errorf("iss = %q, want %q", got, test.want)
		}
	}
}

func TestAuthorize_Deny(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Deny: true})
	if got := c.ask(); got.Get("error") != "access_denied" || got.Has("code") || got.Get("state") != "s t&te" {
		t.Errorf("got %v", got)
	}
	c.server.Set(func(c *oauth.Config) { c.Deny = false })
	if got := c.ask(); !got.Has("code") {
		t.Errorf("got %v", got)
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Consent: true, User: "<grace>"})
	ticket := func() string {
		status, page := c.send("GET", "/authorize?"+question().Encode(), "")
		_, rest, found := strings.Cut(page, `name="ticket" value="`)
		if status != 200 || !found || !strings.Contains(page, "&lt;grace&gt;: read write") {
			t.Fatalf("the page is %d %s", status, page)
		}
		return rest[:strings.Index(rest, `"`)]
	}
	decide := func(ticket, decision string) url.Values {
		status, _ := c.send("POST", "/authorize", url.Values{"ticket": {ticket}, "decision": {decision}}.Encode())
		if status != 302 {
			return nil
		}
		return c.landed(callback)
	}
	first := ticket()
	if got := decide(first, "approve"); got.Get("code") == "" || got.Get("state") != "s t&te" {
		t.Errorf("approved: %v", got)
	}
	if got := decide(first, "approve"); got != nil {
		t.Errorf("a page that was used: %v", got)
	}
	if got := decide(ticket(), "deny"); got.Get("error") != "access_denied" {
		t.Errorf("denied: %v", got)
	}
	late := ticket()
	c.clock.pass(10 * time.Minute)
	if got := decide(late, "approve"); got != nil {
		t.Errorf("an old page: %v", got)
	}
	if got := decide("guess", "approve"); got != nil {
		t.Errorf("a guess: %v", got)
	}
}
