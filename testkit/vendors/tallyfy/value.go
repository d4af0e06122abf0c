package tallyfy

import (
	"math"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// integer returns a JSON number without a fraction as an int.
func integer(v any) (int, bool) {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int(f), true
}

// parseDate reads YYYY-MM-DD HH:MM:SS, or ISO 8601 with or without a time.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// workday moves a time that falls on a weekend to Monday.
func workday(t time.Time) time.Time {
	switch t.Weekday() {
	case time.Saturday:
		return t.AddDate(0, 0, 2)
	case time.Sunday:
		return t.AddDate(0, 0, 1)
	}
	return t
}

// parseOwners reads {"users": [int], "guests": [e-mail], "groups": [id]}. Not ok is another shape, or a
// user who is not a member.
func parseOwners(v any, org *tenant) (Owners, bool) {
	parts, ok := v.(map[string]any)
	if !ok {
		return Owners{}, false
	}
	var owners Owners
	users, _ := parts["users"].([]any)
	for _, item := range users {
		id, ok := integer(item)
		if !ok || org.Roles[id] == "" {
			return Owners{}, false
		}
		owners.Users = append(owners.Users, id)
	}
	guests, okGuests := texts(parts["guests"])
	groups, okGroups := texts(parts["groups"])
	owners.Guests, owners.Groups = guests, groups
	return owners, okGuests && okGroups
}

// texts reads a list of strings; none counts as empty.
func texts(v any) ([]string, bool) {
	items, ok := v.([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		s, isText := item.(string)
		if !isText {
			return nil, false
		}
		out = append(out, s)
	}
	return out, ok || v == nil
}

// emptyValue reports whether a form value counts as not filled in.
func emptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// check says what is wrong with a value for the field, or "". An empty value clears a field of any type.
func (f Field) check(v any, org *tenant) string {
	if emptyValue(v) {
		return ""
	}
	switch f.Type {
	case "text":
		return checkText(v, 200)
	case "textarea":
		return checkText(v, 30000)
	case "email":
		return checkIf(isText(v, validEmail), "must be a valid email address")
	case "date":
		return checkIf(isText(v, validDate), "is not a valid date")
	case "radio":
		return checkIf(isText(v, func(s string) bool { return slices.Contains(f.Options, s) }), "is not an option")
	case "dropdown":
		return checkIf(f.isOption(v), "must be an option's id and text")
	case "multiselect":
		return checkIf(each(v, f.isOption), "must be a list of options")
	case "table":
		cells, ok := v.([]any)
		return checkIf(ok && len(cells) == len(f.Columns), "Number of columns does not match required columns")
	case "assignees_form":
		_, ok := parseOwners(v, org)
		return checkIf(ok, "must be users, guests and groups")
	case "file":
		return checkIf(each(v, isAsset), "must be a list of uploaded files")
	}
	return "has a type that is not known"
}

func checkIf(ok bool, otherwise string) string {
	if ok {
		return ""
	}
	return otherwise
}

func checkText(v any, limit int) string {
	s, ok := v.(string)
	if !ok {
		return "must be a string"
	}
	return checkIf(utf8.RuneCountInString(s) <= limit, "is too long")
}

func isText(v any, valid func(string) bool) bool {
	s, ok := v.(string)
	return ok && valid(s)
}

func validEmail(s string) bool {
	address, err := mail.ParseAddress(s)
	return err == nil && address.Address == s && strings.Contains(s, ".")
}

func validDate(s string) bool {
	_, ok := parseDate(s)
	return ok
}

// isOption reports whether the value is {"id", "text"} of one of the field's options, exactly.
func (f Field) isOption(v any) bool {
	option, ok := v.(map[string]any)
	if !ok {
		return false
	}
	id, ok := integer(option["id"])
	return ok && id >= 1 && id <= len(f.Options) && option["text"] == f.Options[id-1]
}

// isAsset reports whether the value names an uploaded file. That it exists is taken on trust.
func isAsset(v any) bool {
	asset, ok := v.(map[string]any)
	return ok && !emptyValue(asset["id"])
}

func each(v any, valid func(any) bool) bool {
	items, ok := v.([]any)
	return ok && !slices.ContainsFunc(items, func(item any) bool { return !valid(item) })
}
