package tallyfy

import "time"

// Data is what a server can be seeded with.
type Data struct {
	Organizations []Organization
	Users         []User
	Templates     []Template
}

const (
	roleAdmin    = "admin"
	roleStandard = "standard"
)

// Organization is a tenant.
type Organization struct {
	ID, Name string
	// Roles are the roles of its members, admin or standard, by user id.
	Roles map[int]string
}

// User is a person with an account.
type User struct {
	ID                         int
	Email, FirstName, LastName string
	// Home is the id of the user's current organisation.
	Home string
}

// FullName is the user's first and last name.
func (u User) FullName() string { return u.FirstName + " " + u.LastName }

// Template is what processes are launched from: a checklist.
type Template struct {
	ID, Organization, Alias, Title, Summary string
	// Type is procedure, form or document. Defaults to procedure.
	Type   string
	Owner  int
	Prerun []Field // the kick-off form
	Steps  []Step  // in order
}

// Field returns the kick-off field, or else the step's field, with the alias.
func (t Template) Field(alias string) (Field, bool) {
	for _, field := range t.fields() {
		if field.Alias == alias {
			return field, true
		}
	}
	return Field{}, false
}

// fields are the template's fields, those of the kick-off form first.
func (t Template) fields() []Field {
	all := append([]Field{}, t.Prerun...)
	for _, step := range t.Steps {
		all = append(all, step.Captures...)
	}
	return all
}

// step is the template's step with the id, or an empty one.
func (t Template) step(id string) Step {
	for _, step := range t.Steps {
		if step.ID == id {
			return step
		}
	}
	return Step{}
}

// Step is a template's step, which becomes a task in each process.
type Step struct {
	ID, Alias, Title, Summary string
	// TaskType is task, approval, expiring, email or expiring_email. Defaults to task.
	TaskType string
	// Owners are who it is assigned to.
	Owners Owners
	// AssignRunStarter assigns it to the launcher when it has no owners.
	AssignRunStarter bool
	// OnlyAssignees lets nobody else complete it.
	OnlyAssignees bool
	// DueDays is how many days after the launch it is due. Zero means no deadline.
	DueDays  int
	Captures []Field // its form
}

// Field is a form field, in a kick-off form or in a step.
type Field struct {
	// ID is the field's timeline id, 32 hex digits: the key of its value.
	ID, Alias, Label string
	// Type is text, textarea, email, date, radio, dropdown, multiselect, table, assignees_form or file.
	Type     string
	Required bool
	Options  []string // of radio, dropdown and multiselect; their ids count from 1
	Columns  []string // of table
}

// Owners are the assignees of a task.
type Owners struct {
	Users  []int
	Guests []string // e-mail addresses
	Groups []string
}

// empty reports whether there are none.
func (o Owners) empty() bool { return len(o.Users)+len(o.Guests)+len(o.Groups) == 0 }

// Run is a process.
type Run struct {
	ID, Organization, Template, TemplateTitle, Name, Summary, ParentID string
	// Number counts the processes of the server: increment_id.
	Number           int
	StartedBy, Owner int
	// Prerun holds the kick-off values by field id.
	Prerun  map[string]any
	Starred bool
	Public  bool
	Users   []int
	Groups  []string
	Created time.Time
	Updated time.Time
	// Completed is zero while a task is open.
	Completed time.Time
}

// Status is active or complete.
func (r Run) Status() string {
	if r.Completed.IsZero() {
		return "active"
	}
	return "complete"
}

// The statuses of a task.
const (
	NotStarted = "not-started"
	InProgress = "in-progress" // after it was reopened
	Completed  = "completed"
)

// Task is a process's task, or a one-off one.
type Task struct {
	ID, Organization, Title, Summary, Alias string
	// Run, Template and Step are empty for a one-off task.
	Run, Template, Step string
	Number              int
	// TaskType is task, approval, expiring, email or expiring_email.
	TaskType string
	// Status is NotStarted, InProgress or Completed.
	Status string
	// Approved is what an approval was completed with; nil before.
	Approved      *bool
	Owners        Owners
	Position      int
	MaxAssignable int
	// Webhook is kept, and never called.
	Webhook           string
	OnlyAssignees     bool
	EveryoneCompletes bool
	Starter           int
	Completer         int // 0 while it is open
	Values            map[string]any
	Threads           []Thread
	Started           time.Time
	Deadline          time.Time
	Created           time.Time
	Updated           time.Time
	Completed         time.Time
}

// frozen reports whether an open issue keeps the task from being completed.
func (t Task) frozen() bool {
	open := 0
	for _, thread := range t.Threads {
		switch thread.Label {
		case "problem":
			open++
		case "resolve":
			open--
		}
	}
	return open > 0
}

// Thread is a comment on a task.
type Thread struct {
	ID, Content string
	// Label is comment, problem or resolve.
	Label   string
	Author  int
	Created time.Time
}
