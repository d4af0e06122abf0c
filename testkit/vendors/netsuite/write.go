package netsuite

import (
	"net/http"
	"strings"
)

// createRecord answers POST /record/v1/{type}.
func (s *Server) createRecord(c *call) (reply, *failure) {
	t, f := s.kind(c)
	if f != nil {
		return reply{}, f
	}
	return s.save(c, &record{kind: t, values: map[string]any{}}, "")
}

// updateRecord answers PATCH /record/v1/{type}/{id}.
func (s *Server) updateRecord(c *call) (reply, *failure) {
	r, f := s.record(c)
	if f != nil {
		return reply{}, f
	}
	return s.save(c, r.clone(), "")
}

// upsertRecord answers PUT /record/v1/{type}/eid:{externalId}: an update, or else a creation.
func (s *Server) upsertRecord(c *call) (reply, *failure) {
	t, f := s.kind(c)
	if f != nil {
		return reply{}, f
	}
	external, named := strings.CutPrefix(c.r.PathValue("id"), "eid:")
	if !named || external == "" {
		f := fail(http.StatusMethodNotAllowed, "INVALID_REQUEST", "PUT is for upserts by external id only.")
		f.header.Set("Allow", "DELETE, GET, PATCH")
		return reply{}, f
	}
	r := &record{kind: t, values: map[string]any{}}
	if found := s.store.external(t.name, external); found != nil {
		r = found.clone()
	}
	return s.save(c, r, external)
}

// save merges the request's body into r, which nobody else holds, and keeps it. A non-empty external id is
// what the record gets, whatever the body says.
func (s *Server) save(c *call, r *record, external string) (reply, *failure) {
	body, f := c.body()
	if f != nil {
		return reply{}, f
	}
	replace := c.r.URL.Query().Get("replace")
	if replace != "" && (replace != "item" || len(r.kind.lines) == 0) {
		return reply{}, badParameter("replace", "The sublist %q does not exist on %s.", replace, r.kind.name)
	}
	if external != "" {
		body["externalId"] = external
	}
	validation := c.r.Header.Get("X-NetSuite-PropertyNameValidation")
	p := parser{store: s.store, lenient: strings.EqualFold(validation, "Ignore") || strings.EqualFold(validation, "Warning")}
	if f := p.record(r, body, replace == "item"); f != nil {
		return reply{}, f
	}
	if f := s.keep(r); f != nil {
		return reply{}, f
	}
	return c.written(r)
}

// keep checks a record, stamps it and stores it.
func (s *Server) keep(r *record) *failure {
	if f := s.store.check(r); f != nil {
		return f
	}
	now := s.config.Clock().UTC()
	for _, name := range []string{"createdDate", "dateCreated"} {
		if _, has := r.kind.field(name); has {
			r.preset(name, now)
		}
	}
	r.values["lastModifiedDate"] = now
	s.store.put(r)
	return nil
}

// deleteRecord answers DELETE /record/v1/{type}/{id}.
func (s *Server) deleteRecord(c *call) (reply, *failure) {
	r, f := s.record(c)
	if f != nil {
		return reply{}, f
	}
	if s.store.referred(r) {
		return reply{}, broken("This record cannot be deleted because it has dependent records.")
	}
	s.store.drop(r)
	return reply{status: http.StatusNoContent}, nil
}
