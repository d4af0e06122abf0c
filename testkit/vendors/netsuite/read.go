package netsuite

import (
	"net/http"
	"strconv"
	"strings"
)

// kind is the record type that the path names.
func (s *Server) kind(c *call) (*recordType, *failure) {
	name := c.r.PathValue("type")
	if t := s.store.kind(name); t != nil {
		return t, nil
	}
	return nil, nothing("Record type %q does not exist.", name)
}

// record is the record that the path names by its internal id, or by eid: and its external id.
func (s *Server) record(c *call) (*record, *failure) {
	t, f := s.kind(c)
	if f != nil {
		return nil, f
	}
	id := c.r.PathValue("id")
	found := s.store.get(t.name, id)
	external, named := strings.CutPrefix(id, "eid:")
	if named {
		found = s.store.external(t.name, external)
	} else if _, err := strconv.Atoi(id); err != nil {
		return nil, fail(http.StatusBadRequest, "INVALID_ID", "The record id %q is not a number.", id)
	}
	if found == nil {
		return nil, nothing("The record instance does not exist. Provide a valid record instance ID.")
	}
	return found, nil
}

// listRecords answers GET /record/v1/{type} with ids and links.
func (s *Server) listRecords(c *call) (reply, *failure) {
	t, f := s.kind(c)
	if f != nil {
		return reply{}, f
	}
	p, f := c.part()
	if f != nil {
		return reply{}, f
	}
	matches, f := s.store.filter(t, c.r.URL.Query().Get("q"))
	if f != nil {
		return reply{}, f
	}
	var found []*record
	for _, r := range s.store.records[t.name] {
		if matches(r) {
			found = append(found, r)
		}
	}
	items := []object{}
	for _, r := range cut(p, found) {
		items = append(items, object{"links": linkTo(c.recordURL(r)), "id": strconv.Itoa(r.id)})
	}
	return ok(collection, c.collect(p, len(found), items))
}

// getRecord answers GET /record/v1/{type}/{id}.
func (s *Server) getRecord(c *call) (reply, *failure) {
	r, f := s.record(c)
	if f != nil {
		return reply{}, f
	}
	query := c.r.URL.Query()
	how := look{expand: query.Get("expandSubResources") == "true", simple: query.Get("simpleEnumFormat") == "true"}
	if query.Get("fields") != "" {
		how.only = map[string]bool{}
		for _, name := range strings.Split(query.Get("fields"), ",") {
			if _, known := r.kind.field(name); !known && name != "item" && name != "id" {
				return reply{}, badParameter("fields", "The field %q does not exist on %s.", name, r.kind.name)
			}
			how.only[name] = true
		}
	}
	return ok(singular, s.store.recordView(c, r, how))
}

// getSublist answers GET /record/v1/{type}/{id}/item.
func (s *Server) getSublist(c *call) (reply, *failure) {
	r, f := s.withLines(c)
	if f != nil {
		return reply{}, f
	}
	return ok(collection, s.store.sublistView(c, r, look{}))
}

// getLine answers GET /record/v1/{type}/{id}/item/{line}.
func (s *Server) getLine(c *call) (reply, *failure) {
	r, f := s.withLines(c)
	if f != nil {
		return reply{}, f
	}
	for _, l := range r.lines {
		if strconv.Itoa(l.number) == c.r.PathValue("line") {
			return ok(singular, s.store.lineView(c, r, l, look{}))
		}
	}
	return reply{}, nothing("The line %s does not exist.", c.r.PathValue("line"))
}

// withLines is the record that the path names, if it has the sublist that the path names.
func (s *Server) withLines(c *call) (*record, *failure) {
	r, f := s.record(c)
	if f == nil && (c.r.PathValue("sublist") != "item" || len(r.kind.lines) == 0) {
		return nil, nothing("The sub-resource %q does not exist.", c.r.PathValue("sublist"))
	}
	return r, f
}
