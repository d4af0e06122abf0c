package tallyfy

import (
	"encoding/json"
	"io"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// form is the body of a request, read property by property. What is wrong with it is gathered by property,
// so that one answer names every mistake.
type form struct {
	values map[string]any
	errors map[string][]string
}

// form reads the call's body. A body of another content type counts as empty. Not ok is a body that is not
// a JSON object.
func (c *call) form() (*form, bool) {
	f := &form{values: map[string]any{}, errors: map[string][]string{}}
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	body, err := io.ReadAll(c.r.Body)
	if err != nil || kind != "application/json" || len(body) == 0 {
		return f, err == nil
	}
	return f, json.Unmarshal(body, &f.values) == nil && f.values != nil
}

// fail notes a mistake. The message's %s is the property's name in words.
func (f *form) fail(name, message string) {
	words := strings.ReplaceAll(name, "_", " ")
	f.errors[name] = append(f.errors[name], strings.ReplaceAll(message, "%s", words))
}

// failed reports whether there are mistakes, and their answer.
func (f *form) failed() (reply, bool) { return invalid(f.errors), len(f.errors) > 0 }

// has reports whether the property is there and not null.
func (f *form) has(name string) bool { return f.values[name] != nil }

// require notes every property that is missing, null or an empty string.
func (f *form) require(names ...string) {
	for _, name := range names {
		if v := f.values[name]; v == nil || v == "" {
			f.fail(name, "The %s field is required.")
		}
	}
}

// text returns a string of at most limit characters, or the default when it is absent.
func (f *form) text(name, absent string, limit int) string {
	if !f.has(name) {
		return absent
	}
	v, ok := f.values[name].(string)
	if !ok {
		f.fail(name, "The %s must be a string.")
	} else if utf8.RuneCountInString(v) > limit {
		f.fail(name, "The %s is too long.")
	}
	return v
}

// choice returns a string that must be one of the allowed.
func (f *form) choice(name string, allowed ...string) string {
	v := f.text(name, "", 100)
	if f.has(name) && !slices.Contains(allowed, v) {
		f.fail(name, "The selected %s is invalid.")
	}
	return v
}

// flag returns a boolean, or the default when it is absent.
func (f *form) flag(name string, absent bool) bool {
	if !f.has(name) {
		return absent
	}
	v, ok := f.values[name].(bool)
	if !ok {
		f.fail(name, "The %s field must be true or false.")
	}
	return v
}

// number returns an integer, or the default when it is absent.
func (f *form) number(name string, absent int) int {
	if !f.has(name) {
		return absent
	}
	n, ok := integer(f.values[name])
	if !ok {
		f.fail(name, "The %s must be an integer.")
	}
	return n
}

// member returns the id of one of the organisation's members, or the default when it is absent.
func (f *form) member(name string, absent int, org *tenant) int {
	id := f.number(name, absent)
	if f.has(name) && org.Roles[id] == "" {
		f.fail(name, "The selected %s is invalid.")
	}
	return id
}

// members returns ids of the organisation's members.
func (f *form) members(name string, org *tenant) []int {
	items, _ := f.values[name].([]any)
	ids := make([]int, 0, len(items))
	for _, item := range items {
		id, ok := integer(item)
		if !ok || org.Roles[id] == "" {
			f.fail(name, "The selected %s is invalid.")
		}
		ids = append(ids, id)
	}
	return ids
}

// date returns a time in one of the forms accepted, or the default when it is absent.
func (f *form) date(name string, absent time.Time) time.Time {
	if !f.has(name) {
		return absent
	}
	v, _ := f.values[name].(string)
	t, ok := parseDate(v)
	if !ok {
		f.fail(name, "The %s is not a valid date.")
	}
	return t
}

// owners returns the assignees under the property.
func (f *form) owners(name string, org *tenant) Owners {
	if !f.has(name) {
		return Owners{}
	}
	owners, ok := parseOwners(f.values[name], org)
	if !ok {
		f.fail(name, "The selected %s is invalid.")
	}
	return owners
}

// object returns a JSON object. PHP writes an empty one as [], so that is taken too.
func (f *form) object(name string) map[string]any {
	switch v := f.values[name].(type) {
	case nil:
	case map[string]any:
		return v
	case []any:
		if len(v) > 0 {
			f.fail(name, "The %s must be an object.")
		}
	default:
		f.fail(name, "The %s must be an object.")
	}
	return nil
}
