package tallyfy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/tallyfy"
)

// The vendor's own example of a launch, with the values that it shows.
func TestLaunchAsDocumented(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	template, _ := c.server.Template(tallyfy.ClientOnboarding)
	run := c.data(201, "POST", acme+"/runs", fmt.Sprintf(`{"checklist_id":"c15bf2be31c3a7fbded5d13fce7aaab9","name":"Onboarding - ACME","summary":"","owner_id":1001,
		"prerun":{"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6":"ACME Corp"},
		"tasks":{%q:{"deadline":"2026-03-20T17:00:00Z","owners":{"users":[1002],"guests":[],"groups":[]}}},
		"tags":[],"users":[],"groups":[],"folders":[],"roles":{},"is_public":false,"starred":false,"parent_id":null}`, template.Steps[1].ID))
	contains(t, run, `{"increment_id":5015,"checklist_id":"c15bf2be31c3a7fbded5d13fce7aaab9","checklist_title":"Client Onboarding",
		"name":"Onboarding - ACME","summary":"","status":"active","progress":{"complete":0,"total":4,"percent":0},"whole_progress":{},
		"started_by":1001,"owner_id":1001,"prerun":{"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6":"ACME Corp"},"prerun_status":"complete",
		"starred":false,"created_at":"2026-03-02T09:00:00Z","started_at":"2026-03-02T09:00:00Z","last_updated":"2026-03-02T09:00:00Z",
		"archived_at":null,"completed_at":null,"due_date":null,"type":"procedure","is_public":false,"users":[],"groups":[],
		"due_date_passed":false,"due_soon":false,"late_tasks":0,"parent_id":null,"can_add_oot":true,"has_open_issue":false}`)
	id := run["id"].(string)
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("id %q is not 32 hex digits", id)
	}
	var owners, deadlines []any
	for _, task := range c.rows(acme + "/runs/" + id + "/tasks") {
		var ids []any
		for _, user := range task["owners"].(map[string]any)["users"].([]any) {
			ids = append(ids, user.(map[string]any)["id"])
		}
		owners, deadlines = append(owners, ids), append(deadlines, task["deadline"])
	}
	// The step's owner, the launch's override, two owners, and the launcher where nobody is named.
	if diff := cmp.Diff([]any{[]any{1002.}, []any{1002.}, []any{1001., 1002.}, []any{1001.}}, owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{nil, "2026-03-20T17:00:00Z", nil, nil}, deadlines); diff != "" {
		t.Errorf("deadlines (-want +got):\n%s", diff)
	}
}

func TestLaunchDefaultsAndDrops(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	run := c.data(201, "POST", acme+"/runs", map[string]any{
		"blueprint_id": tallyfy.SalesApproval,
		"prerun":       map[string]any{"order_number": "SO1", "Order number": "SO1", strings.Repeat("0", 32): "x"},
	})
	contains(t, run, `{"name":"Sales order approval - 2026-03-02","prerun":{},"prerun_status":"incomplete","owner_id":1001}`)
	tasks := c.server.Tasks(run["id"].(string))
	var due []string
	for _, task := range tasks {
		due = append(due, task.Deadline.Format("2006-01-02"))
	}
	if diff := cmp.Diff([]string{"2026-03-03", "2026-03-04", "2026-03-05"}, due); diff != "" {
		t.Errorf("deadlines (-want +got):\n%s", diff)
	}
	stored, ok := c.server.Run(run["id"].(string))
	if !ok || stored.Status() != "active" || len(stored.Prerun) != 0 {
		t.Errorf("Run = %+v, %v", stored, ok)
	}
}

func TestLaunchRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	for _, test := range []struct {
		name, body string
		status     int
		answer     string
	}{
		{"not JSON", `{"checklist_id":`, 400, `{"error":true,"message":"The request body is not valid JSON."}`},
		{"null", `null`, 400, `{"error":true,"message":"The request body is not valid JSON."}`},
		{"no template", `{}`, 422, `{"error":true,"errors":{"checklist_id":["The checklist id field is required."]}}`},
		{"empty body", ``, 422, `{"error":true,"errors":{"checklist_id":["The checklist id field is required."]}}`},
		{"template of another type", `{"checklist_id":5}`, 422, `{"error":true,"errors":{"checklist_id":["The checklist id must be a string."]}}`},
		{"unknown template", `{"checklist_id":"x"}`, 404, `{"code":"RESOURCE_NOT_FOUND","error":true,"message":"Checklist not found."}`},
		{"long name", `{"checklist_id":"` + tallyfy.SalesApproval + `","name":"` + strings.Repeat("é", 551) + `"}`, 422,
			`{"error":true,"errors":{"name":["The name is too long."]}}`},
		{"unknown owner", `{"checklist_id":"` + tallyfy.SalesApproval + `","owner_id":9}`, 422,
			`{"error":true,"errors":{"owner_id":["The selected owner id is invalid."]}}`},
		{"prerun is a list", `{"checklist_id":"` + tallyfy.SalesApproval + `","prerun":["x"]}`, 422,
			`{"error":true,"errors":{"prerun":["The prerun must be an object."]}}`},
		{"every mistake at once", `{"checklist_id":"` + tallyfy.SalesApproval + `","starred":1,"users":[9]}`, 422,
			`{"error":true,"errors":{"starred":["The starred field must be true or false."],"users":["The selected users is invalid."]}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := c.do("POST", acme+"/runs", test.body)
			if status != test.status || body != test.answer {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.answer)
			}
		})
	}
	if runs := c.server.Runs(); len(runs) != 0 {
		t.Errorf("refused launches made %d processes", len(runs))
	}
	if status, _ := c.do("POST", acme+"/runs", `{"checklist_id":"`+tallyfy.SalesApproval+`","prerun":[]}`); status != 201 {
		t.Errorf("an empty prerun list is answered %d", status)
	}
}

// TestValueShapes is the table of kick-off value shapes; an empty problem means 201.
func TestValueShapes(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{RatePerMinute: -1})
	for _, test := range []struct{ alias, value, problem string }{
		{"customer_name", `"` + strings.Repeat("é", 200) + `"`, ""},
		{"customer_name", `"` + strings.Repeat("x", 201) + `"`, "is too long"},
		{"customer_name", `75000`, "must be a string"},
		{"customer_name", `true`, "must be a string"},
		{"customer_name", `null`, ""},
		{"background", `"` + strings.Repeat("x", 30000) + `"`, ""},
		{"background", `"` + strings.Repeat("x", 30001) + `"`, "is too long"},
		{"account_manager", `"a@b.example"`, ""},
		{"account_manager", `"A <a@b.example>"`, "must be a valid email address"},
		{"account_manager", `"nobody"`, "must be a valid email address"},
		{"start_date", `"2024-03-15"`, ""},
		{"start_date", `"2024-03-15 10:00:00"`, ""},
		{"start_date", `"2024-03-15T10:00:00Z"`, ""},
		{"start_date", `"15/03/2024"`, "is not a valid date"},
		{"priority", `"High"`, ""},
		{"priority", `"high"`, "is not an option"},
		{"priority", `{"id":3,"text":"High"}`, "is not an option"},
		{"department", `{"id":2,"text":"Engineering","value":null}`, ""},
		{"department", `{"id":1,"text":"Engineering","value":null}`, "must be an option's id and text"},
		{"department", `{"id":9,"text":"Engineering"}`, "must be an option's id and text"},
		{"department", `"Engineering"`, "must be an option's id and text"},
		{"equipment", `[{"id":1,"text":"Laptop","value":null,"selected":true}]`, ""},
		{"equipment", `["Laptop"]`, "must be a list of options"},
		{"equipment", `"Laptop"`, "must be a list of options"},
		{"contacts", `["Jo","jo@b.example"]`, ""},
		{"contacts", `["Jo"]`, "Number of columns does not match required columns"},
		{"team", `{"users":[1001],"guests":["a@b.example"],"groups":[]}`, ""},
		{"team", `{"users":[9]}`, "must be users, guests and groups"},
		{"team", `{"guests":[9]}`, "must be users, guests and groups"},
		{"team", `[1001]`, "must be users, guests and groups"},
		{"contract", `[{"id":"f1","filename":"c.pdf"}]`, ""},
		{"contract", `["c.pdf"]`, "must be a list of uploaded files"},
	} {
		t.Run(test.alias+" "+test.value[:min(20, len(test.value))], func(t *testing.T) {
			id := c.fieldID(tallyfy.ClientOnboarding, test.alias)
			status, body := c.do("POST", acme+"/runs", fmt.Sprintf(`{"checklist_id":%q,"prerun":{%q:%s}}`, tallyfy.ClientOnboarding, id, test.value))
			if test.problem == "" && status != 201 {
				t.Errorf("got %d %s, want 201", status, body)
			}
			if test.problem != "" && (status != 422 || !strings.Contains(body, `"prerun.`+id+`":[`) || !strings.Contains(body, test.problem+`"]`)) {
				t.Errorf("got %d %s, want 422 and %q", status, body, test.problem)
			}
		})
	}
}

func TestFixturesHaveEveryFieldType(t *testing.T) {
	t.Parallel()
	types := map[string]int{}
	for _, template := range tallyfy.Fixtures().Templates {
		for _, field := range template.Prerun {
			types[field.Type]++
		}
	}
	for _, want := range strings.Fields("text textarea email date radio dropdown multiselect table assignees_form file") {
		if types[want] == 0 {
			t.Errorf("no kick-off field is %s", want)
		}
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	c.launchOrder("one")
	template := c.data(200, "GET", acme+"/checklists/"+tallyfy.SalesApproval+"?with=steps,tags", nil)
	contains(t, template, `{"title":"Sales order approval","type":"procedure","steps_count":3,"started_processes":1,
		"automated_actions":[],"webhook":null,"archived_at":null,"status":"active","tags":{"data":[]}}`)
	contains(t, template["prerun"].([]any)[3].(map[string]any), `{"checklist_id":"`+tallyfy.SalesApproval+`","alias":"currency","label":"Currency",
		"field_type":"dropdown","required":false,"options":[{"id":1,"text":"USD"},{"id":2,"text":"EUR"},{"id":3,"text":"GBP"}],"columns":[]}`)
	var steps []any
	for _, step := range template["steps"].(map[string]any)["data"].([]any) {
		steps = append(steps, step.(map[string]any)["title"], step.(map[string]any)["task_type"])
	}
	if diff := cmp.Diff([]any{"Finance review", "task", "Credit check", "task", "Management approval", "approval"}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for path, want := range map[string]int{
		"/checklists": 2, "/checklists?q=ONBOARD": 1, "/checklists?type=form": 0, "/checklists?owner_id=1001": 2,
		"/checklists?owner_id=1002": 0, "/checklists?archived=only": 0, "/checklists/" + tallyfy.SalesApproval + "/steps": 3,
		"/checklists/" + tallyfy.SalesApproval + "/form-fields": 4,
	} {
		if got := len(c.rows(acme + path)); got != want {
			t.Errorf("%s lists %d, want %d", path, got, want)
		}
	}
	if c.rows(acme + "/checklists")[0]["steps"] != nil {
		t.Error("steps come without being asked for")
	}
	if table := c.data(200, "GET", acme+"/checklists/"+tallyfy.ClientOnboarding, nil)["prerun"].([]any)[8].(map[string]any); true {
		contains(t, table, `{"field_type":"table","columns":[{"id":1,"label":"Name"},{"id":2,"label":"E-mail"}]}`)
	}
}
