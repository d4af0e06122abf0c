package netsuite

import (
	"net/http"
	"strings"
)

// listTypes answers GET /record/v1/metadata-catalog.
func (s *Server) listTypes(c *call) (reply, *failure) {
	wanted := strings.ToLower(c.r.URL.Query().Get("select"))
	items := []object{}
	for _, t := range s.store.types {
		if wanted != "" && !strings.Contains(","+wanted+",", ","+strings.ToLower(t.name)+",") {
			continue
		}
		url := c.base + recordPath + "/metadata-catalog/" + t.name
		items = append(items, object{"name": t.name, "links": []object{
			{"rel": "canonical", "href": url, "mediaType": "application/json"},
			{"rel": "describes", "href": c.base + recordPath + "/" + t.name},
			{"rel": "describedby", "href": url, "mediaType": "application/schema+json"},
		}})
	}
	return ok("application/json", object{"items": items, "links": linkTo(c.selfURL())})
}

// describeType answers GET /record/v1/metadata-catalog/{type} with its JSON Schema.
func (s *Server) describeType(c *call) (reply, *failure) {
	t, f := s.kind(c)
	if f != nil {
		return reply{}, f
	}
	if accept := c.r.Header.Get("Accept"); strings.Contains(accept, "swagger") {
		return reply{}, fail(http.StatusNotAcceptable, "INVALID_HEADER", "Only application/schema+json is available.")
	}
	properties := object{
		"id":    object{"type": "string", "title": "Internal ID", "nullable": true},
		"links": object{"type": "array", "title": "Links", "readOnly": true},
	}
	for _, field := range t.fields {
		properties[field.name] = field.schema()
	}
	if len(t.lines) > 0 {
		line := object{}
		for _, field := range t.lines {
			line[field.name] = field.schema()
		}
		properties["item"] = object{"type": "object", "properties": object{
			"items": object{"type": "array", "items": object{"type": "object", "properties": line}},
		}}
	}
	return ok("application/schema+json", object{
		"$schema": "http://json-schema.org/draft-06/hyper-schema#", "type": "object", "title": t.label,
		"x-ns-filterable": filterable(t), "properties": properties,
	})
}

// schema is the JSON Schema of the field's values.
func (f field) schema() object {
	v := object{"title": f.label, "type": "string", "nullable": !f.required, "x-ns-custom-field": f.custom()}
	switch f.kind {
	case number:
		v["type"], v["format"] = "number", "double"
	case boolean:
		v["type"] = "boolean"
	case date:
		v["format"] = "date"
	case datetime:
		v["format"] = "date-time"
	case reference:
		v["type"], v["x-n:recordType"] = "object", f.target
		v["properties"] = object{"id": object{"type": "string"}, "refName": object{"type": "string"}}
	case list:
		ids := []string{}
		for _, o := range f.options {
			ids = append(ids, o.id)
		}
		v["type"] = "object"
		v["properties"] = object{"id": object{"type": "string", "enum": ids}, "refName": object{"type": "string"}}
	}
	if f.readOnly {
		v["readOnly"] = true
	}
	return v
}

// filterable are the fields that q understands: all body fields.
func filterable(t *recordType) []string {
	names := []string{"id"}
	for _, f := range t.fields {
		names = append(names, f.name)
	}
	return names
}
