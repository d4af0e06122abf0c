package tallyfy_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/tallyfy"
)

// monday is the fixed time of most tests: the morning of the vendor's examples.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// client speaks to one server the way a well-behaved program does.
type client struct {
	t      *testing.T
	server *tallyfy.Server
	url    string
	token  string
	header http.Header // of the last answer
}

// start serves a config on a loopback port until the test ends.
func start(t *testing.T, config tallyfy.Config) *client {
	t.Helper()
	if config.Clock == nil {
		config.Clock = func() time.Time { return monday }
	}
	server := tallyfy.New(config)
	ts := httptest.NewServer(server)
	t.Cleanup(func() { server.Close(); ts.Close() })
	return &client{t: t, server: server, url: ts.URL + "/api", token: tallyfy.AdminToken}
}

// acme is the path of the first organisation.
const acme = "/organizations/" + tallyfy.AcmeOrg

// do sends a request and returns status and body; a body that is not a string is sent as JSON.
func (c *client) do(method, path string, body any) (int, string) {
	c.t.Helper()
	text, ok := body.(string)
	if body != nil && !ok {
		data, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(data)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("X-Tallyfy-Client", "APIClient")
	r.Header.Set("Content-Type", "application/json")
	return c.send(r)
}

func (c *client) send(r *http.Request) (int, string) {
	c.t.Helper()
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
func (c *client) want(status int, method, path string, body any) map[string]any {
	c.t.Helper()
	got, text := c.do(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s = %d %s, want %d", method, path, got, text, status)
	}
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		c.t.Fatalf("%s %s answers %q: %v", method, path, text, err)
	}
	return out
}

// data is the same for an answer in an envelope.
func (c *client) data(status int, method, path string, body any) map[string]any {
	c.t.Helper()
	data, ok := c.want(status, method, path, body)["data"].(map[string]any)
	if !ok {
		c.t.Fatalf("%s %s answers no data object", method, path)
	}
	return data
}

// rows is the same for a list.
func (c *client) rows(path string) []map[string]any {
	c.t.Helper()
	var out []map[string]any
	for _, item := range c.want(200, "GET", path, nil)["data"].([]any) {
		out = append(out, item.(map[string]any))
	}
	return out
}

// fieldID is the id of a fixture's field.
func (c *client) fieldID(template, alias string) string {
	c.t.Helper()
	found, _ := c.server.Template(template)
	field, ok := found.Field(alias)
	if !ok {
		c.t.Fatalf("template %s has no field %s", template, alias)
	}
	return field.ID
}

// launchOrder launches the sales approval with its required values and returns the process's id.
func (c *client) launchOrder(name string) string {
	c.t.Helper()
	return c.data(201, "POST", acme+"/runs", map[string]any{
		"checklist_id": tallyfy.SalesApproval, "name": name, "prerun": map[string]any{
			c.fieldID(tallyfy.SalesApproval, "order_number"):  "SO10001",
			c.fieldID(tallyfy.SalesApproval, "customer_name"): "ACME",
			c.fieldID(tallyfy.SalesApproval, "order_total"):   "18250.00",
		},
	})["id"].(string)
}

// contains fails unless every property of want, given as JSON, is in got with the same value.
func contains(t *testing.T, got map[string]any, want string) {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(want), &values); err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		actual, ok := got[name]
		if !ok {
			t.Errorf("%s is missing", name)
		} else if diff := cmp.Diff(value, actual); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
