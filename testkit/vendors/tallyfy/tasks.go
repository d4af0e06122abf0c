package tallyfy

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listTasks answers GET /tasks.
func (s *Server) listTasks(c *call) reply { return s.pageTasks(c, c.org.tasks) }

// listMyTasks answers GET /me/tasks.
func (s *Server) listMyTasks(c *call) reply {
	return s.pageTasks(c, keep(c.org.tasks, func(t *Task) bool { return slices.Contains(t.Owners.Users, c.user.ID) }))
}

// listRunTasks answers GET /runs/{run}/tasks.
func (s *Server) listRunTasks(c *call) reply {
	return c.onRun(func(r *Run) reply { return s.pageTasks(c, c.org.runTasks(r.ID)) })
}

// pageTasks filters, sorts and pages tasks as the query says.
func (s *Server) pageTasks(c *call, tasks []*Task) reply {
	found := keep(tasks, func(t *Task) bool { return c.wantsTask(t) && c.wantsDeadline(t) })
	if key := cmp.Or(c.query("sort"), c.query("sort_by")); key != "" {
		sortBy(found, key, taskOrder)
	}
	return page(s, c, found, defaultPage, func(t *Task) object { return s.taskView(c, t) })
}

// wantsTask applies the filters of a task list.
func (c *call) wantsTask(t *Task) bool {
	switch {
	case !strings.Contains(strings.ToLower(t.Title), strings.ToLower(c.query("q"))),
		!t.hasStatus(c.query("status"), c.now),
		c.query("is_oneoff") == "true" && t.Run != "",
		c.query("unassigned") == "true" && !t.Owners.empty(),
		c.query("archived") == "only",
		c.query("assignee") == "me" && !slices.Contains(t.Owners.Users, c.user.ID):
		return false
	}
	owners := c.query("owners")
	return owners == "" || slices.ContainsFunc(t.Owners.Users, func(id int) bool {
		return slices.Contains(strings.Split(owners, ","), strconv.Itoa(id))
	})
}

// wantsDeadline applies the filters created=, deadline_on=, deadline_before= and deadline_after=, which
// compare days.
func (c *call) wantsDeadline(t *Task) bool {
	due := t.Deadline.UTC().Format(time.DateOnly)
	for name, matches := range map[string]func(day string) bool{
		"deadline_on":     func(day string) bool { return due == day },
		"deadline_before": func(day string) bool { return due < day },
		"deadline_after":  func(day string) bool { return due > day },
	} {
		if day := c.query(name); day != "" && (t.Deadline.IsZero() || !matches(day)) {
			return false
		}
	}
	first, last, ranged := strings.Cut(c.query("created"), ":")
	if !ranged {
		last = first
	}
	created := t.Created.Format(time.DateOnly)
	return first == "" || first <= created && created <= last
}

// hasStatus tells whether a task is among those of a status filter, which knows more words than a task's
// status has.
func (t *Task) hasStatus(filter string, now time.Time) bool {
	done := t.Status == Completed
	switch filter {
	case "":
		return true
	case "complete", Completed:
		return done
	case "active", "incomplete", "inprogress":
		return !done
	case "overdue":
		return t.late(now)
	case "due_soon":
		return !done && t.Deadline.After(now) && !t.Deadline.After(now.Add(48*time.Hour))
	case "hasproblem":
		return t.frozen()
	}
	return t.Status == filter
}

// taskOrder compares tasks by a sort key, and by their number where that does not decide.
func taskOrder(key string) func(a, b *Task) int {
	return func(a, b *Task) int {
		var by int
		switch key {
		case "deadline":
			by = a.Deadline.Compare(b.Deadline)
		case "newest":
			by = b.Created.Compare(a.Created)
		case "completed_newest":
			by = b.Completed.Compare(a.Completed)
		}
		if by == 0 && key != "deadline" {
			return b.Number - a.Number
		}
		return cmp.Or(by, a.Number-b.Number)
	}
}

// getTask answers GET /tasks/{task} and GET /runs/{run}/tasks/{task}.
func (s *Server) getTask(c *call) reply {
	return c.onTask(func(t *Task) reply { return one(http.StatusOK, s.taskView(c, t)) })
}

// onTask runs on the task that the path names, which must be of the path's process if it names one.
func (c *call) onTask(run func(*Task) reply) reply {
	t := c.org.task(c.r.PathValue("task"))
	if t == nil || c.r.PathValue("run") != "" && c.r.PathValue("run") != t.Run {
		return noResource("Task")
	}
	return run(t)
}

// taskView is a task as the API shows it, with the includes that the call asks for.
func (s *Server) taskView(c *call, t *Task) object {
	v := object{
		"id": t.ID, "increment_id": t.Number, "title": t.Title, "summary": t.Summary, "run_id": orNull(t.Run),
		"checklist_id": orNull(t.Template), "step_id": orNull(t.Step), "alias": orNull(t.Alias),
		"status": t.Status, "status_label": t.Status, "task_type": t.TaskType, "is_oneoff_task": t.Run == "",
		"is_completable": t.Status != Completed && !t.frozen(), "is_approved": t.Approved,
		"owners": s.ownersView(t.Owners), "position": t.Position, "started_at": stamp(t.Started),
		"deadline": stamp(t.Deadline), "created_at": stamp(t.Created), "last_updated": stamp(t.Updated),
		"completed_at": stamp(t.Completed), "archived_at": nil, "starter_id": t.Starter, "completer_id": nil,
		"everyone_must_complete": t.EveryoneCompletes, "can_complete_only_assignees": t.OnlyAssignees,
		"max_assignable": t.MaxAssignable, "webhook": orNull(t.Webhook), "top_secret": false, "taskdata": t.Values,
	}
	if t.Completer != 0 {
		v["completer_id"] = t.Completer
	}
	with := c.with()
	if with["form_fields"] {
		v["form_fields"] = object{"data": valueViews(t.Template, c.org.fieldsOf(t), t.Values)}
	}
	if with["threads"] {
		v["threads"] = object{"data": shown(t.Threads, threadView)}
	}
	if r := c.org.run(t.Run); with["run"] && r != nil {
		v["run"] = object{"data": object{"id": r.ID, "name": r.Name, "status": r.Status(), "checklist_id": r.Template}}
	}
	return v
}
