package tallyfy

import (
	"net/http"
	"strings"
)

// legacyRoutes adds the paths that old guides name, which take and give the bodies of those guides: names
// instead of ids as kick-off keys, blueprint_id and title, and flat answers.
func (s *Server) legacyRoutes() {
	for pattern, run := range map[string]endpoint{
		"POST /api/v1/processes":   s.legacyLaunch,
		"POST /api/v1/runs":        s.legacyLaunch,
		"POST /api/runs":           s.legacyLaunch,
		"POST /api/v1/tasks":       s.legacyCreate,
		"GET /api/v1/tasks":        s.listTasks,
		"PUT /api/v1/tasks/{task}": s.legacyUpdate,
		"GET /api/v1/blueprints":   s.listTemplates,
	} {
		s.mux.HandleFunc(pattern, s.handle(func(c *call) reply {
			c.org = s.store.tenants[c.user.Home]
			if c.org == nil {
				return forbidden()
			}
			return run(c)
		}))
	}
}

// legacyLaunch translates the old body to a launch and its answer back.
func (s *Server) legacyLaunch(c *call) reply {
	f, ok := c.form()
	if !ok {
		return notJSON()
	}
	if named := f.text("organization_id", "", 100); named != "" {
		if c.org = s.store.tenants[named]; c.org == nil || c.org.Roles[c.user.ID] == "" {
			return forbidden()
		}
	}
	f.values["name"] = f.values["title"]
	wanted := f.text("blueprint_id", "", 100)
	template := find(c.org.templates, func(t *Template) bool { return t.ID == wanted || t.Alias == wanted })
	if template != nil {
		f.values["checklist_id"] = template.ID
		f.values["prerun"] = template.byID(f.object("prerun"))
	}
	run, refusal := s.launchForm(c, f)
	if run == nil {
		return refusal
	}
	return reply{status: http.StatusCreated, body: object{
		"id": run.ID, "title": run.Name, "status": run.Status(), "owner": run.Owner, "created_at": stamp(run.Created),
	}}
}

// byID turns kick-off values by alias or label, case included, into values by id.
func (t *Template) byID(named map[string]any) map[string]any {
	values := map[string]any{}
	for _, field := range t.Prerun {
		for _, name := range []string{field.ID, field.Label, field.Alias} {
			if value, ok := named[name]; ok {
				values[field.ID] = value
			}
		}
	}
	return values
}

// legacyCreate translates name, assignee and due_date.
func (s *Server) legacyCreate(c *call) reply {
	f, ok := c.form()
	if !ok {
		return notJSON()
	}
	f.values["title"], f.values["deadline"], f.values["task_type"] = f.values["name"], f.values["due_date"], "task"
	assignee := f.values["assignee"]
	for _, user := range s.store.users {
		if email, ok := assignee.(string); ok && strings.EqualFold(user.Email, email) {
			assignee = float64(user.ID)
		}
	}
	f.values["owners"] = map[string]any{"users": []any{assignee}}
	task, refusal := s.createForm(c, f)
	if task == nil {
		return refusal
	}
	return reply{status: http.StatusCreated, body: s.legacyTask(task)}
}

// legacyUpdate completes a task when the body's status says so.
func (s *Server) legacyUpdate(c *call) reply {
	return c.onTask(func(task *Task) reply {
		f, ok := c.form()
		if !ok {
			return notJSON()
		}
		status := f.choice("status", Completed)
		task.Title = f.text("title", task.Title, 600)
		if refusal, failed := f.failed(); failed {
			return refusal
		}
		if status == Completed {
			if refusal, ok := s.completable(c, task, true, c.user.ID); !ok {
				return refusal
			}
			task.Status, task.Completed, task.Completer = Completed, c.now, c.user.ID
			c.org.settle(task.Run, c.now)
		}
		return reply{status: http.StatusOK, body: s.legacyTask(task)}
	})
}

func (s *Server) legacyTask(t *Task) object {
	return object{"id": t.ID, "title": t.Title, "status": t.Status, "due_date": stamp(t.Deadline)}
}
