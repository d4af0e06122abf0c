package oauth_test

import (
	"encoding/base64"
	"net/url"
	"testing"

	"patchbay/testkit/vendors/oauth"
)

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Clients: []oauth.Client{
		{ID: oauth.ClientID, Secret: oauth.ClientSecret},
		{ID: "post", Secret: "s", Auth: []string{oauth.Post}},
		{ID: "basic", Secret: "s", Auth: []string{oauth.Basic}, Grants: []string{oauth.RefreshToken}},
		{ID: "public"},
	}})
	header := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	for _, test := range []struct{ name, authorization, id, secret, want string }{
		{"basic", basic, "", "", ""},
		{"basic and the same id", basic, oauth.ClientID, "", ""},
		{"post", "", oauth.ClientID, oauth.ClientSecret, ""},
		{"the only way allowed", "", "post", "s", ""},
		{"basic for post", header("post", "s"), "", "", "invalid_client"},
		{"post for basic", "", "basic", "s", "invalid_client"},
		{"a secret that is not encoded", header(oauth.ClientID, oauth.ClientSecret), "", "", "invalid_request"},
		{"wrong secret", header(oauth.ClientID, "guess"), "", "", "invalid_client"},
		{"no secret", "", oauth.ClientID, "", "invalid_client"},
		{"empty secret for a public client", header("public", ""), "", "", "invalid_client"},
		{"unknown", header("nobody", "s"), "", "", "invalid_client"},
		{"nobody", "", "", "", "invalid_request"},
		{"two ways", basic, oauth.ClientID, oauth.ClientSecret, "invalid_request"},
		{"two clients", basic, "post", "", "invalid_request"},
		{"another scheme", "Bearer x", "", "", "invalid_request"},
		{"no base64", "Basic %%", "", "", "invalid_request"},
		{"another grant", header("basic", "s"), "", "", "unauthorized_client"},
	} {
		form := url.Values{"grant_type": {oauth.ClientCredentials}}
		if test.id != "" {
			form.Set("client_id", test.id)
		}
		if test.secret != "" {
			form.Set("client_secret", test.secret)
		}
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			if test.want != "" {
				c.fails(test.want, form, "Authorization", test.authorization)
			} else {
				c.tokens(form, "Authorization", test.authorization)
			}
			challenged := c.header.Get("WWW-Authenticate") == `Basic realm="`+c.url+`"`
			if challenged != (test.want == "invalid_client") {
				t.Errorf("WWW-Authenticate: %s", c.header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestTokenRequestForm(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	const good = "grant_type=client_credentials"
	for _, test := range []struct{ name, method, path, kind, body, want string }{
		{"in order", "POST", "/token", "application/x-www-form-urlencoded; charset=UTF-8", good, ""},
		{"JSON", "POST", "/token", "application/json", `{"grant_type":"client_credentials"}`, "invalid_request"},
		{"no type", "POST", "/token", "", good, "invalid_request"},
		{"in the URL", "POST", "/token?" + good, "application/x-www-form-urlencoded", "", "invalid_request"},
		{"twice", "POST", "/token", "application/x-www-form-urlencoded", good + "&" + good, "invalid_request"},
		{"no form", "POST", "/token", "application/x-www-form-urlencoded", "grant_type=%zz", "invalid_request"},
		{"no grant type", "POST", "/token", "application/x-www-form-urlencoded", "", "invalid_request"},
		{"password", "POST", "/token", "application/x-www-form-urlencoded", "grant_type=password", "unsupported_grant_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := c.send(test.method, test.path, test.body, "Content-Type", test.kind, "Authorization", basic)
			want := 400
			if test.want == "" {
				want = 200
			}
			if status != want || test.want != "" && !contains(body, `"error":"`+test.want+`"`) {
				t.Errorf("got %d %s, want %s", status, body, test.want)
			}
		})
	}
	if status, _ := c.send("GET", "/token", ""); status != 405 || c.header.Get("Allow") != "POST" {
		t.Errorf("GET answers %d, Allow %s", status, c.header.Get("Allow"))
	}
	if status, _ := c.send("GET", "/nowhere", ""); status != 404 {
		t.Errorf("an unknown path answers %d", status)
	}
}
