package tallyfy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/tallyfy"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	const (
		noLogin    = `{"error":true,"message":"Unauthenticated."}`
		noRights   = `{"error":true,"message":"You don't have application's permissions for this organization!"}`
		noEndpoint = `{"code":"ENDPOINT_NOT_FOUND","error":true,"message":"The requested endpoint does not exist."}`
	)
	for _, test := range []struct {
		name, method, path, token, client string
		status                            int
		body                              string
	}{
		{"no client header", "GET", "/me", tallyfy.AdminToken, "", 401, noLogin},
		{"no client header, unknown path", "GET", "/nowhere", tallyfy.AdminToken, "", 401, noLogin},
		{"no token", "GET", "/me", "", "APIClient", 401, noLogin},
		{"unknown token", "GET", "/me", "who", "APIClient", 401, noLogin},
		{"any client name", "GET", acme, tallyfy.AdminToken, "n8n", 200, ""},
		{"doubled and trailing slash", "GET", "/" + acme + "/", tallyfy.AdminToken, "n8n", 200, ""},
		{"another organisation", "GET", "/organizations/" + tallyfy.GlobexOrg + "/runs", tallyfy.StandardToken, "x", 403, noRights},
		{"an organisation that is not there", "GET", "/organizations/nope/runs", tallyfy.AdminToken, "x", 403, noRights},
		{"one's second organisation", "GET", "/organizations/" + tallyfy.GlobexOrg + "/runs", tallyfy.AdminToken, "x", 200, ""},
		{"unknown path", "GET", acme + "/webhooks", tallyfy.AdminToken, "x", 404, noEndpoint},
		{"unknown method", "PATCH", acme + "/runs", tallyfy.AdminToken, "x", 404, noEndpoint},
		{"a user for a standard member", "GET", acme + "/users/1001", tallyfy.StandardToken, "x", 403, noRights},
		{"a user for an admin", "GET", acme + "/users/1002", tallyfy.AdminToken, "x", 200, ""},
		{"unknown template", "GET", acme + "/checklists/" + tallyfy.GlobexIntake, tallyfy.AdminToken, "x", 404,
			`{"code":"RESOURCE_NOT_FOUND","error":true,"message":"Checklist not found."}`},
		{"unknown process", "GET", acme + "/runs/0", tallyfy.AdminToken, "x", 404,
			`{"code":"RESOURCE_NOT_FOUND","error":true,"message":"Run not found."}`},
		{"unknown task", "GET", acme + "/tasks/0", tallyfy.AdminToken, "x", 404,
			`{"code":"RESOURCE_NOT_FOUND","error":true,"message":"Task not found."}`},
		{"unknown user", "GET", acme + "/users/9", tallyfy.AdminToken, "x", 404,
			`{"code":"RESOURCE_NOT_FOUND","error":true,"message":"User not found."}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), test.method, c.url+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+test.token)
			r.Header.Set("X-Tallyfy-Client", test.client)
			status, body := (&client{t: t}).send(r)
			if status != test.status || test.body != "" && body != test.body {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.body)
			}
		})
	}
}

func TestTokensComeAndGo(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	c.token = "new"
	c.want(401, "GET", "/me", nil)
	c.server.Accept("new", tallyfy.Cora)
	contains(t, c.data(200, "GET", "/me", nil), `{"id":1004,"email":"cora@acme.example","first_name":"Cora","last_name":"Credit","timezone":"UTC"}`)
	c.server.Revoke("new")
	c.want(401, "GET", "/me", nil)
}

func TestPeople(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	var names []any
	for _, org := range c.rows("/me/organizations") {
		names = append(names, org["name"])
	}
	if diff := cmp.Diff([]any{"ACME Distribution", "Globex"}, names); diff != "" {
		t.Error(diff)
	}
	contains(t, c.want(200, "GET", acme+"/users", nil)["meta"].(map[string]any)["pagination"].(map[string]any),
		`{"total":5,"count":5,"per_page":9999,"current_page":1,"total_pages":1}`)
	for q, want := range map[string]int{"CORA@": 1, "manager": 1, "acme.example": 5, "nobody": 0} {
		if got := len(c.rows(acme + "/users?q=" + q)); got != want {
			t.Errorf("q=%s finds %d users, want %d", q, got, want)
		}
	}
	contains(t, c.data(200, "GET", acme+"/users/1003", nil),
		`{"full_name":"Fay Finance","role":"standard","status":"active","is_active":true,"profile_pic":null}`)
}

func TestDefaultRate(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	for range 100 {
		c.want(200, "GET", "/me", nil)
	}
	c.want(429, "GET", "/me", nil)
	if c.server.Throttled() != 1 || c.server.Busiest() != 101 {
		t.Errorf("%d throttled, %d in the busiest minute", c.server.Throttled(), c.server.Busiest())
	}
	c = start(t, tallyfy.Config{RatePerMinute: -1})
	for range 101 {
		c.want(200, "GET", "/me", nil)
	}
}

func TestPagination(t *testing.T) {
	t.Parallel()
	for form, want := range map[tallyfy.LinkForm]string{
		tallyfy.LinksObject: `{"next":"https://go.tallyfy.com/api` + acme + `/runs?page=2&per_page=2"}`, tallyfy.LinksList: `[]`,
		tallyfy.LinksNull: `null`, tallyfy.LinksMissing: "",
	} {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			c := start(t, tallyfy.Config{Links: form, BaseURL: "https://go.tallyfy.com/api/"})
			for i := range 5 {
				c.launchOrder(fmt.Sprint("order ", i))
			}
			var names []string
			for n := 1; ; n++ {
				answer := c.want(200, "GET", fmt.Sprintf("%s/runs?per_page=2&page=%d", acme, n), nil)
				for _, run := range answer["data"].([]any) {
					names = append(names, run.(map[string]any)["name"].(string))
				}
				meta := answer["meta"].(map[string]any)["pagination"].(map[string]any)
				links, ok := meta["links"]
				if n == 1 && linksText(t, links, ok) != want {
					t.Errorf("links = %s, want %s", linksText(t, links, ok), want)
				}
				if meta["current_page"] == meta["total_pages"] {
					break
				}
			}
			want := []string{"order 4", "order 3", "order 2", "order 1", "order 0"}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("walk (-want +got):\n%s", diff)
			}
		})
	}
}

// linksText is the JSON of a page's links, or nothing when they are missing.
func linksText(t *testing.T, links any, there bool) string {
	t.Helper()
	if !there {
		return ""
	}
	data, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), `\u0026`, "&")
}

func TestPageSizes(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{RatePerMinute: -1})
	for i := range 12 {
		c.launchOrder(fmt.Sprint(i))
	}
	for query, want := range map[string]string{
		"":                          `{"total":12,"count":10,"per_page":10,"current_page":1,"total_pages":2}`,
		"?per_page=500":             `{"total":12,"count":12,"per_page":100,"current_page":1,"total_pages":1,"links":{}}`,
		"?per_page=0&page=-1":       `{"count":10,"per_page":10,"current_page":1}`,
		"?page=9":                   `{"count":0,"current_page":9,"total_pages":2}`,
		"?page=9223372036854775807": `{"count":0,"total_pages":2}`,
	} {
		answer := c.want(200, "GET", acme+"/runs"+query, nil)
		contains(t, answer["meta"].(map[string]any)["pagination"].(map[string]any), want)
	}
	all := c.want(200, "GET", acme+"/runs?without_pagination=true", nil)
	if len(all["data"].([]any)) != 12 || all["meta"] != nil {
		t.Error("without_pagination=true does not give everything without meta")
	}
}
