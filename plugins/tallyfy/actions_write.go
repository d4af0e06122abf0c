package main

import (
	"cmp"
	"strings"

	"patchbay/sdk"
)

type launchInput struct {
	BlueprintID string         `json:"blueprint_id"`
	Name        string         `json:"name"`
	Summary     string         `json:"summary"`
	OwnerID     int64          `json:"owner_id"`
	Kickoff     map[string]any `json:"kickoff"`
}

type launchBody struct {
	ChecklistID string         `json:"checklist_id"`
	Name        string         `json:"name,omitempty"`
	Summary     string         `json:"summary,omitempty"`
	OwnerID     int64          `json:"owner_id,omitempty"`
	Prerun      map[string]any `json:"prerun,omitempty"`
}

type processOutput struct {
	ID             string `json:"id"`
	IncrementID    int    `json:"increment_id,omitempty"`
	Name           string `json:"name"`
	BlueprintID    string `json:"blueprint_id"`
	BlueprintTitle string `json:"blueprint_title,omitempty"`
	Status         string `json:"status"`
	OwnerID        userID `json:"owner_id,omitempty"`
	StartedBy      userID `json:"started_by,omitempty"`
	KickoffStatus  string `json:"kickoff_status,omitempty"`
	CreatedAt      string `json:"created_at,omitempty"`
	StartedAt      string `json:"started_at,omitempty"`
}

// launchProcess reads the blueprint first: Tallyfy drops kick-off values under an unknown name without a
// word, so names and values are checked here.
func launchProcess(call *sdk.Call, in launchInput) (processOutput, error) {
	c := connect(call)
	b, err := readBlueprint(c, in.BlueprintID)
	if err != nil {
		return processOutput{}, err
	}
	form := kickoffForm{client: c, fields: b.Prerun}
	prerun, err := form.encode(in.Kickoff)
	if err != nil {
		return processOutput{}, err
	}
	body := launchBody{ChecklistID: in.BlueprintID, Name: in.Name, Summary: in.Summary, OwnerID: in.OwnerID, Prerun: prerun}
	p, err := post[process](c, c.path("runs"), body, form.pointerTo)
	if err == nil && p.ID == "" {
		err = sdk.Faultf(sdk.Internal, "Tallyfy launched the process but did not say its id: look for it before you repeat the call")
	}
	if err != nil {
		return processOutput{}, err
	}
	call.Log.Info("launched process", "process", p.ID, "blueprint", in.BlueprintID)
	return processOutput{ID: p.ID, IncrementID: p.IncrementID, Name: p.Name, BlueprintID: p.ChecklistID,
		BlueprintTitle: p.ChecklistTitle, Status: p.Status, OwnerID: p.OwnerID, StartedBy: p.StartedBy,
		KickoffStatus: p.PrerunStatus, CreatedAt: p.CreatedAt, StartedAt: p.StartedAt}, nil
}

type createTaskInput struct {
	Title                    string   `json:"title"`
	Description              string   `json:"description"`
	Assignees                []any    `json:"assignees"`
	Groups                   []string `json:"groups"`
	Deadline                 string   `json:"deadline"`
	StartedAt                string   `json:"started_at"`
	TaskType                 string   `json:"task_type"`
	ProcessID                string   `json:"process_id"`
	EveryoneMustComplete     bool     `json:"everyone_must_complete"`
	CanCompleteOnlyAssignees bool     `json:"can_complete_only_assignees"`
	PreventGuestComment      bool     `json:"prevent_guest_comment"`
}

type createTaskBody struct {
	Title                    string     `json:"title"`
	Description              string     `json:"description,omitempty"`
	TaskType                 string     `json:"task_type"`
	Owners                   assignment `json:"owners"`
	Deadline                 string     `json:"deadline"`
	StartedAt                string     `json:"started_at,omitempty"`
	RunID                    string     `json:"run_id,omitempty"`
	EveryoneMustComplete     bool       `json:"everyone_must_complete,omitempty"`
	CanCompleteOnlyAssignees bool       `json:"can_complete_only_assignees,omitempty"`
	PreventGuestComment      bool       `json:"prevent_guest_comment,omitempty"`
}

type createTaskOutput struct {
	ID          string `json:"id"`
	IncrementID int    `json:"increment_id,omitempty"`
	Title       string `json:"title"`
	Status      string `json:"status"`
	TaskType    string `json:"task_type,omitempty"`
	ProcessID   string `json:"process_id,omitempty"`
	Deadline    string `json:"deadline,omitempty"`
	CreatedAt   string `json:"created_at,omitempty"`
}

func createTask(call *sdk.Call, in createTaskInput) (createTaskOutput, error) {
	c := connect(call)
	body, err := in.body(c)
	if err != nil {
		return createTaskOutput{}, err
	}
	t, err := post[task](c, c.path("tasks"), body, pointerTo)
	if err == nil && t.ID == "" {
		err = sdk.Faultf(sdk.Internal, "Tallyfy created the task but did not say its id: look for it before you repeat the call")
	}
	if err != nil {
		return createTaskOutput{}, err
	}
	call.Log.Info("created task", "task", t.ID)
	return createTaskOutput{ID: t.ID, IncrementID: t.IncrementID, Title: t.Title, Status: t.Status, TaskType: t.TaskType,
		ProcessID: t.RunID, Deadline: t.Deadline, CreatedAt: t.CreatedAt}, nil
}

func (in createTaskInput) body(c client) (createTaskBody, error) {
	if len(in.Assignees)+len(in.Groups) == 0 {
		return createTaskBody{}, sdk.Faultf(sdk.InvalidInput, "a task needs at least one assignee or group").At("/assignees")
	}
	for _, date := range [][2]string{{"/deadline", in.Deadline}, {"/started_at", in.StartedAt}} {
		if at, value := date[0], date[1]; value != "" && !isDate(value) {
			return createTaskBody{}, sdk.Faultf(sdk.InvalidInput, "%q is not a date: write 2026-03-20T17:00:00Z or 2026-03-20 17:00:00", value).At(at)
		}
	}
	owners, err := assign(c, in.Assignees, "/assignees")
	if err != nil {
		return createTaskBody{}, err
	}
	owners.Groups = append(owners.Groups, in.Groups...)
	if in.TaskType == "" {
		in.TaskType = "task"
	}
	return createTaskBody{Title: in.Title, Description: in.Description, TaskType: in.TaskType, Owners: owners,
		Deadline: in.Deadline, StartedAt: in.StartedAt, RunID: in.ProcessID, EveryoneMustComplete: in.EveryoneMustComplete,
		CanCompleteOnlyAssignees: in.CanCompleteOnlyAssignees, PreventGuestComment: in.PreventGuestComment}, nil
}

type completeTaskInput struct {
	TaskID     string `json:"task_id"`
	IsApproved *bool  `json:"is_approved"`
}

type completeTaskOutput struct {
	ID               string `json:"id"`
	Title            string `json:"title"`
	Status           string `json:"status"`
	ProcessID        string `json:"process_id,omitempty"`
	CompletedAt      string `json:"completed_at,omitempty"`
	CompleterID      userID `json:"completer_id,omitempty"`
	AlreadyCompleted bool   `json:"already_completed"`
}

// completeTask reads the task first: Tallyfy has no idempotency key and refuses to complete a task twice, so
// that is what makes a repeated call safe.
func completeTask(call *sdk.Call, in completeTaskInput) (completeTaskOutput, error) {
	c := connect(call)
	t, err := readTask(c, in.TaskID)
	if err != nil {
		return completeTaskOutput{}, err
	}
	out := completeTaskOutput{ID: t.ID, Title: t.Title, Status: t.Status, ProcessID: t.RunID,
		CompletedAt: t.CompletedAt, CompleterID: t.CompleterID}
	if t.completed() {
		call.Log.Info("task was completed already", "task", t.ID)
		out.AlreadyCompleted = true
		return out, nil
	}
	if t.TaskType == "approval" && in.IsApproved == nil {
		return out, sdk.Faultf(sdk.InvalidInput, "task %q is an approval: say yes or no with is_approved", t.Title).At("/is_approved")
	}
	done, err := post[task](c, completionPath(c, t), completion{TaskID: t.ID, IsApproved: in.IsApproved}, pointerTo)
	if err != nil {
		return out, err
	}
	call.Log.Info("completed task", "task", t.ID)
	out.Status, out.CompletedAt, out.CompleterID = cmp.Or(done.Status, "completed"), done.CompletedAt, done.CompleterID
	return out, nil
}

type completion struct {
	TaskID     string `json:"task_id"`
	IsApproved *bool  `json:"is_approved,omitempty"`
}

// completionPath: tasks of a process are completed below it, one-off tasks below the organization.
func completionPath(c client, t task) string {
	if t.RunID == "" {
		return c.path("completed-tasks")
	}
	return c.path("runs", t.RunID, "completed-tasks")
}

type addCommentInput struct {
	TaskID  string `json:"task_id"`
	Content string `json:"content"`
}

type addCommentOutput struct {
	TaskID    string `json:"task_id"`
	CommentID text   `json:"comment_id,omitempty"`
	CreatedAt string `json:"created_at,omitempty"`
}

func addComment(call *sdk.Call, in addCommentInput) (addCommentOutput, error) {
	if strings.TrimSpace(in.Content) == "" {
		return addCommentOutput{}, sdk.Faultf(sdk.InvalidInput, "the comment is empty").At("/content")
	}
	c := connect(call)
	made, err := post[comment](c, c.path("tasks", in.TaskID, "comment"), map[string]string{"content": in.Content}, pointerTo)
	if err != nil {
		return addCommentOutput{}, err
	}
	call.Log.Info("added comment", "task", in.TaskID)
	return addCommentOutput{TaskID: in.TaskID, CommentID: made.ID, CreatedAt: made.CreatedAt}, nil
}
