package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/sdk"
	"patchbay/sdk/sdktest"
	vendor "patchbay/testkit/vendors/tallyfy"
)

// The cases under testdata show each operation against recorded answers. Here is what needs many variants,
// or a vendor that keeps state.

const blueprintID = "c15bf2be31c3a7fbded5d13fce7aaab9"

// answering is a host whose vendor gives the same answer to every request.
func answering(status int, header http.Header, body string) *sdktest.Host {
	return host(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
}

func host(vendor http.Handler) *sdktest.Host {
	h := sdktest.New(connector(), vendor)
	h.Fields = map[string]any{"organization": "4f1c9a7e2b6d8035c1e7f0a92d34b586"}
	return h
}

// formOf is the blueprint of the tests below: one field of each kind.
const formOf = `{"data": {"id": "c15bf2be31c3a7fbded5d13fce7aaab9", "title": "T", "prerun": [
	{"id": "f1", "alias": "name", "label": "Name", "field_type": "text"},
	{"id": "f2", "alias": "notes", "label": "Notes", "field_type": "textarea"},
	{"id": "f3", "alias": "mail", "label": "E-mail", "field_type": "email"},
	{"id": "f4", "alias": "day", "label": "Day", "field_type": "date"},
	{"id": "f5", "alias": "size", "label": "Size", "field_type": "radio", "options": [{"id": 1, "text": "Small"}, {"id": 2, "text": "Very  Large"}]},
	{"id": "f6", "alias": "team", "label": "Team", "field_type": "dropdown", "options": [{"id": 7, "text": "7"}, {"id": "x", "text": "X", "value": {"a": 1}}, {"id": 9, "text": "Nine"}]},
	{"id": "f7", "alias": "kit", "label": "Kit", "field_type": "multiselect", "options": [{"id": 1, "text": "Pen"}, {"id": 2, "text": "Ink, blue"}]},
	{"id": "f8", "alias": "row", "label": "Row", "field_type": "table", "columns": [{"label": "A"}, {"label": "B"}]},
	{"id": "f9", "alias": "who", "label": "Who", "field_type": "assignees_form"},
	{"id": "f10", "alias": "doc", "label": "Doc", "field_type": "file"},
	{"id": "f11", "alias": "new", "label": "New", "field_type": "hologram"},
	{"id": "f12", "alias": "", "label": "Twin", "field_type": "text"},
	{"id": "f13", "alias": "", "label": "Twin", "field_type": "text"},
	{"id": "f14", "alias": "a/b~c", "label": "notes", "field_type": "date"}
]}}`

func TestLaunchProcess_Values(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kickoff string
		want    string // the prerun sent, or empty
		fault   string // part of the message
		field   string
	}{
		{kickoff: `{}`, want: ``},
		{kickoff: `{"name": null, "notes": ""}`, want: ``},
		{kickoff: `{"name": "A"}`, want: `{"f1": "A"}`},
		{kickoff: `{"Name": 1.50}`, want: `{"f1": "1.50"}`},
		{kickoff: `{"f1": 12345678901234567890}`, want: `{"f1": "12345678901234567890"}`},
		{kickoff: `{"name": true}`, fault: `kick-off field "name": want text or a number`, field: "/kickoff/name"},
		{kickoff: `{"name": "` + strings.Repeat("ü", 200) + `"}`, want: `{"f1": "` + strings.Repeat("ü", 200) + `"}`},
		{kickoff: `{"name": "` + strings.Repeat("ü", 201) + `"}`, fault: `201 characters, at most 200`, field: "/kickoff/name"},
		{kickoff: `{"notes": "` + strings.Repeat("x", 30001) + `"}`, fault: `at most 30000`, field: "/kickoff/notes"},
		{kickoff: `{"mail": "a@b.example"}`, want: `{"f3": "a@b.example"}`},
		{kickoff: `{"mail": false}`, fault: `want text or a number`, field: "/kickoff/mail"},
		{kickoff: `{"day": "2026-03-20 17:00:00"}`, want: `{"f4": "2026-03-20 17:00:00"}`},
		{kickoff: `{"day": "2026-03-20T17:00:00.000Z"}`, want: `{"f4": "2026-03-20T17:00:00.000Z"}`},
		{kickoff: `{"day": "20.3.2026"}`, fault: `want a date`, field: "/kickoff/day"},
		{kickoff: `{"day": 20260320}`, fault: `want a date`, field: "/kickoff/day"},
		{kickoff: `{"size": " very large"}`, want: `{"f5": "Very  Large"}`},
		{kickoff: `{"size": "huge"}`, fault: `no option "huge"; the options are "Small", "Very  Large"`, field: "/kickoff/size"},
		{kickoff: `{"size": ["Small"]}`, fault: `want the text of an option`, field: "/kickoff/size"},
		{kickoff: `{"team": 7}`, want: `{"f6": {"id": 7, "text": "7", "value": null}}`},
		{kickoff: `{"team": 9}`, want: `{"f6": {"id": 9, "text": "Nine", "value": null}}`},
		{kickoff: `{"team": "x"}`, want: `{"f6": {"id": "x", "text": "X", "value": {"a": 1}}}`},
		{kickoff: `{"kit": "Ink, blue"}`, want: `{"f7": [{"id": 2, "text": "Ink, blue", "value": null, "selected": true}]}`},
		{kickoff: `{"kit": "pen,2"}`, want: `{"f7": [{"id": 1, "text": "Pen", "value": null, "selected": true}, {"id": 2, "text": "Ink, blue", "value": null, "selected": true}]}`},
		{kickoff: `{"kit": ["Pen"]}`, want: `{"f7": [{"id": 1, "text": "Pen", "value": null, "selected": true}]}`},
		{kickoff: `{"kit": ["Pen", "Cup"]}`, fault: `no option "Cup"`, field: "/kickoff/kit"},
		{kickoff: `{"kit": []}`, want: `{"f7": []}`},
		{kickoff: `{"row": ["a", null]}`, want: `{"f8": ["a", ""]}`},
		{kickoff: `{"row": ["a"]}`, fault: `one entry for each column: "A", "B"`, field: "/kickoff/row"},
		{kickoff: `{"row": ["a", {}]}`, fault: `column "B": want text or a number`, field: "/kickoff/row"},
		{kickoff: `{"who": [3, "3", 2]}`, want: `{"f9": {"users": [2, 3], "guests": [], "groups": []}}`},
		{kickoff: `{"who": {"id": 3}}`, fault: `{"id":3} is neither`, field: "/kickoff/who/0"},
		{kickoff: `{"who": "Bob"}`, fault: `"Bob" is neither a user id nor an e-mail address`, field: "/kickoff/who/0"},
		{kickoff: `{"doc": {"id": "a"}}`, want: `{"f10": [{"id": "a"}]}`},
		{kickoff: `{"doc": "contract.pdf"}`, fault: `uploaded to Tallyfy before`, field: "/kickoff/doc"},
		{kickoff: `{"new": {"any": [1]}}`, want: `{"f11": {"any": [1]}}`},
		{kickoff: `{"Twin": "A"}`, fault: `2 kick-off fields are called "Twin"; use one of their ids: "f12", "f13"`, field: "/kickoff/Twin"},
		{kickoff: `{"name": "A", "f1": "B"}`, fault: `given twice`, field: "/kickoff/name"},
		{kickoff: `{"notes": "an alias goes before a label"}`, want: `{"f2": "an alias goes before a label"}`},
		{kickoff: `{"NAME": "A"}`, fault: `no kick-off field "NAME"; it has "name", "notes"`, field: "/kickoff/NAME"},
		{kickoff: `{"a/b~c": "x"}`, fault: `want a date`, field: "/kickoff/a~1b~0c"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%.40s", tt.kickoff), func(t *testing.T) {
			t.Parallel()
			h := answering(200, nil, formOf)
			_, err := sdktest.Run[processOutput](h, "launch_process",
				map[string]any{"blueprint_id": blueprintID, "kickoff": json.RawMessage(tt.kickoff)})
			if tt.fault != "" {
				wantFault(t, err, sdk.InvalidInput, tt.fault, tt.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var sent struct{ Prerun json.RawMessage }
			sentTo(t, h, 1, &sent)
			if diff := cmp.Diff(parsed(t, tt.want), parsed(t, string(sent.Prerun))); diff != "" {
				t.Errorf("prerun (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLaunchProcess_NoForm(t *testing.T) {
	t.Parallel()
	_, err := sdktest.Run[processOutput](answering(200, nil, `{"data": {"id": "b"}}`), "launch_process",
		launchInput{BlueprintID: "b", Kickoff: map[string]any{"name": "A"}})
	wantFault(t, err, sdk.InvalidInput, `the blueprint has no kick-off field "name"; it has none`, "/kickoff/name")
}

func TestCreateTask_Input(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, input, fault, field string
	}{
		{"nobody", `{"title": "T", "deadline": "2026-03-20"}`, "at least one assignee or group", "/assignees"},
		{"deadline", `{"title": "T", "assignees": [1], "deadline": "tomorrow"}`, `"tomorrow" is not a date`, "/deadline"},
		{"start", `{"title": "T", "assignees": [1], "deadline": "2026-03-20", "started_at": "now"}`, `"now" is not a date`, "/started_at"},
		{"name", `{"title": "T", "assignees": [1, "Bob"], "deadline": "2026-03-20"}`, `"Bob" is neither`, "/assignees/1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := answering(500, nil, "")
			_, err := sdktest.Run[createTaskOutput](h, "create_task", json.RawMessage(tt.input))
			wantFault(t, err, sdk.InvalidInput, tt.fault, tt.field)
			if n := len(h.Requests()); n != 0 {
				t.Errorf("%d requests were sent, want none", n)
			}
		})
	}
}

func TestAddComment_Empty(t *testing.T) {
	t.Parallel()
	_, err := sdktest.Run[addCommentOutput](answering(500, nil, ""), "add_comment", addCommentInput{TaskID: "t", Content: " \n"})
	wantFault(t, err, sdk.InvalidInput, "empty", "/content")
}

// TestAddComment_NoBody: what became of a comment must not hang on an answer that is nowhere documented.
func TestAddComment_NoBody(t *testing.T) {
	t.Parallel()
	got, err := sdktest.Run[addCommentOutput](answering(201, nil, ""), "add_comment", addCommentInput{TaskID: "t", Content: "Hi"})
	if err != nil || got.TaskID != "t" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		code   sdk.Code
		want   string
		after  float64
	}{
		{"bool", 403, nil, `{"error": true, "message": "No.", "code": "X"}`, sdk.Forbidden, "Tallyfy answered 403: No", 0},
		{"word", 400, nil, `{"error": "invalid_client"}`, sdk.InvalidInput, "Tallyfy answered 400: invalid_client", 0},
		{"object", 409, nil, `{"error": {"code": "SEAT_POOL_EXHAUSTED", "message": "No seats.", "details": {}}}`, sdk.Conflict, "Tallyfy answered 409: No seats", 0},
		{"errors", 422, nil, `{"errors": {"title": ["Too long.", "Not nice."]}}`, sdk.InvalidInput, "Tallyfy answered 422: title: Too long. Not nice", 0},
		{"details", 422, nil, `{"message": "Bad", "details": {"title": "Too long", "n": 3, "o": {"a": 1}}}`, sdk.InvalidInput, `Tallyfy answered 422: Bad; n: 3; o: {"a": 1}; title: Too long`, 0},
		{"empty lists", 422, nil, `{"message": "Bad", "errors": [], "details": []}`, sdk.InvalidInput, "Tallyfy answered 422: Bad", 0},
		{"unauthorized", 401, nil, `{"error": true, "message": "Unauthenticated."}`, sdk.Unauthorized, "Tallyfy answered 401: Unauthenticated. The token may have expired", 0},
		{"endpoint", 404, nil, `{"error": true, "message": "Gone.", "code": "ENDPOINT_NOT_FOUND"}`, sdk.NotFound, "Tallyfy answered 404: Gone. The API host does not serve this path", 0},
		{"limit", 429, http.Header{"Retry-After": {"7"}}, `{"message": "Too Many Attempts.", "code": "RATE_LIMIT_EXCEEDED"}`, sdk.RateLimited, "Tallyfy answered 429: Too Many Attempts", 7},
		{"html", 502, nil, `<html>`, sdk.Unavailable, "Tallyfy answered 502", 0},
		{"null", 500, nil, `null`, sdk.Unavailable, "Tallyfy answered 500", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := sdktest.Run[taskOutput](answering(tt.status, tt.header, tt.body), "get_task", getTaskInput{TaskID: "t"})
			f := wantFault(t, err, tt.code, tt.want, "*")
			if f != nil && f.RetryAfter != tt.after {
				t.Errorf("retry after %v, want %v", f.RetryAfter, tt.after)
			}
		})
	}
}

// TestFaults_Details: the request id is what Tallyfy's support asks for.
func TestFaults_Details(t *testing.T) {
	t.Parallel()
	h := answering(500, http.Header{"X-Request-Id": {"r-1"}}, `{"code": "C"}`)
	_, err := sdktest.Run[taskOutput](h, "get_task", getTaskInput{TaskID: "t"})
	f := wantFault(t, err, sdk.Unavailable, "", "")
	if got, want := string(f.Details), `{"code":"C","request_id":"r-1","status":500}`; got != want {
		t.Errorf("details %s, want %s", got, want)
	}
}

// TestFaults_EveryOperation: none of them takes an outage for an answer.
func TestFaults_EveryOperation(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"list_blueprints": `{}`, "get_blueprint": `{"blueprint_id": "b"}`, "launch_process": `{"blueprint_id": "b"}`,
		"list_tasks": `{}`, "get_task": `{"task_id": "t"}`, "complete_task": `{"task_id": "t"}`,
		"create_task": `{"title": "T", "deadline": "2026-03-20", "assignees": ["a@b.example"]}`,
		"add_comment": `{"task_id": "t", "content": "C"}`, "blueprints": `{}`, "kickoff": `{"blueprint_id": "b"}`, "test": `{}`,
	}
	for _, op := range operations(t) {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			call := sdktest.Call{Kind: op.Kind, Operation: op.Name, Input: json.RawMessage(inputs[op.Name])}
			for _, h := range []*sdktest.Host{answering(503, nil, "down"), answering(200, nil, "<html>")} {
				wantStatus(t, h, call, sdk.Unavailable)
				if n := len(h.Requests()); n != 1 {
					t.Errorf("%d requests, want none after the first failed", n)
				}
			}
			wantStatus(t, host(nil), call, sdk.Forbidden) // no http grant
		})
	}
}

// TestTest_HalfDown: a list that cannot be read is not a list without the organization.
func TestTest_HalfDown(t *testing.T) {
	t.Parallel()
	h := host(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/organizations") {
			w.WriteHeader(503)
		}
		io.WriteString(w, `{"data": {"id": 1}}`)
	}))
	wantStatus(t, h, sdktest.Call{Kind: abi.KindTest, Operation: "test"}, sdk.Unavailable)
}

// TestLogs: what a write made can be found in the log, even if its answer never arrives.
func TestLogs(t *testing.T) {
	t.Parallel()
	for action, input := range map[string]string{
		"launch_process": `{"blueprint_id": "b"}`, "complete_task": `{"task_id": "x1"}`, "add_comment": `{"task_id": "x1", "content": "C"}`,
		"create_task": `{"title": "T", "deadline": "2026-03-20", "groups": ["g"]}`,
	} {
		h := answering(200, nil, `{"data": {"id": "x1", "title": "T", "status": "active"}}`)
		run[json.RawMessage](t, h, action, json.RawMessage(input))
		logs := h.Logs()
		if len(logs) != 1 || logs[0].Level != abi.LevelInfo || logs[0].Attrs["task"] != "x1" && logs[0].Attrs["process"] != "x1" {
			t.Errorf("%s: logged %+v, want one line with the id", action, logs)
		}
	}
	h := answering(200, nil, `{"data": {"id": "x1", "status": "completed"}}`)
	run[completeTaskOutput](t, h, "complete_task", completeTaskInput{TaskID: "x1"})
	if logs := h.Logs(); len(logs) != 1 || logs[0].Message != "task was completed already" {
		t.Errorf("complete_task again: logged %+v", logs)
	}
}

func TestPointerTo(t *testing.T) {
	t.Parallel()
	form := kickoffForm{fields: []field{{ID: "f1", Alias: "a"}, {ID: "f2", Label: "B"}, {ID: "f3"}}}
	for name, want := range map[string]string{
		"checklist_id": "/blueprint_id", "run_id": "/process_id", "owners.users.0": "/assignees", "title": "/title", "tags": "",
		"prerun.f1": "/kickoff/a", "prerun.f2": "/kickoff/B", "prerun.f3": "/kickoff/f3", "prerun.f4": "/kickoff",
	} {
		if got := form.pointerTo(name); got != want {
			t.Errorf("pointerTo(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestListTasks_Query(t *testing.T) {
	t.Parallel()
	tests := []struct{ input, want string }{
		{`{}`, "page=1&per_page=50"},
		{`{"search": "a b", "page_size": 3}`, "page=1&per_page=3&q=a+b"},
		{`{"unassigned": true, "one_off": true, "deadline_after": "2026-03-01"}`, "deadline_after=2026-03-01&is_oneoff=true&page=1&per_page=50&unassigned=true"},
	}
	for _, tt := range tests {
		h := answering(200, nil, `{"data": []}`)
		if _, err := sdktest.RunPage[taskOutput](h, "list_tasks", json.RawMessage(tt.input), nil); err != nil {
			t.Error(err)
		}
		if _, got, _ := strings.Cut(h.Requests()[0].URL, "?"); got != tt.want {
			t.Errorf("list_tasks %s: query %s, want %s", tt.input, got, tt.want)
		}
	}
}

// TestKickoffSchema has the types that the case of the same name has not.
func TestKickoffSchema(t *testing.T) {
	t.Parallel()
	got, err := sdktest.Schema(answering(200, nil, formOf), "kickoff", getBlueprintInput{BlueprintID: blueprintID})
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(got, &schema); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"notes": `{"maxLength":30000,"title":"Notes","type":"string"}`,
		"mail":  `{"format":"email","title":"E-mail","type":"string"}`,
		"new":   `{"title":"New"}`,
	} {
		if string(schema.Properties[name]) != want {
			t.Errorf("%s: %s, want %s", name, schema.Properties[name], want)
		}
	}
}

func TestTaskShapes(t *testing.T) {
	t.Parallel()
	h := answering(200, nil, `{"data": {"id": "t", "title": "T", "status": "active", "completer_id": "12", "is_approved": false, "taskdata": [],
		"owners": {"users": [{"id": "5", "full_name": "Eve"}, 6], "guests": [{"email": "g@x.example"}], "groups": [{"id": "g1"}, 2]}}}`)
	got, err := sdktest.Run[json.RawMessage](h, "get_task", getTaskInput{TaskID: "t"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id": "t", "title": "T", "status": "active", "completer_id": 12, "is_approved": false, "one_off": true,
		"assignees": {"users": [{"id": 5, "full_name": "Eve"}, {"id": 6}], "guests": ["g@x.example"], "groups": ["g1", "2"]}}`
	if diff := cmp.Diff(parsed(t, want), parsed(t, string(got))); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
}

func FuzzParseError(f *testing.F) {
	for _, s := range []string{`{"error": true, "errors": {"a": ["b"]}}`, `{"error": {"message": "m"}}`, `{"details": []}`, `[1]`, `null`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := parseError(body)
		for name, problem := range e.Problems {
			if !strings.Contains(e.text(), name+": "+strings.TrimSuffix(problem, ".")) {
				t.Errorf("text %q lacks problem %q", e.text(), name)
			}
		}
	})
}

// TestVendor runs every operation against the server in memory: what one call leaves behind the next one meets.
func TestVendor(t *testing.T) {
	t.Parallel()
	server := vendor.New(vendor.Config{})
	t.Cleanup(server.Close)
	h := signedIn(server, vendor.AdminToken)

	page, err := sdktest.RunPage[blueprintOutput](h, "list_blueprints", listBlueprintsInput{PageSize: 1}, nil)
	if err != nil || len(page.Items) != 1 || page.Cursor == nil {
		t.Fatalf("list_blueprints: %+v, %v", page, err)
	}
	rest, err := sdktest.RunPage[blueprintOutput](h, "list_blueprints", listBlueprintsInput{PageSize: 1}, page.Cursor)
	if err != nil || len(rest.Items) != 1 || rest.Cursor != nil || rest.Items[0].ID == page.Items[0].ID {
		t.Fatalf("list_blueprints, second page: %+v, %v", rest, err)
	}
	if _, err := sdktest.Run[processOutput](h, "launch_process", launchInput{BlueprintID: vendor.SalesApproval}); err == nil {
		t.Error("a launch without its required kick-off fields succeeded")
	}
	launched := run[processOutput](t, h, "launch_process", launchInput{BlueprintID: vendor.SalesApproval, Name: "SO10001",
		Kickoff: map[string]any{"order_number": "SO10001", "Customer name": "ACME", "order_total": 371.85, "currency": "eur"}})
	if launched.KickoffStatus != "complete" || launched.BlueprintID != vendor.SalesApproval {
		t.Errorf("launch_process: %+v", launched)
	}
	tasks, err := sdktest.RunPage[taskOutput](h, "list_tasks", listTasksInput{ProcessID: launched.ID}, nil)
	if err != nil || len(tasks.Items) != 3 {
		t.Fatalf("list_tasks: %+v, %v", tasks, err)
	}
	for _, task := range tasks.Items {
		completeOne(t, h, task)
	}
	oneOff := run[createTaskOutput](t, h, "create_task", createTaskInput{Title: "Call ACME", Deadline: "2026-03-21",
		Assignees: []any{"Stan@acme.example", vendor.Fay}})
	got := run[taskOutput](t, h, "get_task", getTaskInput{TaskID: oneOff.ID})
	if !got.OneOff || len(got.Assignees.Users) != 2 || got.Assignees.Users[0].FullName != "Stan Standard" {
		t.Errorf("get_task: %+v", got)
	}
	if c := run[addCommentOutput](t, h, "add_comment", addCommentInput{TaskID: oneOff.ID, Content: "Done soon."}); c.CommentID == "" {
		t.Errorf("add_comment: %+v", c)
	}
	who, err := sdktest.Test[account](h, "test")
	if err != nil || who.User.Name != "Ada Admin" || who.Organization.Name != "ACME Distribution" {
		t.Errorf("test: %+v, %v", who, err)
	}
}

// completeOne completes a task twice. The credit check's required field is empty, which Tallyfy refuses.
func completeOne(t *testing.T, h *sdktest.Host, task taskOutput) {
	t.Helper()
	in := completeTaskInput{TaskID: task.ID}
	if task.TaskType == "approval" {
		yes := true
		in.IsApproved = &yes
	}
	first, err := sdktest.Run[completeTaskOutput](h, "complete_task", in)
	if task.Title == "Credit check" {
		wantFault(t, err, sdk.InvalidInput, "Credit limit field is required", "")
		return
	}
	if err != nil || first.Status != "completed" || first.AlreadyCompleted {
		t.Errorf("complete_task %q: %+v, %v", task.Title, first, err)
	}
	second := run[completeTaskOutput](t, h, "complete_task", in)
	if !second.AlreadyCompleted {
		t.Errorf("complete_task %q again: %+v", task.Title, second)
	}
}

// TestVendor_OtherOrganization: the standard token's user is no member of the second organization.
func TestVendor_OtherOrganization(t *testing.T) {
	t.Parallel()
	server := vendor.New(vendor.Config{})
	t.Cleanup(server.Close)
	h := signedIn(server, vendor.StandardToken)
	h.Fields["organization"] = vendor.GlobexOrg
	_, err := sdktest.Test[account](h, "test")
	wantFault(t, err, sdk.Forbidden, "stan@acme.example is not a member", "")
	_, err = sdktest.RunPage[blueprintOutput](h, "list_blueprints", listBlueprintsInput{}, nil)
	wantFault(t, err, sdk.Forbidden, "", "")
}

// signedIn is a host that attaches a token, as the real one does.
func signedIn(server http.Handler, token string) *sdktest.Host {
	h := host(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		server.ServeHTTP(w, r)
	}))
	h.URLs = map[string]string{"api": "https://go.tallyfy.com/api"}
	return h
}

// operations is what the connector offers.
func operations(t *testing.T) []abi.Operation {
	t.Helper()
	r, err := host(nil).Do(sdktest.Call{Kind: abi.KindDescribe})
	var d abi.Description
	if err = errors.Join(err, json.Unmarshal(r.Output, &d)); err != nil || len(d.Operations) == 0 {
		t.Fatalf("describe: %d operations, %v", len(d.Operations), err)
	}
	return d.Operations
}

// wantStatus fails unless the call ends with a fault of that code.
func wantStatus(t *testing.T, h *sdktest.Host, call sdktest.Call, code sdk.Code) {
	t.Helper()
	r, err := h.Do(call)
	if err != nil || r.Status != abi.StatusFault || r.Fault.Code != code {
		t.Errorf("got %+v, %v, want a fault %s", r, err, code)
	}
}

// wantFault fails unless err is a fault of that code whose message has the text. Field "*" stands for any.
func wantFault(t *testing.T, err error, code sdk.Code, text, field string) *sdk.Fault {
	t.Helper()
	var f *sdk.Fault
	if !errors.As(err, &f) {
		t.Errorf("got error %v, want a fault %s", err, code)
		return nil
	}
	if f.Code != code || !strings.Contains(f.Message, text) || field != "*" && f.Field != field {
		t.Errorf("got fault %v, want %s at %q with %q", f, code, field, text)
	}
	return f
}

// sentTo reads the body of request n, counted from 0.
func sentTo(t *testing.T, h *sdktest.Host, n int, v any) {
	t.Helper()
	requests := h.Requests()
	if len(requests) <= n {
		t.Fatalf("%d requests were sent, want more than %d", len(requests), n)
	}
	if err := json.Unmarshal(requests[n].Body, v); err != nil {
		t.Fatal(err)
	}
}

// parsed reads JSON with its numbers as they are written; an empty text is nil.
func parsed(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	if err := abi.CheckJSON([]byte(text)); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// run runs an action that must succeed.
func run[Out any](t *testing.T, h *sdktest.Host, action string, input any) Out {
	t.Helper()
	out, err := sdktest.Run[Out](h, action, input)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return out
}
