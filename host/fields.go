package host

import (
	"strings"

	"patchbay/manifest"
)

// FieldError says which of a connection's values are not right.
type FieldError struct {
	Missing []manifest.Field  // required, and neither given nor defaulted
	Wrong   map[string]string // what is wrong, by name
}

func (e *FieldError) Error() string {
	var parts []string
	if len(e.Missing) > 0 {
		var names []string
		for _, f := range e.Missing {
			names = append(names, f.Name)
		}
		parts = append(parts, "missing: "+strings.Join(names, ", "))
	}
	for _, name := range sortedKeys(e.Wrong) {
		parts = append(parts, name+": "+e.Wrong[name])
	}
	return "connection fields: " + strings.Join(parts, "; ")
}

// readFields turns typed text into a connection's fields and secrets.
func readFields(fields []manifest.Field, values map[string]string) (plain map[string]any, secret map[string]string, err error) {
	bad := &FieldError{Wrong: map[string]string{}}
	plain, secret = map[string]any{}, map[string]string{}
	known := map[string]bool{}
	for _, f := range fields {
		known[f.Name] = true
		text, given := values[f.Name]
		switch {
		case !given && f.Default != nil:
			plain[f.Name] = f.Default
		case !given && f.Required:
			bad.Missing = append(bad.Missing, f)
		case !given:
		default:
			v, problem := f.Value(text)
			if problem != "" {
				bad.Wrong[f.Name] = problem
			} else if f.Secret {
				secret[f.Name] = text
			} else {
				plain[f.Name] = v
			}
		}
	}
	for _, name := range sortedKeys(values) {
		if !known[name] {
			bad.Wrong[name] = "no such field"
		}
	}
	if len(bad.Missing) > 0 || len(bad.Wrong) > 0 {
		return nil, nil, bad
	}
	return plain, secret, nil
}
