package tallyfy

import (
	"net/http"
	"slices"
	"time"
)

// completeTask answers POST /completed-tasks and POST /runs/{run}/completed-tasks.
func (s *Server) completeTask(c *call) reply {
	f, ok := c.form()
	if !ok {
		return notJSON()
	}
	f.require("task_id")
	id := f.text("task_id", "", 100)
	completer := f.member("override_user", c.user.ID, c.org)
	approved := f.flag("is_approved", false)
	if refusal, failed := f.failed(); failed {
		return refusal
	}
	// Each path completes its own tasks only: a process's, or one-off ones.
	task := c.org.task(id)
	if task == nil || task.Run != c.r.PathValue("run") {
		return noResource("Task")
	}
	if refusal, ok := s.completable(c, task, f.has("is_approved"), completer); !ok {
		return refusal
	}
	if task.TaskType == "approval" {
		task.Approved = &approved
	}
	task.Status, task.Completed, task.Updated, task.Completer = Completed, c.now, c.now, completer
	c.org.settle(task.Run, c.now)
	return one(http.StatusOK, completedView(task))
}

// completable tells whether the task may be completed now, and if not, why.
func (s *Server) completable(c *call, task *Task, judged bool, completer int) (reply, bool) {
	switch {
	case task.Status == Completed:
		return refused("This task is already completed."), false
	case task.OnlyAssignees && !slices.Contains(task.Owners.Users, completer):
		return refuse(http.StatusForbidden, "", "Only assignees can complete this task."), false
	case task.frozen():
		return refused("This task has an open issue."), false
	case task.TaskType == "approval" && !judged:
		return invalid(map[string][]string{"is_approved": {"The is approved field is required."}}), false
	}
	errors := map[string][]string{}
	for _, field := range missing(c.org.fieldsOf(task), task.Values) {
		errors["taskdata."+field.ID] = []string{"The " + field.Label + " field is required."}
	}
	return invalid(errors), len(errors) == 0
}

// completedView is the short form that completing answers. Its time has milliseconds, unlike others.
func completedView(t *Task) object {
	v := object{
		"id": t.ID, "title": t.Title, "status": t.Status,
		"completed_at": t.Completed.UTC().Format("2006-01-02T15:04:05.000Z"), "completer_id": t.Completer,
	}
	if t.Run != "" {
		v["tasks_changed_by_rules"] = object{}
	}
	return v
}

// reopenTask answers DELETE /completed-tasks/{task} and its process form.
func (s *Server) reopenTask(c *call) reply {
	return c.onTask(func(task *Task) reply {
		if task.Run != c.r.PathValue("run") {
			return noResource("Task")
		}
		if task.Status != Completed {
			return refused("This task is not completed.")
		}
		task.Status, task.Completed, task.Completer, task.Approved = InProgress, time.Time{}, 0, nil
		task.Updated = c.now
		c.org.settle(task.Run, c.now)
		return one(http.StatusOK, s.taskView(c, task))
	})
}
