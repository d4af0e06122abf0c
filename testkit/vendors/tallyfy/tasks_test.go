package tallyfy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/tallyfy"
)

const callBack = `{"title":"Call back","task_type":"task","description":"about the invoice",
	"owners":{"users":[1002],"guests":["g@b.example"],"groups":[]},"deadline":"2026-03-14 17:00:00"}`

func TestCreateOneOff(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	task := c.data(201, "POST", acme+"/tasks", callBack)
	contains(t, task, `{"title":"Call back","run_id":null,"step_id":null,"checklist_id":null,"status":"not-started","task_type":"task",
		"is_oneoff_task":true,"summary":"about the invoice","started_at":"2026-03-02T09:00:00Z","created_at":"2026-03-02T09:00:00Z",
		"last_updated":"2026-03-02T09:00:00Z","completed_at":null,"starter_id":1001,
		"owners":{"users":[{"id":1002,"full_name":"Stan Standard","profile_pic":null}],"guests":["g@b.example"],"groups":[]}}`)
	if task["deadline"] != "2026-03-16T17:00:00Z" {
		t.Errorf("deadline %v, want the Monday after the Saturday", task["deadline"])
	}
	contains(t, c.want(422, "POST", acme+"/tasks", `{}`), `{"error":true,"errors":{
		"title":["The title field is required."],"task_type":["The task type field is required."],
		"owners":["The owners field is required."],"deadline":["The deadline field is required."]}}`)
	contains(t, c.want(422, "POST", acme+"/tasks", `{"title":"`+strings.Repeat("x", 601)+`","task_type":"chore","owners":{"users":[9]},"deadline":"soon"}`),
		`{"errors":{"title":["The title is too long."],"task_type":["The selected task type is invalid."],
		"owners":["The selected owners is invalid."],"deadline":["The deadline is not a valid date."]}}`)
	if got := len(c.server.Tasks("")); got != 1 {
		t.Errorf("%d one-off tasks, want 1", got)
	}
}

func TestUpdateTask(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	oneOff := acme + "/tasks/" + c.data(201, "POST", acme+"/tasks", callBack)["id"].(string)
	contains(t, c.want(422, "PUT", oneOff, `{"title":"Write"}`), `{"errors":{"deadline":["The deadline field is required."],"owners":["The owners field is required."]}}`)
	contains(t, c.data(200, "PUT", oneOff, `{"title":"Write","deadline":"2026-03-20","owners":{"users":[1001]}}`),
		`{"title":"Write","deadline":"2026-03-20T00:00:00Z","summary":"about the invoice",
		"owners":{"users":[{"id":1001,"full_name":"Ada Admin","profile_pic":null}],"guests":[],"groups":[]}}`)

	run := c.launchOrder("Order A")
	task := c.server.Tasks(run)[0]
	rating := c.fieldID(tallyfy.SalesApproval, "margin_ok")
	ofRun := acme + "/runs/" + run + "/tasks/" + task.ID
	contains(t, c.data(200, "PUT", ofRun, `{"taskdata":{"`+rating+`":"Yes","nothing":1}}`), `{"title":"Finance review","taskdata":{"`+rating+`":"Yes"}}`)
	c.want(422, "PUT", ofRun, `{"taskdata":{"`+rating+`":"Maybe"}}`)
	contains(t, c.data(200, "POST", acme+"/tasks/"+task.ID+"/captures", `{"id":"`+rating+`","value":"No"}`), `{"taskdata":{"`+rating+`":"No"}}`)
	c.want(422, "POST", acme+"/tasks/"+task.ID+"/captures", `{"id":"`+rating+`","value":"Maybe"}`)
	c.want(404, "POST", acme+"/tasks/"+task.ID+"/captures", `{"id":"nothing","value":"No"}`)
	c.want(404, "PUT", acme+"/tasks/"+task.ID, `{"title":"x","deadline":"2026-03-20","owners":{"users":[1001]}}`)
	c.want(404, "GET", acme+"/runs/0/tasks/"+task.ID, nil)

	c.data(200, "POST", acme+"/runs/"+run+"/completed-tasks", `{"task_id":"`+task.ID+`"}`)
	c.want(422, "PUT", ofRun, `{"taskdata":{"`+rating+`":"Yes"}}`)
	c.want(422, "POST", acme+"/tasks/"+task.ID+"/captures", `{"id":"`+rating+`","value":"Yes"}`)
	if stored, _ := c.server.Task(task.ID); stored.Values[rating] != "No" {
		t.Errorf("value %v, want No", stored.Values[rating])
	}
}

func TestCompleteRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	run := c.launchOrder("Order A")
	tasks := c.server.Tasks(run)
	onboarding := c.data(201, "POST", acme+"/runs", map[string]any{"checklist_id": tallyfy.ClientOnboarding})["id"].(string)
	contract := c.server.Tasks(onboarding)[1]
	issue := c.server.Tasks(onboarding)[0]
	c.data(201, "POST", acme+"/tasks/"+issue.ID+"/problem", `{"content":"lost"}`)
	limit := c.fieldID(tallyfy.SalesApproval, "credit_limit")
	for _, test := range []struct {
		name, run, body string
		status          int
		answer          string
	}{
		{"no task", run, `{}`, 422, `{"errors":{"task_id":["The task id field is required."]}}`},
		{"unknown task", run, `{"task_id":"x"}`, 404, `{"code":"RESOURCE_NOT_FOUND"}`},
		{"another process's task", onboarding, `{"task_id":"` + tasks[0].ID + `"}`, 404, `{"code":"RESOURCE_NOT_FOUND"}`},
		{"required field is empty", run, `{"task_id":"` + tasks[1].ID + `"}`, 422, `{"errors":{"taskdata.` + limit + `":["The Credit limit field is required."]}}`},
		{"approval without judgement", run, `{"task_id":"` + tasks[2].ID + `"}`, 422, `{"errors":{"is_approved":["The is approved field is required."]}}`},
		{"not an assignee", onboarding, `{"task_id":"` + contract.ID + `"}`, 403, `{"message":"Only assignees can complete this task."}`},
		{"open issue", onboarding, `{"task_id":"` + issue.ID + `"}`, 422, `{"message":"This task has an open issue."}`},
		{"unknown completer", run, `{"task_id":"` + tasks[0].ID + `","override_user":9}`, 422, `{"errors":{"override_user":["The selected override user is invalid."]}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			contains(t, c.want(test.status, "POST", acme+"/runs/"+test.run+"/completed-tasks", test.body), test.answer)
		})
	}
	c.want(404, "POST", acme+"/completed-tasks", `{"task_id":"`+tasks[0].ID+`"}`)
	done := c.data(200, "POST", acme+"/runs/"+run+"/completed-tasks", `{"task_id":"`+tasks[0].ID+`"}`)
	want := map[string]any{
		"id": tasks[0].ID, "title": "Finance review", "status": "completed", "completed_at": "2026-03-02T09:00:00.000Z",
		"completer_id": 1001., "tasks_changed_by_rules": map[string]any{},
	}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("completed (-want +got):\n%s", diff)
	}
	contains(t, c.want(422, "POST", acme+"/runs/"+run+"/completed-tasks", `{"task_id":"`+tasks[0].ID+`"}`), `{"message":"This task is already completed."}`)
	contains(t, c.data(200, "POST", acme+"/runs/"+onboarding+"/completed-tasks", `{"task_id":"`+contract.ID+`","override_user":1005}`), `{"completer_id":1005}`)
	c.data(201, "POST", acme+"/tasks/"+issue.ID+"/resolved-threads", `{"content":"found"}`)
	c.want(422, "POST", acme+"/tasks/"+issue.ID+"/resolved-threads", `{"content":"found"}`)
	c.data(200, "POST", acme+"/runs/"+onboarding+"/completed-tasks", `{"task_id":"`+issue.ID+`"}`)
}

func TestOneOffCompletes(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	id := c.data(201, "POST", acme+"/tasks", callBack)["id"].(string)
	done := c.data(200, "POST", acme+"/completed-tasks", `{"task_id":"`+id+`"}`)
	if _, there := done["tasks_changed_by_rules"]; there || done["status"] != "completed" {
		t.Errorf("completed = %v", done)
	}
	contains(t, c.data(200, "DELETE", acme+"/completed-tasks/"+id, nil), `{"status":"in-progress"}`)
	c.want(422, "DELETE", acme+"/completed-tasks/"+id, nil)
	c.want(404, "DELETE", acme+"/completed-tasks/x", nil)
}

func TestComments(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	run := c.launchOrder("Order A")
	task := c.server.Tasks(run)[0]
	contains(t, c.data(201, "POST", acme+"/tasks/"+task.ID+"/comment", `{"content":"looks fine"}`), `{"content":"looks fine","label":"comment","author_id":1001}`)
	c.want(422, "POST", acme+"/tasks/"+task.ID+"/comment", `{}`)
	c.want(404, "POST", acme+"/tasks/x/comment", `{"content":"a"}`)
	threads := c.rows(acme + "/runs/" + run + "/tasks?with=threads&per_page=100")[0]["threads"].(map[string]any)["data"].([]any)
	contains(t, threads[0].(map[string]any), `{"content":"looks fine"}`)
}

func TestTaskLists(t *testing.T) {
	t.Parallel()
	now := monday
	c := start(t, tallyfy.Config{Clock: func() time.Time { return now }})
	run := c.launchOrder("Order A")
	c.data(201, "POST", acme+"/tasks", callBack)
	c.data(200, "POST", acme+"/runs/"+run+"/completed-tasks", `{"task_id":"`+c.server.Tasks(run)[0].ID+`"}`)
	for query, want := range map[string]string{
		"": "Finance review,Credit check,Management approval,Call back", "?q=CHECK": "Credit check",
		"?status=completed": "Finance review", "?status=complete": "Finance review",
		"?status=active": "Credit check,Management approval,Call back", "?status=hasproblem": "",
		"?is_oneoff=true": "Call back", "?owners=1003": "Finance review", "?unassigned=true": "", "?archived=only": "",
		"?deadline_on=2026-03-04": "Credit check", "?deadline_before=2026-03-04": "Finance review",
		"?deadline_after=2026-03-05": "Call back", "?created=2026-03-02": "Finance review,Credit check,Management approval,Call back",
		"?created=2026-03-03:2026-04-01": "", "?sort=-deadline": "Call back,Management approval,Credit check,Finance review",
		"?sort=newest": "Call back,Management approval,Credit check,Finance review", "?assignee=me": "",
		"?status=due_soon": "Credit check",
	} {
		var titles []string
		for _, task := range c.rows(acme + "/tasks" + query) {
			titles = append(titles, task["title"].(string))
		}
		if got := strings.Join(titles, ","); got != want {
			t.Errorf("%s lists %s, want %s", query, got, want)
		}
	}
	c.token = tallyfy.StandardToken
	if mine := c.rows(acme + "/me/tasks"); len(mine) != 1 || mine[0]["title"] != "Call back" {
		t.Errorf("my tasks = %v", mine)
	}
	if mine := c.rows(acme + "/tasks?assignee=me"); len(mine) != 1 {
		t.Errorf("assignee=me lists %d", len(mine))
	}
	c.token = tallyfy.AdminToken
	c.data(200, "PUT", acme+"/runs/"+run+"/tasks/"+c.server.Tasks(run)[2].ID, `{"deadline":"2026-03-31"}`)
	if last := c.rows(acme + "/tasks?sort=deadline")[3]; last["title"] != "Management approval" {
		t.Errorf("the last deadline is that of %v", last["title"])
	}
	now = monday.AddDate(0, 0, 4)
	if late := c.rows(acme + "/tasks?status=overdue"); len(late) != 1 {
		t.Errorf("%d tasks are overdue, want 1", len(late))
	}
	if delayed := c.rows(acme + "/runs?status=delayed"); len(delayed) != 1 || delayed[0]["late_tasks"] != 1. {
		t.Errorf("delayed = %v", delayed)
	}
}
