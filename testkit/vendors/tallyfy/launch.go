package tallyfy

import (
	"cmp"
	"net/http"
	"time"
)

// launch answers POST /runs.
func (s *Server) launch(c *call) reply {
	f, ok := c.form()
	if !ok {
		return notJSON()
	}
	run, refusal := s.launchForm(c, f)
	if run == nil {
		return refusal
	}
	return one(http.StatusCreated, s.runView(c, run))
}

// launchForm launches the process that the form describes, or returns nil and why not.
func (s *Server) launchForm(c *call, f *form) (*Run, reply) {
	if f.has("blueprint_id") && !f.has("checklist_id") {
		f.values["checklist_id"] = f.values["blueprint_id"]
	}
	f.require("checklist_id")
	id := f.text("checklist_id", "", 100)
	if refusal, failed := f.failed(); failed {
		return nil, refusal
	}
	template := c.org.template(id)
	if template == nil {
		return nil, noResource("Checklist")
	}
	run := &Run{
		Organization: c.org.ID, Template: template.ID, TemplateTitle: template.Title,
		Name:    f.text("name", template.Title+" - "+c.now.Format(time.DateOnly), 550),
		Summary: f.text("summary", "", 2000), ParentID: f.text("parent_id", "", 100),
		StartedBy: c.user.ID, Owner: f.member("owner_id", c.user.ID, c.org),
		Starred: f.flag("starred", false), Public: f.flag("is_public", false),
		Users: f.members("users", c.org), Groups: f.texts("groups"),
		Prerun: f.fill("prerun", template.Prerun, nil, c.org), Created: c.now, Updated: c.now,
	}
	tasks := f.taskOverrides(template, c.org)
	if refusal, failed := f.failed(); failed {
		return nil, refusal
	}
	s.start(c, run, template, tasks)
	return run, reply{}
}

// override is what a launch says about one step's task.
type override struct {
	owners   Owners
	deadline time.Time
}

// taskOverrides reads "tasks", by step id. Other ids are dropped.
func (f *form) taskOverrides(template *Template, org *tenant) map[string]override {
	overrides := map[string]override{}
	given := f.object("tasks")
	for _, step := range template.Steps {
		values, ok := given[step.ID].(map[string]any)
		if !ok {
			continue
		}
		part := &form{values: values, errors: f.errors}
		overrides[step.ID] = override{owners: part.owners("owners", org), deadline: part.date("deadline", time.Time{})}
	}
	return overrides
}

// fill merges the form's values for the fields into a copy of those there. Values under keys that are no
// field's id are dropped without a word, as the real server does.
func (f *form) fill(name string, fields []Field, there map[string]any, org *tenant) map[string]any {
	values := map[string]any{}
	for key, value := range there {
		values[key] = value
	}
	given := f.object(name)
	for _, field := range fields {
		value, ok := given[field.ID]
		if !ok {
			continue
		}
		if problem := field.check(value, org); problem != "" {
			key := name + "." + field.ID
			f.errors[key] = append(f.errors[key], field.Label+": "+problem)
		}
		values[field.ID] = value
	}
	return values
}

// texts returns a list of strings.
func (f *form) texts(name string) []string {
	items, ok := texts(f.values[name])
	if !ok {
		f.fail(name, "The %s must be a list of strings.")
	}
	return items
}

// start files the process and makes its tasks from the template's steps.
func (s *Server) start(c *call, run *Run, template *Template, overrides map[string]override) {
	s.store.runs++
	run.ID, run.Number = s.store.id(), s.store.runs
	c.org.runs = append(c.org.runs, run)
	for i, step := range template.Steps {
		task := &Task{
			Run: run.ID, Template: template.ID, Step: step.ID, Alias: step.Alias,
			Title: step.Title, Summary: step.Summary, TaskType: cmp.Or(step.TaskType, "task"), Position: i + 1,
			OnlyAssignees: step.OnlyAssignees, Owners: step.Owners,
		}
		if step.DueDays > 0 {
			task.Deadline = workday(c.now.AddDate(0, 0, step.DueDays))
		}
		if task.Owners.empty() && step.AssignRunStarter {
			task.Owners.Users = []int{run.StartedBy}
		}
		if o, ok := overrides[step.ID]; ok && !o.owners.empty() {
			task.Owners = o.owners
		}
		if o, ok := overrides[step.ID]; ok && !o.deadline.IsZero() {
			task.Deadline = workday(o.deadline)
		}
		s.fileTask(c, task)
	}
}

// fileTask gives a new task its id and its times, and keeps it.
func (s *Server) fileTask(c *call, task *Task) {
	s.store.tasks++
	task.ID, task.Number = s.store.id(), s.store.tasks
	task.Organization, task.Status, task.Starter = c.org.ID, NotStarted, c.user.ID
	task.Created, task.Updated = c.now, c.now
	if task.Started.IsZero() {
		task.Started = c.now
	}
	if task.Values == nil {
		task.Values = map[string]any{}
	}
	c.org.tasks = append(c.org.tasks, task)
}
