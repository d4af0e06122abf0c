package tallyfy

import (
	"net/http"
	"slices"
	"time"
)

// runView is a process as the API shows it, with the includes that the call asks for.
func (s *Server) runView(c *call, r *Run) object {
	tasks := c.org.runTasks(r.ID)
	late := keep(tasks, func(t *Task) bool { return t.late(c.now) })
	v := object{
		"id": r.ID, "increment_id": r.Number, "checklist_id": r.Template, "checklist_title": r.TemplateTitle,
		"name": r.Name, "summary": r.Summary, "status": r.Status(), "progress": progress(tasks),
		"whole_progress": object{}, "started_by": r.StartedBy, "owner_id": r.Owner, "prerun": r.Prerun,
		"prerun_status": s.prerunStatus(c, r), "starred": r.Starred, "created_at": stamp(r.Created),
		"started_at": stamp(r.Created), "last_updated": stamp(r.Updated), "archived_at": nil,
		"completed_at": stamp(r.Completed), "due_date": nil, "due_date_passed": false, "due_soon": false,
		"late_tasks": len(late), "collaborators": collaborators(r, tasks), "type": "procedure",
		"is_public": r.Public, "users": list(r.Users), "groups": list(r.Groups), "parent_id": orNull(r.ParentID),
		"can_add_oot":    true,
		"has_open_issue": slices.ContainsFunc(tasks, func(t *Task) bool { return t.frozen() }),
	}
	s.includeInRun(c, v, r, tasks)
	return v
}

// includeInRun adds what with= asks for.
func (s *Server) includeInRun(c *call, v object, r *Run, tasks []*Task) {
	with, template := c.with(), c.org.template(r.Template)
	if with["checklist"] && template != nil {
		v["checklist"] = object{"data": s.templateView(c, template)}
	}
	if with["tasks"] {
		v["tasks"] = object{"data": shown(tasks, func(t *Task) object { return s.taskView(c, t) })}
	}
	if with["next_task"] {
		v["next_task"] = []any{} // an empty list, not null, when nothing remains
		if next := find(tasks, func(t *Task) bool { return t.Status != Completed }); next != nil {
			v["next_task"] = object{"data": s.taskView(c, next)}
		}
	}
	if with["ko_form_fields"] && template != nil {
		v["ko_form_fields"] = object{"data": valueViews(template.ID, template.Prerun, r.Prerun)}
	}
	if with["form_fields"] || c.query("form_fields_values") == "true" {
		v["form_fields"] = object{"data": s.runFields(c, r)}
	}
}

// listRunFields answers GET /runs/{run}/form-fields: the fields of all tasks with their values.
func (s *Server) listRunFields(c *call) reply {
	return c.onRun(func(r *Run) reply {
		return reply{status: http.StatusOK, body: object{"data": s.runFields(c, r)}}
	})
}

func (s *Server) runFields(c *call, r *Run) []object {
	fields := []object{}
	for _, task := range c.org.runTasks(r.ID) {
		for _, v := range valueViews(r.Template, c.org.fieldsOf(task), task.Values) {
			v["task_id"], v["step_id"] = task.ID, task.Step
			fields = append(fields, v)
		}
	}
	return fields
}

// fieldsOf are the fields of the task's form.
func (t *tenant) fieldsOf(task *Task) []Field {
	template := t.template(task.Template)
	if template == nil {
		return nil
	}
	return template.step(task.Step).Captures
}

// valueViews are form fields with their values.
func valueViews(template string, fields []Field, values map[string]any) []object {
	views := fieldViews(template, fields)
	for i, field := range fields {
		views[i]["value"] = values[field.ID]
	}
	return views
}

// prerunStatus is complete when every required kick-off field has a value.
func (s *Server) prerunStatus(c *call, r *Run) string {
	if template := c.org.template(r.Template); template != nil && len(missing(template.Prerun, r.Prerun)) > 0 {
		return "incomplete"
	}
	return "complete"
}

// missing are the required fields without a value.
func missing(fields []Field, values map[string]any) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool {
		return !f.Required || !emptyValue(values[f.ID])
	})
}

// progress counts completed tasks.
func progress(tasks []*Task) object {
	done := len(keep(tasks, func(t *Task) bool { return t.Status == Completed }))
	percent := 0
	if len(tasks) > 0 {
		percent = done * 100 / len(tasks)
	}
	return object{"complete": done, "total": len(tasks), "percent": percent}
}

// collaborators are the users that have to do with the process.
func collaborators(r *Run, tasks []*Task) []int {
	ids := []int{r.Owner}
	for _, task := range tasks {
		ids = append(ids, task.Owners.Users...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// settle completes the process when its last task is completed, and opens it again when one is not.
func (t *tenant) settle(run string, now time.Time) {
	r := t.run(run)
	if r == nil {
		return
	}
	open := keep(t.runTasks(run), func(t *Task) bool { return t.Status != Completed })
	r.Updated = now
	switch {
	case len(open) > 0:
		r.Completed = time.Time{}
	case r.Completed.IsZero():
		r.Completed = now
	}
}
