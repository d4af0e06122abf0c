package tallyfy

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listRuns answers GET /runs, newest first unless sort says otherwise.
func (s *Server) listRuns(c *call) reply {
	q, template := strings.ToLower(c.query("q")), cmp.Or(c.query("checklist_id"), c.query("blueprint_id"))
	owners, status := c.query("owners"), c.query("status")
	found := keep(c.org.runs, func(r *Run) bool {
		return strings.Contains(strings.ToLower(r.Name), q) &&
			(template == "" || template == r.Template) &&
			(owners == "" || slices.Contains(strings.Split(owners, ","), strconv.Itoa(r.Owner))) &&
			(c.query("starred") != "true" || r.Starred) &&
			s.runHasStatus(c, r, status)
	})
	sortBy(found, cmp.Or(c.query("sort"), c.query("sort_by"), "-created_at"), runOrder)
	return page(s, c, found, defaultPage, func(r *Run) object { return s.runView(c, r) })
}

// runHasStatus tells whether a process is among those of a status filter.
func (s *Server) runHasStatus(c *call, r *Run, status string) bool {
	tasks := c.org.runTasks(r.ID)
	switch status {
	case "":
		return true
	case "starred":
		return r.Starred
	case "problem", "issue":
		return slices.ContainsFunc(tasks, func(t *Task) bool { return t.frozen() })
	case "delayed":
		return slices.ContainsFunc(tasks, func(t *Task) bool { return t.late(c.now) })
	}
	return status == r.Status()
}

// runOrder compares processes by a sort key, and by their number where that does not decide.
func runOrder(key string) func(a, b *Run) int {
	return func(a, b *Run) int {
		var by int
		switch key {
		case "name":
			by = strings.Compare(a.Name, b.Name)
		case "last_updated":
			by = a.Updated.Compare(b.Updated)
		case "completed_at":
			by = a.Completed.Compare(b.Completed)
		case "created_at":
			by = a.Created.Compare(b.Created)
		}
		return cmp.Or(by, a.Number-b.Number)
	}
}

// sortBy sorts by a key, downwards when it begins with "-".
func sortBy[T any](items []T, key string, order func(key string) func(a, b T) int) {
	name, down := strings.CutPrefix(key, "-")
	compare := order(name)
	slices.SortFunc(items, func(a, b T) int {
		if down {
			return compare(b, a)
		}
		return compare(a, b)
	})
}

// getRun answers GET /runs/{run}.
func (s *Server) getRun(c *call) reply {
	return c.onRun(func(run *Run) reply { return one(http.StatusOK, s.runView(c, run)) })
}

// onRun runs on the process that the path names, or answers 404.
func (c *call) onRun(run func(*Run) reply) reply {
	found := c.org.run(c.r.PathValue("run"))
	if found == nil {
		return noResource("Run")
	}
	return run(found)
}

// updateRun answers PUT /runs/{run}. Lists replace.
func (s *Server) updateRun(c *call) reply {
	return c.onRun(func(run *Run) reply {
		f, ok := c.form()
		if !ok {
			return notJSON()
		}
		next := *run
		next.Name = f.text("name", run.Name, 550)
		next.Summary = f.text("summary", run.Summary, 2000)
		next.Owner = f.member("owner_id", run.Owner, c.org)
		next.Starred, next.Public = f.flag("starred", run.Starred), f.flag("is_public", run.Public)
		if f.has("users") {
			next.Users = f.members("users", c.org)
		}
		if f.has("groups") {
			next.Groups = f.texts("groups")
		}
		if template := c.org.template(run.Template); template != nil {
			next.Prerun = f.fill("prerun", template.Prerun, run.Prerun, c.org)
		}
		if refusal, failed := f.failed(); failed {
			return refusal
		}
		next.Updated = c.now
		*run = next
		return one(http.StatusOK, s.runView(c, run))
	})
}

// late reports whether an open task's deadline has passed.
func (t *Task) late(now time.Time) bool {
	return t.Status != Completed && !t.Deadline.IsZero() && t.Deadline.Before(now)
}
