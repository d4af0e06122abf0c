package tallyfy

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// listTemplates answers GET /checklists.
func (s *Server) listTemplates(c *call) reply {
	q, kind, owner := strings.ToLower(c.query("q")), c.query("type"), c.query("owner_id")
	found := keep(c.org.templates, func(t *Template) bool {
		return strings.Contains(strings.ToLower(t.Title), q) &&
			(kind == "" || kind == cmp.Or(t.Type, "procedure")) &&
			(owner == "" || owner == strconv.Itoa(t.Owner)) &&
			c.query("archived") != "only"
	})
	return page(s, c, found, defaultPage, func(t *Template) object { return s.templateView(c, t) })
}

// getTemplate answers GET /checklists/{id}.
func (s *Server) getTemplate(c *call) reply {
	return c.onTemplate(func(t *Template) reply { return one(http.StatusOK, s.templateView(c, t)) })
}

// listSteps answers GET /checklists/{id}/steps.
func (s *Server) listSteps(c *call) reply {
	return c.onTemplate(func(t *Template) reply {
		return reply{status: http.StatusOK, body: object{"data": s.stepViews(t)}}
	})
}

// listTemplateFields answers GET /checklists/{id}/form-fields with the fields of the steps.
func (s *Server) listTemplateFields(c *call) reply {
	return c.onTemplate(func(t *Template) reply {
		fields := []object{}
		for _, step := range t.Steps {
			fields = append(fields, fieldViews(t.ID, step.Captures)...)
		}
		return reply{status: http.StatusOK, body: object{"data": fields}}
	})
}

// onTemplate runs on the template that the path names, or answers 404.
func (c *call) onTemplate(run func(*Template) reply) reply {
	t := c.org.template(c.r.PathValue("id"))
	if t == nil {
		return noResource("Checklist")
	}
	return run(t)
}

// templateView is a template as the API shows it; the kick-off form is always part of it.
func (s *Server) templateView(c *call, t *Template) object {
	launched := keep(c.org.runs, func(r *Run) bool { return r.Template == t.ID })
	v := object{
		"id": t.ID, "increment_id": 1, "title": t.Title, "summary": t.Summary, "alias": t.Alias,
		"type": cmp.Or(t.Type, "procedure"), "owner_id": t.Owner, "created_by": t.Owner,
		"last_updated_by": t.Owner, "prerun": fieldViews(t.ID, t.Prerun), "automated_actions": []any{},
		"steps_count": len(t.Steps), "started_processes": len(launched), "status": "active",
		"starred": false, "is_pinned": false, "is_public": false, "is_public_kickoff": false,
		"webhook": nil, "guidance": nil, "folder_id": nil, "icon": nil, "kickoff_title": nil,
		"kickoff_description": nil, "default_process_name_format": nil, "auto_naming": false,
		"dual_version_enabled": false, "is_published_state": true, "can_add_oot": true,
		"topic_tags": []any{}, "industry_tags": []any{}, "users": []any{}, "groups": []any{},
		"created_at": "2025-01-01T00:00:00Z", "last_updated": "2025-01-01T00:00:00Z", "archived_at": nil,
	}
	with := c.with()
	if with["steps"] {
		v["steps"] = object{"data": s.stepViews(t)}
	}
	if with["tags"] {
		v["tags"] = object{"data": []any{}}
	}
	return v
}

func (s *Server) stepViews(t *Template) []object {
	views := []object{}
	for i, step := range t.Steps {
		views = append(views, object{
			"id": step.ID, "checklist_id": t.ID, "alias": step.Alias, "title": step.Title,
			"summary": step.Summary, "task_type": cmp.Or(step.TaskType, "task"), "position": i + 1,
			"owners": s.ownersView(step.Owners), "assign_run_starter": step.AssignRunStarter,
			"can_complete_only_assignees": step.OnlyAssignees, "webhook": nil,
			"captures": fieldViews(t.ID, step.Captures),
		})
	}
	return views
}

// fieldViews are form fields as a template shows them.
func fieldViews(template string, fields []Field) []object {
	views := []object{}
	for i, f := range fields {
		views = append(views, object{
			"id": f.ID, "checklist_id": template, "alias": f.Alias, "label": f.Label, "guidance": "",
			"field_type": f.Type, "required": f.Required, "position": i + 1,
			"options": numbered("text", f.Options), "columns": numbered("label", f.Columns),
		})
	}
	return views
}

// numbered gives texts their ids, which count from 1.
func numbered(property string, texts []string) []object {
	views := []object{}
	for i, text := range texts {
		views = append(views, object{"id": i + 1, property: text})
	}
	return views
}
