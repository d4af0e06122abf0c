package main

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"patchbay/sdk"
)

type listBlueprintsInput struct {
	Search   string `json:"search"`
	PageSize int    `json:"page_size"`
}

type blueprintOutput struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Alias       string `json:"alias,omitempty"`
	Summary     string `json:"summary,omitempty"`
	Type        string `json:"type,omitempty"`
	OwnerID     userID `json:"owner_id,omitempty"`
	StepsCount  int    `json:"steps_count,omitempty"`
	CreatedAt   string `json:"created_at,omitempty"`
	LastUpdated string `json:"last_updated,omitempty"`
}

func outputOfBlueprint(b blueprint) blueprintOutput {
	return blueprintOutput{ID: b.ID, Title: b.Title, Alias: b.Alias, Summary: b.Summary, Type: b.Type,
		OwnerID: b.OwnerID, StepsCount: b.StepsCount, CreatedAt: b.CreatedAt, LastUpdated: b.LastUpdated}
}

func listBlueprints(call *sdk.Call, in listBlueprintsInput) (sdk.Page[blueprintOutput], error) {
	page, err := findBlueprints(call, in.Search, in.PageSize)
	if err != nil {
		return sdk.Page[blueprintOutput]{}, err
	}
	return sdk.Page[blueprintOutput]{Items: each(page.Data, outputOfBlueprint), Cursor: page.next()}, nil
}

func findBlueprints(call *sdk.Call, search string, size int) (listing[blueprint], error) {
	c := connect(call)
	query := url.Values{}
	if search != "" {
		query.Set("q", search)
	}
	page, err := list[blueprint](call, c, c.path("checklists"), query, size)
	if slices.ContainsFunc(page.Data, func(b blueprint) bool { return b.ID == "" }) {
		err = sdk.Faultf(sdk.Internal, "Tallyfy lists a blueprint without an id")
	}
	return page, err
}

type getBlueprintInput struct {
	BlueprintID string `json:"blueprint_id"`
}

type blueprintDetail struct {
	blueprintOutput
	Kickoff []fieldOutput `json:"kickoff"`
}

type fieldOutput struct {
	ID       string   `json:"id"`
	Alias    string   `json:"alias,omitempty"`
	Label    string   `json:"label"`
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Options  []string `json:"options,omitempty"`
	Columns  []string `json:"columns,omitempty"`
}

func getBlueprint(call *sdk.Call, in getBlueprintInput) (blueprintDetail, error) {
	b, err := readBlueprint(connect(call), in.BlueprintID)
	if err != nil {
		return blueprintDetail{}, err
	}
	fields := each(b.Prerun, func(f field) fieldOutput {
		return fieldOutput{ID: f.ID, Alias: f.Alias, Label: f.Label, Type: f.Type, Required: f.Required,
			Options: f.texts(), Columns: f.labels()}
	})
	return blueprintDetail{blueprintOutput: outputOfBlueprint(b), Kickoff: fields}, nil
}

func readBlueprint(c client, id string) (blueprint, error) {
	return get[blueprint](c, c.path("checklists", id), nil)
}

type listTasksInput struct {
	ProcessID      string        `json:"process_id"`
	Search         string        `json:"search"`
	Status         string        `json:"status"`
	AssignedToMe   bool          `json:"assigned_to_me"`
	AssigneeIDs    []json.Number `json:"assignee_ids"`
	Unassigned     bool          `json:"unassigned"`
	OneOff         bool          `json:"one_off"`
	DeadlineAfter  string        `json:"deadline_after"`
	DeadlineBefore string        `json:"deadline_before"`
	Sort           string        `json:"sort"`
	PageSize       int           `json:"page_size"`
}

// query is the filters of GET /tasks.
func (in listTasksInput) query() url.Values {
	ids := each(in.AssigneeIDs, json.Number.String)
	all := map[string]string{
		"q": in.Search, "status": in.Status, "owners": strings.Join(ids, ","),
		"deadline_after": in.DeadlineAfter, "deadline_before": in.DeadlineBefore, "sort": in.Sort,
		"unassigned": flag(in.Unassigned), "is_oneoff": flag(in.OneOff),
	}
	if in.AssignedToMe {
		all["assignee"] = "me"
	}
	query := url.Values{}
	for name, value := range all {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

func flag(on bool) string {
	if !on {
		return ""
	}
	return strconv.FormatBool(on)
}

func listTasks(call *sdk.Call, in listTasksInput) (sdk.Page[taskOutput], error) {
	c := connect(call)
	path, query := c.path("tasks"), in.query()
	if in.ProcessID != "" {
		if len(query) > 0 {
			return sdk.Page[taskOutput]{}, sdk.Faultf(sdk.InvalidInput,
				"the tasks of one process cannot be filtered or sorted: leave out process_id, or the other fields").At("/process_id")
		}
		path = c.path("runs", in.ProcessID, "tasks")
	}
	page, err := list[task](call, c, path, query, in.PageSize)
	if err != nil {
		return sdk.Page[taskOutput]{}, err
	}
	return sdk.Page[taskOutput]{Items: each(page.Data, outputOfTask), Cursor: page.next()}, nil
}

type taskOutput struct {
	ID          string        `json:"id"`
	IncrementID int           `json:"increment_id,omitempty"`
	Title       string        `json:"title"`
	Description string        `json:"description,omitempty"`
	Status      string        `json:"status"`
	TaskType    string        `json:"task_type,omitempty"`
	ProcessID   string        `json:"process_id,omitempty"`
	BlueprintID string        `json:"blueprint_id,omitempty"`
	StepID      string        `json:"step_id,omitempty"`
	OneOff      bool          `json:"one_off"`
	IsApproved  *bool         `json:"is_approved,omitempty"`
	Deadline    string        `json:"deadline,omitempty"`
	StartedAt   string        `json:"started_at,omitempty"`
	CreatedAt   string        `json:"created_at,omitempty"`
	CompletedAt string        `json:"completed_at,omitempty"`
	CompleterID userID        `json:"completer_id,omitempty"`
	Assignees   assigneeLists `json:"assignees"`
	Form        object        `json:"form,omitempty"`
}

type assigneeLists struct {
	Users  []assignedUser `json:"users"`
	Guests []string       `json:"guests"`
	Groups []string       `json:"groups"`
}

type assignedUser struct {
	ID       userID `json:"id"`
	FullName string `json:"full_name,omitempty"`
}

func outputOfTask(t task) taskOutput {
	return taskOutput{ID: t.ID, IncrementID: t.IncrementID, Title: t.Title, Description: t.Description, Status: t.Status,
		TaskType: t.TaskType, ProcessID: t.RunID, BlueprintID: t.ChecklistID, StepID: t.StepID, OneOff: t.RunID == "",
		IsApproved: t.IsApproved, Deadline: t.Deadline, StartedAt: t.StartedAt, CreatedAt: t.CreatedAt,
		CompletedAt: t.CompletedAt, CompleterID: t.CompleterID, Assignees: assigneesOf(t.Owners), Form: t.Taskdata}
}

func assigneesOf(o owners) assigneeLists {
	return assigneeLists{
		Users:  each(o.Users, func(p party) assignedUser { return assignedUser{ID: p.userID(), FullName: p.FullName} }),
		Guests: each(o.Guests, func(p party) string { return cmp.Or(p.Email, string(p.ID)) }),
		Groups: each(o.Groups, func(p party) string { return string(p.ID) }),
	}
}

type getTaskInput struct {
	TaskID string `json:"task_id"`
}

func getTask(call *sdk.Call, in getTaskInput) (taskOutput, error) {
	t, err := readTask(connect(call), in.TaskID)
	return outputOfTask(t), err
}

func readTask(c client, id string) (task, error) {
	return get[task](c, c.path("tasks", id), nil)
}

type account struct {
	User         accountUser  `json:"user"`
	Organization organization `json:"organization"`
}

type accountUser struct {
	ID    userID `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// test proves that the token works and that its user belongs to the connection's organization.
func test(call *sdk.Call) (account, error) {
	c := connect(call)
	me, err := get[user](c, "/me", nil)
	if err != nil {
		return account{}, err
	}
	if me.ID == 0 {
		return account{}, sdk.Faultf(sdk.Internal, "Tallyfy did not say whose token it is: /me has no /data/id")
	}
	organizations, err := all[organization](c, "/me/organizations", nil)
	if err != nil {
		return account{}, err
	}
	for _, o := range organizations {
		if o.ID == c.organization {
			name := strings.TrimSpace(me.FirstName + " " + me.LastName)
			return account{User: accountUser{ID: me.ID, Name: name, Email: me.Email}, Organization: o}, nil
		}
	}
	return account{}, sdk.Faultf(sdk.Forbidden, "%s is not a member of organization %s, but of %s: correct the connection's organization, or its token",
		me.Email, c.organization, quoted(each(organizations, func(o organization) string { return o.Name + " " + o.ID })))
}
