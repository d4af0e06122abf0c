package oauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/testkit/vendors/oauth"
)

// web keeps no connections and follows no redirects.
var web = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

const (
	callback = "http://127.0.0.1:4711/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// client speaks to one server.
type client struct {
	t      *testing.T
	server *oauth.Server
	url    string
	clock  *clock
	header http.Header // of the last answer
}

func start(t *testing.T, config oauth.Config) *client {
	t.Helper()
	c := &client{t: t, clock: &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	config.Clock = c.clock.Now
	c.server = oauth.New(config)
	ts := httptest.NewServer(c.server)
	t.Cleanup(func() { c.server.Close(); ts.Close() })
	c.url = ts.URL
	return c
}

// send sends a request and returns the answer with its body read.
func (c *client) send(method, path, body string, header ...string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := web.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.header = resp.Header
	return resp.StatusCode, string(text)
}

// question is an authorization request that is in order, with the changes: a name, a value; "-" leaves out.
func question(changes ...string) url.Values {
	hash := sha256.Sum256([]byte(verifier))
	return changed(url.Values{
		"response_type": {"code"}, "client_id": {oauth.ClientID}, "redirect_uri": {callback}, "state": {"s t&te"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"}, "scope": {"read write"},
	}, changes)
}

func changed(values url.Values, changes []string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		values.Set(changes[i], changes[i+1])
		if changes[i+1] == "-" {
			values.Del(changes[i])
		}
	}
	return values
}

// ask sends an authorization request and returns the callback's parameters, or nil when there is no redirect.
func (c *client) ask(changes ...string) url.Values {
	c.t.Helper()
	asked := question(changes...)
	status, body := c.send("GET", "/authorize?"+asked.Encode(), "")
	if status != http.StatusFound {
		if status != 400 || !strings.HasPrefix(body, "<!doctype html>") {
			c.t.Errorf("authorize answers %d %s", status, body)
		}
		return nil
	}
	return c.landed(asked.Get("redirect_uri"))
}

// landed are the parameters of the callback that the last answer redirects to.
func (c *client) landed(redirect string) url.Values {
	c.t.Helper()
	query, ok := strings.CutPrefix(c.header.Get("Location"), redirect)
	if !ok {
		c.t.Fatalf("Location: %s", c.header.Get("Location"))
	}
	values, err := url.ParseQuery(strings.TrimLeft(query, "?&"))
	if err != nil {
		c.t.Fatal(err)
	}
	return values
}

// basic is the Authorization header of the confidential client.
var basic = "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(oauth.ClientID)+":"+url.QueryEscape(oauth.ClientSecret)))

// post sends a form as the confidential client and returns status and the decoded answer.
func (c *client) post(form url.Values, header ...string) (int, map[string]any) {
	c.t.Helper()
	status, text := c.send("POST", "/token", form.Encode(), append([]string{"Authorization", basic}, header...)...)
	answer := map[string]any{}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		c.t.Fatalf("token answers %d %s: %v", status, text, err)
	}
	if c.header.Get("Cache-Control") != "no-store" {
		c.t.Error("an answer may be cached")
	}
	return status, answer
}

// fails sends a form that must be refused with the error.
func (c *client) fails(want string, form url.Values, header ...string) {
	c.t.Helper()
	status, answer := c.post(form, header...)
	wantStatus := 400
	if want == "invalid_client" {
		wantStatus = 401
	}
	if status != wantStatus || answer["error"] != want || answer["error_description"] == "" {
		c.t.Errorf("%v answers %d %v, want %s", form, status, answer, want)
	}
}

// tokens are those that a form must bring.
func (c *client) tokens(form url.Values, header ...string) (access, refresh string) {
	c.t.Helper()
	status, answer := c.post(form, header...)
	if status != 200 || answer["token_type"] != "bearer" {
		c.t.Fatalf("%v answers %d %v", form, status, answer)
	}
	access, _ = answer["access_token"].(string)
	refresh, _ = answer["refresh_token"].(string)
	return access, refresh
}

func exchange(code string, changes ...string) url.Values {
	return changed(url.Values{
		"grant_type": {oauth.AuthorizationCode}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, changes)
}

func refreshing(token string) url.Values {
	return url.Values{"grant_type": {oauth.RefreshToken}, "refresh_token": {token}}
}

// open reports whether the resource opens to the token.
func (c *client) open(access string) bool {
	c.t.Helper()
	status, _ := c.send("GET", "/resource", "", "Authorization", "Bearer "+access)
	return status == 200
}
