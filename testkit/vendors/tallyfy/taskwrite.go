package tallyfy

import "net/http"

var taskTypes = []string{"task", "approval", "expiring", "email", "expiring_email"}

// createTask answers POST /tasks: a one-off task.
func (s *Server) createTask(c *call) reply {
	f, ok := c.form()
	if !ok {
		return notJSON()
	}
	task, refusal := s.createForm(c, f)
	if task == nil {
		return refusal
	}
	return one(http.StatusCreated, s.taskView(c, task))
}

// createForm files the one-off task that the form describes, or returns nil and why not.
func (s *Server) createForm(c *call, f *form) (*Task, reply) {
	f.require("title", "task_type", "owners", "deadline")
	task := &Task{
		Title: f.text("title", "", 600), Summary: f.text("description", "", 30000),
		TaskType: f.choice("task_type", taskTypes...), Owners: f.owners("owners", c.org),
		Deadline: workday(f.date("deadline", c.now)), Started: f.date("started_at", c.now),
		Webhook: f.text("webhook", "", 2000), MaxAssignable: f.number("max_assignable", 0),
		OnlyAssignees:     f.flag("can_complete_only_assignees", false),
		EveryoneCompletes: f.flag("everyone_must_complete", false),
	}
	if refusal, failed := f.failed(); failed {
		return nil, refusal
	}
	s.fileTask(c, task)
	return task, reply{}
}

// updateOneOff answers PUT /tasks/{task}, which wants title, deadline and owners each time.
func (s *Server) updateOneOff(c *call) reply {
	return s.updateTask(c, func(t *Task, f *form) (reply, bool) {
		if t.Run != "" {
			return noResource("Task"), false
		}
		f.require("title", "deadline", "owners")
		return reply{}, true
	})
}

// updateRunTask answers PUT /runs/{run}/tasks/{task}.
func (s *Server) updateRunTask(c *call) reply {
	return s.updateTask(c, func(t *Task, f *form) (reply, bool) {
		if f.has("taskdata") && t.Status == Completed {
			return refused("This task is already completed."), false
		}
		return reply{}, true
	})
}

// updateTask changes what the body names, once allow has seen it. Owners replace.
func (s *Server) updateTask(c *call, allow func(*Task, *form) (reply, bool)) reply {
	return c.onTask(func(task *Task) reply {
		f, ok := c.form()
		if !ok {
			return notJSON()
		}
		if refusal, ok := allow(task, f); !ok {
			return refusal
		}
		next := *task
		next.Title, next.Summary = f.text("title", task.Title, 600), f.text("summary", task.Summary, 30000)
		next.Deadline, next.Started = f.date("deadline", task.Deadline), f.date("started_at", task.Started)
		next.Webhook = f.text("webhook", task.Webhook, 2000)
		next.Position, next.MaxAssignable = f.number("position", task.Position), f.number("max_assignable", task.MaxAssignable)
		next.Values = f.fill("taskdata", c.org.fieldsOf(task), task.Values, c.org)
		if f.has("owners") {
			next.Owners = f.owners("owners", c.org)
		}
		if refusal, failed := f.failed(); failed {
			return refusal
		}
		next.Deadline, next.Updated = workday(next.Deadline), c.now
		*task = next
		return one(http.StatusOK, s.taskView(c, task))
	})
}

// saveCapture answers POST /tasks/{task}/captures, which saves one field.
func (s *Server) saveCapture(c *call) reply {
	return c.onTask(func(task *Task) reply {
		f, ok := c.form()
		if !ok {
			return notJSON()
		}
		f.require("id")
		id := f.text("id", "", 100)
		part := &form{values: map[string]any{"taskdata": map[string]any{id: f.values["value"]}}, errors: f.errors}
		values := part.fill("taskdata", c.org.fieldsOf(task), task.Values, c.org)
		if refusal, failed := f.failed(); failed {
			return refusal
		}
		if task.Status == Completed {
			return refused("This task is already completed.")
		}
		if _, known := values[id]; !known {
			return noResource("Capture")
		}
		task.Values, task.Updated = values, c.now
		return one(http.StatusOK, s.taskView(c, task))
	})
}
