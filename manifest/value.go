package manifest

import (
	"fmt"
	"regexp"
	"strconv"
)

// Value reads text, as a person types it, as a value of the field: a string, an int64 or a bool. problem says
// what is wrong with it, and is empty when nothing is. It never repeats the text of a secret field.
func (f Field) Value(text string) (v any, problem string) {
	switch f.Type {
	case "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, "want a whole number"
		}
		v = n
	case "boolean":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, "want true or false"
		}
		v = b
	default:
		v = text
	}
	if f.Required && text == "" {
		return nil, "must not be empty"
	}
	if len(f.Enum) > 0 && !f.allows(v) {
		return nil, fmt.Sprintf("want one of %v", f.Enum)
	}
	if f.Pattern != "" {
		re, err := regexp.Compile(`^(?:` + f.Pattern + `)$`)
		if err != nil || !re.MatchString(text) {
			return nil, fmt.Sprintf("does not match the pattern %s", f.Pattern)
		}
	}
	return v, ""
}

// allows compares by text: an enum's numbers come from JSON as floats.
func (f Field) allows(v any) bool {
	for _, e := range f.Enum {
		if fmt.Sprint(e) == fmt.Sprint(v) {
			return true
		}
	}
	return false
}
