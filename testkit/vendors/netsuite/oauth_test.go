package netsuite_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/simulated"
)

// form posts to the token endpoint, as the client whose id and secret are given unless they are empty.
func form(t *testing.T, server *netsuite.Server, values url.Values, id, secret string) (int, map[string]any, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "http://sim.example/services/rest/auth/oauth2/v1/token", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if secret != "" {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	answer := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return w.Code, answer, w.Header()
}

// serves is the status that a bearer token gets.
func serves(t *testing.T, server *netsuite.Server, token any) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/services/rest/system/v1/serverTime", nil)
	text, _ := token.(string)
	r.Header.Set("Authorization", "Bearer "+text)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w.Code
}

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	now := monday
	server := netsuite.New(netsuite.Config{Account: "1234567_SB1", Clock: func() time.Time { return now }})
	const verifier, back = "a-verifier-of-forty-three-characters-0123456789", "http://127.0.0.1:4711/callback"
	hash := sha256.Sum256([]byte(verifier))
	authorize := func(client, state, scope string) url.Values {
		asked := url.Values{"response_type": {"code"}, "client_id": {client}, "redirect_uri": {back}, "state": {state}, "scope": {scope},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"}}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/app/login/oauth2/authorize.nl?"+asked.Encode(), nil))
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || w.Code != 302 {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		return to.Query()
	}
	const state = "a-state-of-22-letters.."
	if got := authorize(netsuite.ClientID, state[:21], "rest_webservices").Get("error"); got != "invalid_request" {
		t.Errorf("a short state: %q", got)
	}
	for _, test := range []struct {
		id, secret   string
		rotates      bool
		refreshLives time.Duration
	}{{netsuite.ClientID, netsuite.ClientSecret, false, 7 * 24 * time.Hour}, {netsuite.PublicID, "", true, 3 * time.Hour}} {
		now = monday
		callback := authorize(test.id, state, "rest_webservices")
		if callback.Get("company") != "1234567_SB1" || callback.Get("role") == "" || callback.Get("entity") == "" || callback.Has("iss") {
			t.Errorf("callback %v", callback)
		}
		exchange := url.Values{"grant_type": {"authorization_code"}, "code": callback["code"], "redirect_uri": {back}, "code_verifier": {verifier}}
		if test.secret == "" {
			exchange.Set("client_id", test.id)
		}
		status, answer, _ := form(t, server, exchange, test.id, test.secret)
		if status != 200 || answer["expires_in"] != "3600" || serves(t, server, answer["access_token"]) != 200 {
			t.Fatalf("%s: %d %v", test.id, status, answer)
		}
		refresh, _ := answer["refresh_token"].(string)
		renew := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {test.id}}
		now = monday.Add(time.Hour)
		if got := serves(t, server, answer["access_token"]); got != 401 {
			t.Errorf("an expired token: %d", got)
		}
		_, answer, _ = form(t, server, renew, test.id, test.secret)
		if answer["refresh_token"] != nil != test.rotates || serves(t, server, answer["access_token"]) != 200 {
			t.Errorf("%s: renewed to %v", test.id, answer)
		}
		if next, ok := answer["refresh_token"].(string); ok {
			renew.Set("refresh_token", next)
			now = now.Add(test.refreshLives)
		} else {
			now = monday.Add(test.refreshLives)
		}
		if status, answer, _ := form(t, server, renew, test.id, test.secret); status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("%s: a refresh token after its life: %d %v", test.id, status, answer)
		}
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	server := netsuite.New(netsuite.Config{Account: "1234567_SB1", Clock: func() time.Time { return monday }})
	block, _ := pem.Decode([]byte(server.CertificateKey()))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key := parsed.(*ecdsa.PrivateKey)
	const token = "/services/rest/auth/oauth2/v1/token"
	for _, test := range []struct {
		audience, kid, alg string
		scope              any
		status, serves     int
	}{
		{"http://sim.example" + token, netsuite.CertificateID, "ES256", []string{"rest_webservices"}, 200, 200},
		{"https://1234567-sb1.suitetalk.api.netsuite.com" + token, netsuite.CertificateID, "ES256", "restlets,rest_webservices", 200, 200},
		{"http://sim.example" + token, netsuite.CertificateID, "ES256", "restlets", 200, 403},
		{"https://1234567.suitetalk.api.netsuite.com" + token, netsuite.CertificateID, "ES256", "restlets", 401, 0},
		{"http://sim.example" + token, "another", "ES256", "restlets", 401, 0},
		{"http://sim.example" + token, netsuite.CertificateID, "RS256", "restlets", 401, 0},
	} {
		part := func(v any) string {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return base64.RawURLEncoding.EncodeToString(data)
		}
		text := part(map[string]string{"typ": "JWT", "alg": test.alg, "kid": test.kid}) + "." + part(map[string]any{
			"iss": netsuite.MachineID, "scope": test.scope, "aud": test.audience, "iat": monday.Unix(), "exp": monday.Unix() + 3600})
		digest := crypto.SHA256.New()
		digest.Write([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, key, digest.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		text += "." + base64.RawURLEncoding.EncodeToString(slices.Concat(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))))
		status, answer, header := form(t, server, url.Values{"grant_type": {"client_credentials"}, "client_assertion": {text},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}, "", "")
		if status != test.status {
			t.Errorf("%+v: %d %v", test, status, answer)
			continue
		}
		if status == 200 {
			if answer["expires_in"] != "3600" || answer["refresh_token"] != nil || serves(t, server, answer["access_token"]) != test.serves {
				t.Errorf("%+v: %v, served %d", test, answer, serves(t, server, answer["access_token"]))
			}
		} else if answer["error"] != "invalid_client" || header.Get("WWW-Authenticate") != `Basic realm="1234567_SB1"` {
			t.Errorf("%+v: %v %v", test, answer, header)
		}
	}
	if got := server.OAuth.Counts()[oauth.ClientCredentials]; got.Succeeded != 3 || got.Failed != 3 {
		t.Errorf("counts %+v", got)
	}
}

// Faults for the token endpoint are answered in its words, and its requests are filed with the rest.
func TestTokenEndpointFaults(t *testing.T) {
	t.Parallel()
	server := netsuite.New(netsuite.Config{Faults: []simulated.Rule{{Path: "/services/rest/auth/**", Status: 503}}})
	status, answer, _ := form(t, server, url.Values{}, "", "")
	if status != 503 || answer["error"] != "temporarily_unavailable" {
		t.Errorf("got %d %v", status, answer)
	}
	if got := server.Requests(); len(got) != 1 || got[0].Status != 503 || server.Peak() != 0 {
		t.Errorf("filed %v, peak %d", got, server.Peak())
	}
}

func TestTokensThatEnd(t *testing.T) {
	t.Parallel()
	now := monday
	server := netsuite.New(netsuite.Config{Clock: func() time.Time { return now }})
	server.Accept("short", netsuite.Role{Expires: monday.Add(time.Hour)})
	for after, want := range map[time.Duration]int{time.Hour - 1: 200, time.Hour: 401} {
		now = monday.Add(after)
		if got := serves(t, server, "short"); got != want {
			t.Errorf("after %v: %d, want %d", after, got, want)
		}
	}
}
