package netsuite

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// parser reads JSON bodies into records.
type parser struct {
	store *store
	// lenient drops unknown fields instead of refusing them: X-NetSuite-PropertyNameValidation.
	lenient bool
	// seeding lets fields be set that clients may not write.
	seeding bool
}

// fill sets the fields that the body names; null clears one. path leads to the body.
func (p parser) fill(fields []field, values map[string]any, body object, path string) *failure {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		f, known := named(fields, name)
		switch {
		case name == "id" || name == "links" || name == "refName":
			continue
		case !known && p.lenient:
			continue
		case !known:
			return badContent(path+name, "Unknown reference or field name %q in the request body.", name)
		case f.readOnly && !p.seeding:
			continue
		}
		value, failed := p.value(f, body[name], path+name)
		if failed != nil {
			return failed
		}
		if value == nil {
			delete(values, name)
			continue
		}
		values[name] = value
	}
	return nil
}

// value reads one value; nil without a failure means empty.
func (p parser) value(f field, v any, path string) (any, *failure) {
	if v == nil {
		return nil, nil
	}
	wrong := badContent(path, "Invalid value for the resource or sub-resource field %q.", f.name)
	switch f.kind {
	case text:
		if s, is := v.(string); is {
			return s, nil
		}
	case number:
		// Amounts and quantities of any sense; none whose products or quotients are beyond a float64.
		if n, is := v.(float64); is && math.Abs(n) <= 1e15 {
			return math.Round(n*1e8) / 1e8, nil
		}
	case boolean:
		if b, is := v.(bool); is {
			return b, nil
		}
	case date, datetime:
		layout := map[kind]string{date: time.DateOnly, datetime: time.RFC3339}[f.kind]
		s, _ := v.(string)
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	case reference:
		return p.reference(f, v, path)
	case list:
		return p.option(f, v, path)
	}
	return nil, wrong
}

// reference reads {"id"} or {"externalId"}, and returns the record's internal id.
func (p parser) reference(f field, v any, path string) (any, *failure) {
	ref, is := v.(map[string]any)
	if !is {
		return nil, badContent(path, "Invalid value for the resource or sub-resource field %q: an object with an id is expected.", f.name)
	}
	key := word(ref["id"])
	target := p.store.get(f.target, key)
	if external := word(ref["externalId"]); key == "" {
		key = external
		target = p.store.external(f.target, external)
	}
	if target == nil {
		return nil, fail(http.StatusBadRequest, "INVALID_KEY_OR_REF", "Invalid %s reference key %s.", f.name, key).at(path)
	}
	return strconv.Itoa(target.id), nil
}

// option reads {"id"}, or the bare id, of one of a list's options.
func (p parser) option(f field, v any, path string) (any, *failure) {
	if ref, is := v.(map[string]any); is {
		v = ref["id"]
	}
	id := word(v)
	if !slices.ContainsFunc(f.options, func(o option) bool { return o.id == id }) {
		return nil, fail(http.StatusBadRequest, "INVALID_KEY_OR_REF", "Invalid %s reference key %s.", f.name, id).at(path)
	}
	if f.name == "orderStatus" && id != "A" && id != "B" && !p.seeding {
		return nil, fail(http.StatusBadRequest, "INVALID_FLD_VALUE", "The value %s of orderStatus is set by NetSuite only.", id).at(path)
	}
	return id, nil
}

// word is a string or a number as text, and anything else empty.
func word(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// record sets the record's fields and lines from the body. replace makes the lines all there are.
func (p parser) record(r *record, body object, replace bool) *failure {
	rest := object{}
	for name, value := range body {
		if name != "item" || len(r.kind.lines) == 0 {
			rest[name] = value
		}
	}
	if f := p.fill(r.kind.fields, r.values, rest, ""); f != nil {
		return f
	}
	sublist, there := body["item"]
	if !there || len(r.kind.lines) == 0 {
		return nil
	}
	if replace {
		r.lines = nil
	}
	items, is := sublist.(map[string]any)
	lines, isList := items["items"].([]any)
	if !is || !isList {
		return badContent("item", "Invalid value for the sublist item: an object with items is expected.")
	}
	for i, v := range lines {
		if f := p.line(r, v, fmt.Sprintf("item.items[%d]", i)); f != nil {
			return f
		}
	}
	return nil
}

// line merges one line by its number, or appends it.
func (p parser) line(r *record, v any, path string) *failure {
	body, is := v.(map[string]any)
	if !is {
		return badContent(path, "Invalid value for a line: an object is expected.")
	}
	number, _ := body["line"].(float64)
	at := slices.IndexFunc(r.lines, func(l line) bool { return l.number == int(number) })
	if at < 0 {
		next := 1
		for _, l := range r.lines {
			next = max(next, l.number+1)
		}
		r.lines = append(r.lines, line{number: next, values: map[string]any{}})
		at = len(r.lines) - 1
	}
	delete(body, "line")
	values := r.lines[at].values
	if body["item"] != nil || body["amount"] != nil { // priced anew
		delete(values, "rate")
		delete(values, "amount")
	}
	if f := p.fill(r.kind.lines, values, body, path+"."); f != nil {
		return f
	}
	if values["item"] == nil {
		return broken("Please enter value(s) for: Item.").at(path + ".item")
	}
	return nil
}

// decode turns a Go value into the JSON values that a parser reads.
func decode(v any) (object, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	body := object{}
	return body, json.Unmarshal(data, &body)
}
