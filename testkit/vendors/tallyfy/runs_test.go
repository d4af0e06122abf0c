package tallyfy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/tallyfy"
)

func TestRunLists(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	first, second := c.launchOrder("Order A"), c.launchOrder("Order B")
	third := c.data(201, "POST", acme+"/runs", map[string]any{
		"checklist_id": tallyfy.ClientOnboarding, "name": "Client", "starred": true, "owner_id": tallyfy.Stan,
	})["id"].(string)
	finance := c.server.Tasks(second)[0]
	c.data(201, "POST", acme+"/tasks/"+finance.ID+"/problem", `{"content":"wrong price"}`)
	for query, want := range map[string][]string{
		"":                                       {third, second, first},
		"?sort=created_at":                       {first, second, third},
		"?sort=name":                             {third, first, second},
		"?sort_by=-name":                         {second, first, third},
		"?q=order":                               {second, first},
		"?checklist_id=" + tallyfy.SalesApproval: {second, first},
		"?blueprint_id=" + tallyfy.ClientOnboarding: {third},
		"?owners=1002,7":            {third},
		"?starred=true":             {third},
		"?status=starred":           {third},
		"?status=active":            {third, second, first},
		"?status=complete":          nil,
		"?status=problem":           {second},
		"?status=delayed":           nil,
		"?created_since=2099-01-01": {third, second, first},
	} {
		var got []string
		for _, run := range c.rows(acme + "/runs" + query) {
			got = append(got, run["id"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}

func TestRunUpdateReplaces(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	path := acme + "/runs/" + c.launchOrder("Order A")
	number := c.fieldID(tallyfy.SalesApproval, "order_number")
	c.data(200, "PUT", path, `{"users":[1001,1002],"name":"Order B"}`)
	run := c.data(200, "PUT", path, `{"users":[1003],"summary":"large","starred":true,"prerun":{"`+number+`":"SO2","x":"y"}}`)
	contains(t, run, `{"name":"Order B","summary":"large","users":[1003],"starred":true}`)
	prerun := run["prerun"].(map[string]any)
	if len(prerun) != 3 || prerun[number] != "SO2" {
		t.Errorf("prerun = %v, want three values, the number changed", prerun)
	}
	contains(t, c.want(422, "PUT", path, `{"owner_id":9,"name":"lost"}`), `{"errors":{"owner_id":["The selected owner id is invalid."]}}`)
	contains(t, c.data(200, "GET", path, nil), `{"name":"Order B","owner_id":1001}`)
}

func TestRunIncludes(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	id := c.launchOrder("Order A")
	plain := c.data(200, "GET", acme+"/runs/"+id, nil)
	full := c.data(200, "GET", acme+"/runs/"+id+"?with=checklist,tasks,next_task,ko_form_fields,form_fields", nil)
	for _, name := range []string{"checklist", "tasks", "next_task", "ko_form_fields", "form_fields"} {
		if plain[name] != nil || full[name] == nil {
			t.Errorf("%s: without with %v, with it %v", name, plain[name], full[name])
		}
	}
	contains(t, full["next_task"].(map[string]any)["data"].(map[string]any), `{"title":"Finance review"}`)
	contains(t, full["ko_form_fields"].(map[string]any)["data"].([]any)[0].(map[string]any), `{"alias":"order_number","value":"SO10001"}`)
	fields := c.rows(acme + "/runs/" + id + "/form-fields")
	if len(fields) != 4 {
		t.Fatalf("%d form fields, want 4", len(fields))
	}
	contains(t, fields[2], `{"alias":"credit_limit","value":null,"required":true}`)
}

func TestRunEnds(t *testing.T) {
	t.Parallel()
	now := monday
	c := start(t, tallyfy.Config{Clock: func() time.Time { return now }})
	id := c.launchOrder("Order A")
	tasks := c.server.Tasks(id)
	complete := func(i int, extra string) map[string]any {
		return c.data(200, "POST", acme+"/runs/"+id+"/completed-tasks", `{"task_id":"`+tasks[i].ID+`"`+extra+`}`)
	}
	complete(0, "")
	c.data(200, "PUT", acme+"/runs/"+id+"/tasks/"+tasks[1].ID,
		`{"taskdata":{"`+c.fieldID(tallyfy.SalesApproval, "credit_limit")+`":"50000"}}`)
	complete(1, `,"override_user":1004`)
	contains(t, c.data(200, "GET", acme+"/runs/"+id, nil), `{"status":"active","progress":{"complete":2,"total":3,"percent":66}}`)
	now = now.Add(time.Hour)
	complete(2, `,"is_approved":true`)
	done := c.data(200, "GET", acme+"/runs/"+id+"?with=next_task", nil)
	contains(t, done, `{"status":"complete","completed_at":"2026-03-02T10:00:00Z","next_task":[],"progress":{"complete":3,"total":3,"percent":100}}`)
	if got := len(c.rows(acme + "/runs?status=complete")); got != 1 {
		t.Errorf("%d complete processes, want 1", got)
	}
	if task, _ := c.server.Task(tasks[2].ID); task.Approved == nil || !*task.Approved {
		t.Error("the approval is not kept")
	}
	now = now.Add(time.Hour)
	reopened := c.data(200, "DELETE", acme+"/runs/"+id+"/completed-tasks/"+tasks[2].ID, nil)
	contains(t, reopened, `{"status":"in-progress","last_updated":"2026-03-02T11:00:00Z","completed_at":null,"completer_id":null,"is_approved":null}`)
	contains(t, c.data(200, "GET", acme+"/runs/"+id, nil), `{"status":"active","completed_at":null}`)
	now = now.Add(time.Hour)
	again := complete(2, `,"is_approved":false`)
	contains(t, again, `{"completed_at":"2026-03-02T12:00:00.000Z"}`)
	contains(t, c.data(200, "GET", acme+"/tasks/"+tasks[2].ID, nil), `{"is_approved":false,"status":"completed"}`)
}
