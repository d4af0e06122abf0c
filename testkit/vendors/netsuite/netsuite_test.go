package netsuite_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/netsuite"
)

// monday is the fixed time of most tests.
var monday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// host is what links begin with in the tests.
const (
	host    = "https://1234567.suitetalk.api.netsuite.com"
	records = host + "/services/rest/record/v1"
)

// client speaks to one server the way a well-behaved program does.
type client struct {
	t      *testing.T
	server *netsuite.Server
	url    string
	token  string
	extra  map[string]string // headers of every request
	header http.Header       // of the last answer
}

// start serves a config on a loopback port until the test ends.
func start(t *testing.T, config netsuite.Config) *client {
	t.Helper()
	if config.Clock == nil {
		config.Clock = func() time.Time { return monday }
	}
	if config.BaseURL == "" {
		config.BaseURL = host
	}
	server := netsuite.New(config)
	ts := httptest.NewServer(server)
	t.Cleanup(func() { server.Close(); ts.Close() })
	return &client{t: t, server: server, url: ts.URL + "/services/rest", token: netsuite.AdminToken, extra: map[string]string{}}
}

// do sends a request and returns status and body.
func (c *client) do(method, path, body string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range c.extra {
		r.Header.Set(name, value)
	}
	resp, err := web.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.header = resp.Header
	return resp.StatusCode, string(data)
}

// want sends a request, checks the status and returns the decoded body.
func (c *client) want(status int, method, path, body string) map[string]any {
	c.t.Helper()
	got, text := c.do(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s = %d %s, want %d", method, path, got, text, status)
	}
	out := map[string]any{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			c.t.Fatalf("%s %s answers %q: %v", method, path, text, err)
		}
	}
	return out
}

// write sends a write that must succeed and returns the record's id, from the Location header.
func (c *client) write(method, path, body string) string {
	c.t.Helper()
	if answer := c.want(204, method, path, body); len(answer) > 0 {
		c.t.Errorf("%s %s answers a body: %v", method, path, answer)
	}
	location := c.header.Get("Location")
	if !strings.HasPrefix(location, records+"/") {
		c.t.Fatalf("%s %s: Location %q", method, path, location)
	}
	return location[strings.LastIndex(location, "/")+1:]
}

// refused sends a request that must be refused, and compares the one detail.
func (c *client) refused(status int, method, path, body, detail string) {
	c.t.Helper()
	answer := c.want(status, method, path, body)
	if answer["status"] != float64(status) || answer["title"] == "" || answer["type"] == "" {
		c.t.Errorf("%s %s answers %v", method, path, answer)
	}
	if got := c.header.Get("Content-Type"); got != "application/vnd.oracle.resource+json; type=error; charset=UTF-8" {
		c.t.Errorf("content type %s", got)
	}
	if diff := cmp.Diff([]any{object(c.t, detail)}, answer["o:errorDetails"]); diff != "" {
		c.t.Errorf("%s %s %s (-want +got):\n%s", method, path, body, diff)
	}
}

// ids lists the ids of a list's items.
func (c *client) ids(path string) string {
	c.t.Helper()
	var ids []string
	for _, item := range c.want(200, "GET", path, "")["items"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return strings.Join(ids, " ")
}

// query is the path of a list with a q filter.
func query(recordType, q string) string {
	return "/record/v1/" + recordType + "?q=" + url.QueryEscape(q)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// contains fails unless every property of want, given as JSON, is in got with the same value.
func contains(t *testing.T, got map[string]any, want string) {
	t.Helper()
	for name, value := range object(t, want) {
		actual, ok := got[name]
		if !ok {
			t.Errorf("%s is missing", name)
		} else if diff := cmp.Diff(value, actual); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
