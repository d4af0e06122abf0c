package netsuite

import (
	"fmt"
	"strconv"
	"time"
)

// look is how a record is shown.
type look struct {
	expand bool            // the sublist with its lines, instead of a link to it
	simple bool            // lists as bare ids
	only   map[string]bool // the fields to show; nil means all
}

// recordView is a record as the API shows it.
func (s *store) recordView(c *call, r *record, how look) object {
	url := c.recordURL(r)
	v := object{"links": linkTo(url), "id": strconv.Itoa(r.id)}
	for _, f := range r.kind.fields {
		if how.only == nil || how.only[f.name] {
			s.show(c, v, f, r.values, how)
		}
	}
	if len(r.kind.lines) > 0 && (how.only == nil || how.only["item"]) {
		v["item"] = object{"links": linkTo(url + "/item")}
		if how.expand {
			v["item"] = s.sublistView(c, r, how)
		}
	}
	return v
}

// show adds a field's value. Of the empty fields only custom ones are shown, as null.
func (s *store) show(c *call, v object, f field, values map[string]any, how look) {
	value, there := values[f.name]
	if !there {
		if f.custom() {
			v[f.name] = nil
		}
		return
	}
	switch f.kind {
	case date:
		value = value.(time.Time).Format(time.DateOnly)
	case datetime:
		value = value.(time.Time).UTC().Format("2006-01-02T15:04:05Z")
	case list:
		if !how.simple {
			value = object{"id": value, "refName": s.display(f, value)}
		}
	case reference:
		url := fmt.Sprintf("%s%s/%s/%s", c.base, recordPath, f.target, value)
		value = object{"links": linkTo(url), "id": value, "refName": s.display(f, value)}
	}
	v[f.name] = value
}

// sublistView is the item sublist with its lines.
func (s *store) sublistView(c *call, r *record, how look) object {
	items := []object{}
	for _, l := range r.lines {
		items = append(items, s.lineView(c, r, l, how))
	}
	return object{
		"links": linkTo(c.recordURL(r) + "/item"), "items": items, "totalResults": len(items), "count": len(items),
		"hasMore": false, "offset": 0,
	}
}

func (s *store) lineView(c *call, r *record, l line, how look) object {
	v := object{"links": linkTo(fmt.Sprintf("%s/item/%d", c.recordURL(r), l.number)), "line": l.number}
	for _, f := range r.kind.lines {
		s.show(c, v, f, l.values, how)
	}
	return v
}

// linkTo is a list with the one link that things have: to themselves.
func linkTo(url string) []object { return []object{{"rel": "self", "href": url}} }
