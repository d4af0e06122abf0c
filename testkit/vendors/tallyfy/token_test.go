package tallyfy_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

// post sends a body to the token endpoint and returns status and answer.
func (c *client) post(kind, body string) (int, map[string]any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), "POST", strings.TrimSuffix(c.url, "/api")+"/oauth/token", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	status, text := c.send(r)
	answer := map[string]any{}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		c.t.Fatalf("%d %s: %v", status, text, err)
	}
	return status, answer
}

// application is the form that asks for an application's token.
func application(id string) string {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {tallyfy.AppSecret}, "scope": {"*"}}.Encode()
}

const formType = "application/x-www-form-urlencoded"

// An application exchanges its token for a user's; each is good for its own purpose, and for its time.
func TestApplication(t *testing.T) {
	t.Parallel()
	now := &clock{now: monday}
	c := start(t, tallyfy.Config{Clock: now.Now})
	status, answer := c.post(formType, application(tallyfy.AppID))
	if status != 200 || answer["token_type"] != "Bearer" || answer["expires_in"] != 604800.0 || answer["refresh_token"] != nil {
		t.Fatalf("got %d %v", status, answer)
	}
	const exchange = "/applications/" + tallyfy.AcmeOrg + "/users/%s/token"
	at := func(email string) string { return strings.Replace(exchange, "%s", email, 1) }
	c.want(401, "POST", at("stan@acme.example"), nil) // a user's token
	c.token, _ = answer["access_token"].(string)
	c.want(401, "GET", "/me", nil)
	c.want(401, "GET", acme+"/runs", nil)
	user := c.want(200, "POST", at("Stan@acme.example"), nil)
	if user["token_type"] != "Bearer" || user["expires_in"] != 7776000.0 || c.server.Exchanged() != 1 {
		t.Errorf("got %v, %d exchanged", user, c.server.Exchanged())
	}
	c.want(404, "POST", at("nobody@acme.example"), nil)
	c.want(403, "POST", "/applications/"+tallyfy.GlobexOrg+"/users/ada@acme.example/token", nil)
	c.want(403, "POST", "/applications/nope/users/ada@acme.example/token", nil)

	app, member := c.token, user["access_token"].(string)
	c.token = member
	contains(t, c.data(200, "GET", "/me", nil), `{"id":1002}`)
	now.set(monday.Add(7*24*time.Hour - 1))
	c.token = app
	c.want(200, "POST", at("stan@acme.example"), nil)
	now.set(monday.Add(7 * 24 * time.Hour))
	c.want(401, "POST", at("stan@acme.example"), nil)
	c.token = member
	now.set(monday.Add(90*24*time.Hour - 1))
	c.want(200, "GET", "/me", nil)
	now.set(monday.Add(90 * 24 * time.Hour))
	c.want(401, "GET", "/me", nil)
}

func TestApplication_UserOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{Apps: []tallyfy.App{{
		Client: oauth.Client{ID: tallyfy.AppID, Secret: tallyfy.AppSecret}, Organizations: []string{tallyfy.GlobexOrg}}}})
	_, answer := c.post(formType, application(tallyfy.AppID))
	c.token, _ = answer["access_token"].(string)
	c.want(422, "POST", "/applications/"+tallyfy.GlobexOrg+"/users/stan@acme.example/token", nil)
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{Apps: []tallyfy.App{
		{Client: oauth.Client{ID: tallyfy.AppID, Secret: tallyfy.AppSecret}}, {Client: oauth.Client{ID: "not-a-number", Secret: tallyfy.AppSecret}}}})
	for _, test := range []struct {
		kind, body string
		status     int
		err        any
	}{
		{formType, application(tallyfy.AppID), 200, nil},
		{"application/json", `{"grant_type":"client_credentials"}`, 400, "invalid_request"},
		{formType, application("not-a-number"), 401, "invalid_client"},
		{formType, "grant_type=password", 400, "unsupported_grant_type"},
	} {
		if status, answer := c.post(test.kind, test.body); status != test.status || answer["error"] != test.err {
			t.Errorf("%s: %d %v", test.body, status, answer)
		}
	}
	c.server.Fail(simulated.Rule{Path: "/oauth/token", Status: 503})
	if status, answer := c.post(formType, application(tallyfy.AppID)); status != 503 || answer["error"] != "temporarily_unavailable" {
		t.Errorf("a fault: %d %v", status, answer)
	}
}

// A token of the code grant stands for the user who approved; its refresh token rotates.
func TestApproval(t *testing.T) {
	t.Parallel()
	now := &clock{now: monday}
	c := start(t, tallyfy.Config{Clock: now.Now})
	access, refresh := c.server.OAuth.Issue(tallyfy.AppID, "1004", "*")
	c.token = access
	contains(t, c.data(200, "GET", "/me", nil), `{"id":1004}`)
	now.set(monday.Add(7 * 24 * time.Hour))
	c.want(401, "GET", "/me", nil)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {tallyfy.AppID}, "client_secret": {tallyfy.AppSecret}}
	status, answer := c.post(formType, form.Encode())
	if next, _ := answer["refresh_token"].(string); status != 200 || next == "" || next == refresh {
		t.Errorf("got %d %v", status, answer)
	}
	c.token, _ = answer["access_token"].(string)
	c.want(200, "GET", "/me", nil)
	c.token, _ = c.server.OAuth.Issue(tallyfy.AppID, "somebody", "*")
	c.want(401, "GET", "/me", nil)
	c.server.AcceptUntil("copied", tallyfy.Fay, now.Now().Add(time.Hour))
	c.token = "copied"
	c.want(200, "GET", "/me", nil)
	now.set(now.Now().Add(time.Hour))
	c.want(401, "GET", "/me", nil)
}
