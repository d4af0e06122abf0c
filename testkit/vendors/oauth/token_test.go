package oauth_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/oauth"
)

func TestCode(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Answer: map[string]any{"instance_url": "https://na1.example", "token_type": "no"}})
	status, answer := c.post(exchange(c.ask().Get("code")))
	access, _ := answer["access_token"].(string)
	refresh, _ := answer["refresh_token"].(string)
	if status != 200 || !c.open(access) || len(refresh) < 20 {
		t.Errorf("got %d %v", status, answer)
	}
	delete(answer, "access_token")
	delete(answer, "refresh_token")
	want := map[string]any{"token_type": "bearer", "expires_in": 3600.0, "scope": "read write", "instance_url": "https://na1.example"}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Error(diff)
	}
	got, ok := c.server.Lookup(access)
	wantToken := oauth.Token{Client: oauth.ClientID, Subject: "ada", Scope: "read write", Expires: c.clock.Now().Add(time.Hour)}
	if !ok || got != wantToken {
		t.Errorf("Lookup = %v %v", got, ok)
	}
}

func TestCode_Refusals(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	for _, test := range []struct {
		name    string
		changes []string
	}{
		{"unknown", []string{"code", "code-guess"}},
		{"wrong verifier", []string{"code_verifier", verifier[1:] + "x"}},
		{"no verifier", []string{"code_verifier", "-"}},
		{"another redirect", []string{"redirect_uri", "http://127.0.0.1:4712/callback"}},
		{"no redirect", []string{"redirect_uri", "-"}},
	} {
		code := c.ask().Get("code")
		c.fails("invalid_grant", exchange(code, test.changes...))
		if code != test.changes[1] && test.name != "unknown" {
			c.fails("invalid_grant", exchange(code)) // the attempt has spent it
		}
	}
	// A verifier that is too short is refused although it fits.
	hash := "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0" // of "abc"
	c.fails("invalid_grant", exchange(c.ask("code_challenge", hash).Get("code"), "code_verifier", "abc"))

	code := c.ask().Get("code")
	c.clock.pass(60 * time.Second)
	c.fails("invalid_grant", exchange(code))
	if got := c.server.Counts()[oauth.AuthorizationCode]; got.Succeeded != 0 || got.Failed == 0 {
		t.Errorf("counts %+v", got)
	}
}

// A code that another client uses is refused, and stays good for its own.
func TestCode_AnotherClient(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	code := c.ask("client_id", oauth.PublicID).Get("code")
	c.fails("invalid_grant", exchange(code))
	if access, _ := c.tokens(exchange(code, "client_id", oauth.PublicID), "Authorization", ""); !c.open(access) {
		t.Error("the code's own client gets no token")
	}
}

func TestCode_ReplayRevokes(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	code := c.ask().Get("code")
	access, refresh := c.tokens(exchange(code))
	c.fails("invalid_grant", exchange(code))
	if c.open(access) {
		t.Error("the access token outlives a replay of its code")
	}
	c.fails("invalid_grant", refreshing(refresh))
	want := []oauth.Revocation{{Family: "family-1", Client: oauth.ClientID, Subject: "ada", Reason: "code replay"}}
	if diff := cmp.Diff(want, c.server.Revoked()); diff != "" {
		t.Error(diff)
	}
}

func TestPKCE(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{PKCE: oauth.PKCEOptional})
	plain := []string{"code_challenge", "-", "code_challenge_method", "-"}
	c.tokens(exchange(c.ask(plain...).Get("code"), "code_verifier", "-"))
	c.fails("invalid_grant", exchange(c.ask(plain...).Get("code"))) // a downgrade
	c.fails("invalid_grant", exchange(c.ask().Get("code"), "code_verifier", "-"))
	c.tokens(exchange(c.ask().Get("code")))
	if got := c.ask("code_challenge", "-").Get("error"); got != "invalid_request" {
		t.Errorf("a method without a challenge: %q", got)
	}
	c.server.Set(func(c *oauth.Config) { c.PKCE = oauth.PKCEOff })
	c.tokens(exchange(c.ask().Get("code"), "code_verifier", "-"))
}

func TestRefresh_Rotation(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	_, first := c.tokens(exchange(c.ask().Get("code")))
	access, second := c.tokens(refreshing(first))
	if second == first || !c.open(access) {
		t.Error("the refresh token is not replaced")
	}
	c.fails("invalid_grant", refreshing(first))
	if c.open(access) {
		t.Error("reuse leaves the family's tokens alive")
	}
	c.fails("invalid_grant", refreshing(second))
	if got := c.server.Revoked(); len(got) != 1 || got[0].Reason != "refresh token reuse" {
		t.Errorf("revoked %v", got)
	}
	if got, want := c.server.Counts()[oauth.RefreshToken], (oauth.Count{Succeeded: 1, Failed: 2}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestRefresh_Grace(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Grace: 30 * time.Second})
	_, first := c.tokens(exchange(c.ask().Get("code")))
	c.tokens(refreshing(first))
	c.clock.pass(29 * time.Second)
	_, again := c.tokens(refreshing(first))
	c.clock.pass(time.Second) // the window is counted from the first use
	c.fails("invalid_grant", refreshing(first))
	c.fails("invalid_grant", refreshing(again))
}

func TestRefresh_OtherRotations(t *testing.T) {
	t.Parallel()
	for rotation, want := range map[oauth.Rotation]string{oauth.Keep: "the same", oauth.Omit: ""} {
		c := start(t, oauth.Config{Rotation: rotation})
		_, refresh := c.tokens(exchange(c.ask().Get("code")))
		for range 3 {
			access, got := c.tokens(refreshing(refresh))
			if got == refresh {
				got = "the same"
			}
			if got != want || !c.open(access) {
				t.Errorf("%s gives %q, want %q", rotation, got, want)
			}
		}
	}
	c := start(t, oauth.Config{Rotation: oauth.Never})
	if _, refresh := c.tokens(exchange(c.ask().Get("code"))); refresh != "" {
		t.Errorf("never gives %q", refresh)
	}
}

func TestRefresh_Refusals(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{RefreshLife: 2 * time.Hour})
	_, refresh := c.tokens(exchange(c.ask().Get("code")))
	c.fails("invalid_grant", refreshing("refresh-guess"))
	form := refreshing(refresh)
	form.Set("client_id", oauth.PublicID)
	c.fails("invalid_grant", form, "Authorization", "")
	form = refreshing(refresh)
	form.Set("scope", "read admin")
	c.fails("invalid_scope", form)
	form.Set("scope", "read")
	access, refresh := c.tokens(form)
	if got, _ := c.server.Lookup(access); got.Scope != "read" {
		t.Errorf("scope %q", got.Scope)
	}
	if !c.server.Revoke(refresh) || c.server.Revoke("guess") {
		t.Error("Revoke knows the wrong tokens")
	}
	c.fails("invalid_grant", refreshing(refresh))
	_, refresh = c.server.Issue(oauth.ClientID, "grace", "read")
	c.clock.pass(2 * time.Hour)
	c.fails("invalid_grant", refreshing(refresh))
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{AccessLife: 90 * time.Second, Rotation: oauth.Keep})
	_, refresh := c.server.Issue(oauth.ClientID, "grace", "")
	for form, want := range map[oauth.ExpiresIn]any{oauth.AsNumber: 90.0, oauth.AsString: "90", oauth.Missing: nil} {
		c.server.Set(func(c *oauth.Config) { c.ExpiresIn = form })
		if _, answer := c.post(refreshing(refresh)); answer["expires_in"] != want {
			t.Errorf("%q gives %v", form, answer["expires_in"])
		}
	}
	access, _ := c.tokens(refreshing(refresh))
	c.clock.pass(89 * time.Second)
	if !c.open(access) {
		t.Error("a token ends before its time")
	}
	c.clock.pass(time.Second)
	if c.open(access) {
		t.Error("a token outlives its time")
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{MachineLife: 2 * time.Hour})
	form := url.Values{"grant_type": {oauth.ClientCredentials}, "scope": {"read"}}
	if _, answer := c.post(form); answer["expires_in"] != 7200.0 {
		t.Errorf("expires_in %v", answer["expires_in"])
	}
	access, refresh := c.tokens(form)
	c.clock.pass(2*time.Hour - 1)
	if got, _ := c.server.Lookup(access); got.Subject != oauth.ClientID || got.Scope != "read" || refresh != "" {
		t.Errorf("got %+v and refresh token %q", got, refresh)
	}
	form.Set("client_id", oauth.PublicID)
	c.fails("unauthorized_client", form, "Authorization", "")
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	revoke := func(token string, header ...string) int {
		status, _ := c.send("POST", "/revoke", url.Values{"token": {token}}.Encode(), append([]string{"Authorization", basic}, header...)...)
		return status
	}
	access, refresh := c.server.Issue(oauth.ClientID, "ada", "")
	if status := revoke(access); status != 200 || c.open(access) {
		t.Errorf("revoking an access token: %d", status)
	}
	access, refresh = c.tokens(refreshing(refresh)) // its family lives
	if status := revoke(refresh); status != 200 || c.open(access) {
		t.Errorf("revoking a refresh token: %d", status)
	}
	c.fails("invalid_grant", refreshing(refresh))
	if status := revoke("guess"); status != 200 {
		t.Errorf("revoking a token that is unknown: %d", status)
	}
	foreign, _ := c.server.Issue(oauth.PublicID, "ada", "")
	if status := revoke(foreign); status != 400 || !c.open(foreign) {
		t.Errorf("revoking another client's token: %d", status)
	}
	if status := revoke(foreign, "Authorization", "Basic eDp5"); status != 401 {
		t.Errorf("revoking as nobody: %d", status)
	}
	if status := revoke(""); status != 400 {
		t.Errorf("revoking nothing: %d", status)
	}
	if got, want := c.server.Counts()["revocation"], (oauth.Count{Succeeded: 3, Failed: 3}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}
