package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/simulated"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// direct sends a form to the token endpoint without a network.
func (c *client) direct(form url.Values) int {
	r := httptest.NewRequestWithContext(c.t.Context(), "POST", "/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w.Code
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Paths: oauth.Paths{Token: "/oauth/v1/token"}, NoIssuer: true, PKCE: oauth.PKCEOff})
	status, body := c.send("GET", "/.well-known/oauth-authorization-server", "")
	var about map[string]any
	if err := json.Unmarshal([]byte(body), &about); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	for name, want := range map[string]any{
		"issuer": c.url, "authorization_endpoint": c.url + "/authorize", "token_endpoint": c.url + "/oauth/v1/token",
		"revocation_endpoint": c.url + "/revoke", "jwks_uri": c.url + "/jwks",
		"authorization_response_iss_parameter_supported": false, "code_challenge_methods_supported": nil,
	} {
		if about[name] != want {
			t.Errorf("%s = %v, want %v", name, about[name], want)
		}
	}
	c.server.Set(func(c *oauth.Config) { c.NoIssuer, c.PKCE = false, oauth.PKCERequired })
	if _, body := c.send("GET", "/.well-known/oauth-authorization-server", ""); !contains(body, `"code_challenge_methods_supported":["S256"]`) ||
		!contains(body, `"authorization_response_iss_parameter_supported":true`) {
		t.Errorf("after Set: %s", body)
	}
}

// Access tokens are JWTs that verify with the published key.
func TestKeys(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	access, _ := c.tokens(url.Values{"grant_type": {oauth.ClientCredentials}})
	_, body := c.send("GET", "/jwks", "")
	var set struct {
		Keys []struct{ X, Y, Kid, Kty string }
	}
	if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	x, err1 := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	y, err2 := base64.RawURLEncoding.DecodeString(set.Keys[0].Y)
	key, err3 := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(access, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		t.Fatalf("signature of %d bytes: %v", len(signature), err)
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(key, hash[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the token does not verify")
	}
}

func TestResource(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	access, _ := c.server.Issue(oauth.ClientID, "ada", "read")
	for _, test := range []struct{ name, query, authorization, challenge, body string }{
		{"good", "", "bearer " + access, "", `{"client":"oat-confidential","scope":"read","subject":"ada"}`},
		{"none", "", "", `401 Bearer realm="BASE"`, ""},
		{"another scheme", "", basic, `401 Bearer realm="BASE"`, ""},
		{"unknown", "", "Bearer x", `401 Bearer realm="BASE", error="invalid_token", error_description="the token is unknown, revoked or expired"`, ""},
		{"malformed", "", "Bearer a b", `400 Bearer realm="BASE", error="invalid_request", error_description="the Authorization header is malformed"`, ""},
		{"in the URL", "?access_token=" + access, "", `400 Bearer realm="BASE", error="invalid_request", error_description="a token does not belong in the URL"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			status, body := c.send("GET", "/resource"+test.query, "", "Authorization", test.authorization)
			got := fmt.Sprint(status, " ", c.header.Get("WWW-Authenticate"))
			if want := strings.ReplaceAll(test.challenge, "BASE", c.url); want != "" && got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if test.challenge == "" && (status != 200 || body != test.body) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

// Faults hit the token endpoint; what they lose after it was performed counts, what they prevent does not.
func TestFaults(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	form := url.Values{"grant_type": {oauth.ClientCredentials}}.Encode()
	for _, test := range []struct {
		rule simulated.Rule
		want string
		done int
	}{
		{simulated.Rule{Status: 503, RetryAfter: "2"}, `503 application/json {"error":"temporarily_unavailable","error_description":"Service Unavailable"}`, 0},
		{simulated.Rule{Status: 500}, `500 application/json {"error":"server_error","error_description":"Internal Server Error"}`, 0},
		{simulated.Rule{Status: 401}, `401 application/json {"error":"invalid_client","error_description":"Unauthorized"}`, 0},
		{simulated.Rule{Status: 502, Performed: true}, `502 application/json {"error":"server_error","error_description":"Bad Gateway"}`, 1},
		{simulated.Rule{Status: 200, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}}, `200 text/html <html>`, 0},
		{simulated.Rule{Status: 200, Body: `{"access_token":7}`}, `200 application/json {"access_token":7}`, 0},
		{simulated.Rule{Status: 307, Header: http.Header{"Location": {"http://127.0.0.1:9/"}}}, `307 application/json {"error":"invalid_request","error_description":"Temporary Redirect"}`, 0},
	} {
		before := c.server.Counts()[oauth.ClientCredentials].Succeeded
		test.rule.Path = "/token"
		c.server.Fail(test.rule)
		status, body := c.send("POST", "/token", form, "Authorization", basic)
		if got := fmt.Sprint(status, " ", c.header.Get("Content-Type"), " ", body); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		if done := c.server.Counts()[oauth.ClientCredentials].Succeeded - before; done != test.done {
			t.Errorf("%+v: %d were performed, want %d", test.rule, done, test.done)
		}
	}
}

// Of many who use one refresh token at a time, one gets the next, and the others end the family.
func TestStampede(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	_, refresh := c.server.Issue(oauth.ClientID, "ada", "")
	form := refreshing(refresh)
	form.Set("client_id", oauth.ClientID)
	form.Set("client_secret", oauth.ClientSecret)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { c.direct(form) })
	}
	group.Wait()
	if got, want := c.server.Counts()[oauth.RefreshToken], (oauth.Count{Succeeded: 1, Failed: 19}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if got := len(c.server.Revoked()); got != 1 {
		t.Errorf("%d families revoked", got)
	}
}

// Set leaves what was given out as it is, and the clock.
func TestSet(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{})
	access, refresh := c.server.Issue(oauth.ClientID, "ada", "")
	c.server.Set(func(config *oauth.Config) { config.AccessLife, config.Clock = time.Minute, nil })
	if !c.open(access) {
		t.Error("a token is gone")
	}
	access, _ = c.tokens(refreshing(refresh))
	if got, _ := c.server.Lookup(access); !got.Expires.Equal(c.clock.Now().Add(time.Minute)) {
		t.Errorf("expires %v", got.Expires)
	}
}
