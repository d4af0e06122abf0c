package tallyfy_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

func TestRequestsAreFiled(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	c.want(200, "GET", acme+"/users?q=a%20b", nil)
	c.want(422, "POST", acme+"/runs", `{"name":"x"}`)
	got := c.server.Requests()
	if len(got) != 2 {
		t.Fatalf("%d requests, want 2", len(got))
	}
	if got[0].Query.Get("q") != "a b" || got[0].Status != 200 || got[0].Path != "/api"+acme+"/users" || !got[0].At.Equal(monday) {
		t.Errorf("first request: %+v", got[0])
	}
	if got[1].Method != "POST" || string(got[1].Body) != `{"name":"x"}` || got[1].Status != 422 || got[1].Header.Get("X-Tallyfy-Client") != "APIClient" {
		t.Errorf("second request: %+v", got[1])
	}
}

func TestLargeBodyIsRefused(t *testing.T) {
	t.Parallel()
	server := tallyfy.New(tallyfy.Config{})
	recorder := httptest.NewRecorder()
	body := strings.NewReader(strings.Repeat(" ", 16<<20+1))
	server.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/api/me", body))
	if recorder.Code != 413 || server.Requests()[0].Status != 413 {
		t.Errorf("a body of over 16 MiB is answered %d", recorder.Code)
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{Empty: true, Tokens: map[string]int{tallyfy.AdminToken: 7}})
	c.want(401, "GET", "/me", nil) // its user is not there yet
	c.server.Seed(tallyfy.Data{
		Organizations: []tallyfy.Organization{{ID: tallyfy.AcmeOrg, Name: "Own", Roles: map[int]string{7: "standard"}}},
		Users:         []tallyfy.User{{ID: 7, Email: "o@own.example", FirstName: "O", LastName: "Wn", Home: tallyfy.AcmeOrg}},
		Templates:     []tallyfy.Template{{ID: "t1", Organization: tallyfy.AcmeOrg, Title: "First"}, {ID: "t2", Organization: "nowhere"}},
	})
	if got := c.rows(acme + "/checklists"); len(got) != 1 || got[0]["title"] != "First" {
		t.Errorf("templates = %v", got)
	}
	c.data(201, "POST", acme+"/runs", `{"checklist_id":"t1"}`)
	c.server.Seed(tallyfy.Data{
		Organizations: []tallyfy.Organization{{ID: tallyfy.AcmeOrg, Name: "Renamed", Roles: map[int]string{7: "admin"}}},
		Templates:     []tallyfy.Template{{ID: "t1", Organization: tallyfy.AcmeOrg, Title: "Second"}},
	})
	if got := c.rows(acme + "/checklists"); len(got) != 1 || got[0]["title"] != "Second" || got[0]["started_processes"] != 1. {
		t.Errorf("templates = %v", got)
	}
	contains(t, c.data(200, "GET", acme, nil), `{"name":"Renamed"}`)
}

func TestIDsAreDeterministic(t *testing.T) {
	t.Parallel()
	ids := func(seed string) string {
		c := start(t, tallyfy.Config{IDs: seed})
		return c.launchOrder("a") + c.launchOrder("b")
	}
	if ids("") != ids("1") || ids("1") == ids("2") {
		t.Error("ids do not follow from the seed")
	}
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	for _, path := range []string{"/runs", "/v1/runs", "/v1/processes", "/v1/tasks", "/v1/webhooks"} {
		contains(t, c.want(404, "POST", path, `{}`), `{"code":"ENDPOINT_NOT_FOUND"}`)
	}
	c = start(t, tallyfy.Config{Legacy: true})
	c.want(404, "POST", "/v1/webhooks", `{}`)
	for _, path := range []string{"/runs", "/v1/runs", "/v1/processes"} {
		run := c.want(201, "POST", path, `{"blueprint_id":"customer_onboarding_v2","title":"Order 7 - ACME","owner_id":1002,
			"organization_id":"`+tallyfy.AcmeOrg+`","prerun":{"customer_name":"ACME","Contract value":"75000","CUSTOMER_NAME":"no"}}`)
		contains(t, run, `{"title":"Order 7 - ACME","status":"active","owner":1002,"created_at":"2026-03-02T09:00:00Z"}`)
		stored, _ := c.server.Run(run["id"].(string))
		want := map[string]any{tallyfy.ClientName: "ACME", c.fieldID(tallyfy.ClientOnboarding, "contract_value"): "75000"}
		if diff := cmp.Diff(want, stored.Prerun); diff != "" {
			t.Errorf("%s prerun (-want +got):\n%s", path, diff)
		}
	}
	c.want(403, "POST", "/runs", `{"organization_id":"x"}`)
	c.want(422, "POST", "/runs", `{}`)
	if got := len(c.rows("/v1/blueprints")); got != 2 {
		t.Errorf("%d blueprints, want 2", got)
	}
	task := c.want(201, "POST", "/v1/tasks", `{"name":"Call","assignee":"STAN@acme.example","due_date":"2026-03-10"}`)
	contains(t, task, `{"title":"Call","status":"not-started","due_date":"2026-03-10T00:00:00Z"}`)
	contains(t, c.want(200, "PUT", "/v1/tasks/"+task["id"].(string), `{"status":"completed"}`), `{"status":"completed"}`)
	if all := c.rows("/v1/tasks?is_oneoff=true"); len(all) != 1 || all[0]["completer_id"] != 1001. {
		t.Errorf("tasks = %v", all)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{RatePerMinute: -1})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			mine := *c
			for i := range 10 {
				id := mine.launchOrder(fmt.Sprint(n, "-", i))
				mine.server.Fail(simulated.Rule{Path: "/never"})
				task := mine.server.Tasks(id)[0]
				mine.data(200, "POST", acme+"/runs/"+id+"/completed-tasks", `{"task_id":"`+task.ID+`"}`)
				mine.want(200, "GET", acme+"/runs?with=tasks", nil)
			}
		})
	}
	group.Wait()
	ids, numbers := map[string]bool{}, map[int]bool{}
	for _, run := range c.server.Runs() {
		ids[run.ID], numbers[run.Number] = true, true
	}
	if len(ids) != 80 || len(numbers) != 80 {
		t.Errorf("%d ids and %d numbers for 80 processes", len(ids), len(numbers))
	}
	if got := len(c.server.Requests()); got != 240 {
		t.Errorf("%d requests filed, want 240", got)
	}
}

// What Run and Task return is the caller's own.
func TestAccessorsCopy(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	id := c.launchOrder("a")
	run, _ := c.server.Run(id)
	clear(run.Prerun)
	maps.Copy(c.server.Tasks(id)[0].Values, map[string]any{"x": 1})
	again, _ := c.server.Run(id)
	if len(again.Prerun) != 3 || len(c.server.Tasks(id)[0].Values) != 0 {
		t.Error("an accessor's result shares memory with the server")
	}
	if _, ok := c.server.Run("x"); ok {
		t.Error("an unknown run is found")
	}
	if _, ok := c.server.Task("x"); ok {
		t.Error("an unknown task is found")
	}
}

// No body makes the server fail, and what it accepts it can show.
func FuzzBodies(f *testing.F) {
	f.Add(0, `{"checklist_id":"`+tallyfy.ClientOnboarding+`","prerun":{"`+tallyfy.ClientName+`":"x"},"tasks":{"x":1}}`)
	f.Add(1, `{"title":"a","task_type":"task","owners":{"users":[1001]},"deadline":"2026-01-01"}`)
	f.Add(2, `{"task_id":1}`)
	f.Add(3, `{"blueprint_id":[],"prerun":{"a":{}}}`)
	paths := []string{acme + "/runs", acme + "/tasks", acme + "/completed-tasks", "/v1/processes"}
	f.Fuzz(func(t *testing.T, path int, body string) {
		server := tallyfy.New(tallyfy.Config{Legacy: true})
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api"+paths[uint(path)%uint(len(paths))], strings.NewReader(body))
		r.Header.Set("X-Tallyfy-Client", "APIClient")
		r.Header.Set("Authorization", "Bearer "+tallyfy.AdminToken)
		r.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, r)
		if recorder.Code >= 500 {
			t.Errorf("%s answers %d %s", body, recorder.Code, recorder.Body)
		}
		if made := len(server.Runs()) + len(server.Tasks("")); recorder.Code != 201 && made != 0 {
			t.Errorf("%s answers %d and makes %d things", body, recorder.Code, made)
		}
	})
}
