package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"patchbay/sdk"
)

// kickoffForm turns the values that a user gives by name into those that Tallyfy wants by field id.
type kickoffForm struct {
	client client
	fields []field
}

// encode checks every name and value. The first wrong one, in the order of the names, is a fault.
func (k kickoffForm) encode(values map[string]any) (map[string]any, error) {
	prerun := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f, err := k.find(name)
		if err != nil {
			return nil, err
		}
		if _, twice := prerun[f.ID]; twice {
			return nil, sdk.Faultf(sdk.InvalidInput, "kick-off field %q is given twice, under two of its names", f.Label).At(kickoffPointer(name))
		}
		v := values[name]
		if v == nil || v == "" {
			continue // a mapping from an empty field
		}
		if prerun[f.ID], err = k.value(entry{field: f, at: kickoffPointer(name)}, v); err != nil {
			return nil, err
		}
	}
	return prerun, k.complete(prerun)
}

// find looks a field up by id, then alias, then label, each compared exactly.
func (k kickoffForm) find(name string) (field, error) {
	for _, of := range []func(field) string{field.id, field.alias, field.label} {
		found := slices.DeleteFunc(slices.Clone(k.fields), func(f field) bool { return of(f) != name })
		switch {
		case len(found) > 1:
			return field{}, sdk.Faultf(sdk.InvalidInput, "%d kick-off fields are called %q; use one of their ids: %s",
				len(found), name, quoted(each(found, field.id))).At(kickoffPointer(name))
		case len(found) == 1:
			return found[0], nil
		}
	}
	return field{}, sdk.Faultf(sdk.InvalidInput, "the blueprint has no kick-off field %q; it has %s",
		name, quoted(each(k.fields, field.name))).At(kickoffPointer(name))
}

// complete reports the first required field without a value.
func (k kickoffForm) complete(prerun map[string]any) error {
	for _, f := range k.fields {
		if _, ok := prerun[f.ID]; f.Required && !ok {
			return sdk.Faultf(sdk.InvalidInput, "the blueprint requires the kick-off field %q", f.name()).At(kickoffPointer(f.name()))
		}
	}
	return nil
}

// pointerTo is the package's pointerTo, except that it knows the kick-off fields by their ids.
func (k kickoffForm) pointerTo(name string) string {
	id, ok := strings.CutPrefix(name, "prerun.")
	if !ok {
		return pointerTo(name)
	}
	for _, f := range k.fields {
		if f.ID == id {
			return kickoffPointer(f.name())
		}
	}
	return "/kickoff"
}

func kickoffPointer(name string) string {
	return "/kickoff/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func (f field) id() string    { return f.ID }
func (f field) alias() string { return f.Alias }
func (f field) label() string { return f.Label }

// name is what people call the field in an input.
func (f field) name() string {
	for _, name := range []string{f.Alias, f.Label} {
		if name != "" {
			return name
		}
	}
	return f.ID
}

func (f field) texts() []string {
	return each(f.Options, func(o option) string { return o.Text })
}

func (f field) labels() []string {
	return each(f.Columns, func(c column) string { return c.Label })
}

// entry is one field with the place of its value in the input.
type entry struct {
	field
	at string
}

func (e entry) fault(format string, args ...any) error {
	return sdk.Faultf(sdk.InvalidInput, "kick-off field %q: %s", e.name(), fmt.Sprintf(format, args...)).At(e.at)
}

// value encodes v by the field's type.
func (k kickoffForm) value(e entry, v any) (any, error) {
	switch e.Type {
	case "text":
		return e.text(v, 200)
	case "textarea":
		return e.text(v, 30000)
	case "email":
		return e.text(v, 254)
	case "date":
		return e.date(v)
	case "radio":
		o, err := e.choose(v)
		return o.Text, err
	case "dropdown":
		return e.choose(v)
	case "multiselect":
		return e.chooseSeveral(v)
	case "table":
		return e.row(v)
	case "assignees_form":
		return assign(k.client, listOf(v), e.at)
	case "file":
		return e.files(v)
	}
	return v, nil // a type that Tallyfy added later: its API decides
}

// text takes strings and numbers, which have no type of their own in Tallyfy. True and false are refused,
// since nobody can say how a form's reader would spell them.
func (e entry) text(v any, most int) (string, error) {
	s, ok := scalar(v)
	switch {
	case !ok:
		return "", e.fault("want text or a number")
	case utf8.RuneCountInString(s) > most:
		return "", e.fault("%d characters, at most %d are allowed", utf8.RuneCountInString(s), most)
	}
	return s, nil
}

func (e entry) date(v any) (string, error) {
	s, ok := v.(string)
	if !ok || !isDate(s) {
		return "", e.fault("want a date such as 2026-03-20 or 2026-03-20T17:00:00Z")
	}
	return s, nil
}

// isDate reports whether Tallyfy reads s as a date: ISO 8601, or with a space and no zone.
func isDate(s string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// choose finds an option by its exact text, then without regard to case and spaces, then by id.
func (e entry) choose(v any) (option, error) {
	want, ok := scalar(v)
	if !ok {
		return option{}, e.fault("want the text of an option; the options are %s", quoted(e.texts()))
	}
	for _, same := range []func(option) bool{
		func(o option) bool { return o.Text == want },
		func(o option) bool { return fold(o.Text) == fold(want) },
		func(o option) bool { return strings.Trim(string(o.ID), `"`) == want },
	} {
		if i := slices.IndexFunc(e.Options, same); i >= 0 {
			return e.Options[i], nil
		}
	}
	return option{}, e.fault("no option %q; the options are %s", want, quoted(e.texts()))
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// selected is a chosen option of a multiselect field; without the mark Tallyfy stores it and shows nothing.
type selected struct {
	option
	Selected bool `json:"selected"`
}

// chooseSeveral takes a list, or a string: one option, or several with commas between them.
func (e entry) chooseSeveral(v any) ([]selected, error) {
	wanted := listOf(v)
	if s, ok := v.(string); ok {
		if _, err := e.choose(s); err != nil {
			wanted = each(strings.Split(s, ","), func(part string) any { return strings.TrimSpace(part) })
		}
	}
	out := []selected{}
	for _, w := range wanted {
		o, err := e.choose(w)
		if err != nil {
			return nil, err
		}
		out = append(out, selected{option: o, Selected: true})
	}
	return out, nil
}

// row takes a flat list with one entry a column.
func (e entry) row(v any) ([]string, error) {
	cells, ok := v.([]any)
	if !ok || len(cells) != len(e.Columns) {
		return nil, e.fault("want a list with one entry for each column: %s", quoted(e.labels()))
	}
	out := make([]string, len(cells))
	for i, cell := range cells {
		s, ok := scalar(cell)
		if !ok && cell != nil {
			return nil, e.fault("column %q: want text or a number", e.Columns[i].Label)
		}
		out[i] = s
	}
	return out, nil
}

// files takes a list of asset objects as Tallyfy's upload returns them.
func (e entry) files(v any) ([]any, error) {
	assets := listOf(v)
	for _, a := range assets {
		if asset, ok := a.(map[string]any); !ok || asset["id"] == nil {
			return nil, e.fault("want a list of assets that were uploaded to Tallyfy before, each with its id")
		}
	}
	return assets, nil
}

// assignment is who a task or a field is assigned to. Its lists are never null, which Tallyfy refuses.
type assignment struct {
	Users  []int64  `json:"users"`
	Guests []string `json:"guests"`
	Groups []string `json:"groups"`
}

// assign finds the people behind user ids and e-mail addresses; at is the list's place in the input.
func assign(c client, people []any, at string) (assignment, error) {
	a := assignment{Users: []int64{}, Guests: []string{}, Groups: []string{}}
	for i, v := range people {
		s, _ := scalar(v)
		id, err := strconv.ParseInt(s, 10, 64)
		switch {
		case err == nil:
			a.Users = append(a.Users, id)
		case !strings.Contains(s, "@"):
			text, _ := json.Marshal(v)
			return a, sdk.Faultf(sdk.InvalidInput, "%s is neither a user id nor an e-mail address", text).At(fmt.Sprint(at, "/", i))
		default:
			if err := a.find(c, s, fmt.Sprint(at, "/", i)); err != nil {
				return a, err
			}
		}
	}
	slices.Sort(a.Users)
	a.Users = slices.Compact(a.Users)
	return a, nil
}

// find adds the member, else the guest, with that e-mail address.
func (a *assignment) find(c client, email, at string) error {
	members, err := all[user](c, c.path("users"), url.Values{"q": {email}})
	if err != nil {
		return err
	}
	for _, m := range members {
		if strings.EqualFold(m.Email, email) { // q also matches parts
			a.Users = append(a.Users, int64(m.ID))
			return nil
		}
	}
	_, err = get[json.RawMessage](c, c.path("guests", email), nil)
	var f *sdk.Fault
	if errors.As(err, &f) && f.Code == sdk.NotFound {
		return sdk.Faultf(sdk.InvalidInput, "no member or guest of the organization has the e-mail address %s", email).At(at)
	}
	a.Guests = append(a.Guests, email)
	return err
}

// scalar is the text of a string or a number, as it was written.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// listOf is v itself if it is a list, else a list of it.
func listOf(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// each maps a list; of nothing it makes an empty one.
func each[T, U any](list []T, f func(T) U) []U {
	out := make([]U, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

// quoted lists words for a message.
func quoted(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(each(words, strconv.Quote), ", ")
}
