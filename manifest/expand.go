package manifest

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Escape says what kind of text a template makes.
type Escape int

// Kinds of templates. In a URL a value that would change its structure is an error, and so is a control character
// anywhere.
const (
	EscapeNone Escape = iota // text, such as a header's value
	EscapeURL                // a URL ("https://{host}/api/{id}") or a path ("/users/{id}")
)

// filters change the spelling of a value: {account|underscores|upper} of "1234567-sb1" is "1234567_SB1".
var filters = map[string]func(string) string{
	"upper":       strings.ToUpper,
	"lower":       strings.ToLower,
	"dashes":      func(s string) string { return strings.ReplaceAll(s, "_", "-") },
	"underscores": func(s string) string { return strings.ReplaceAll(s, "-", "_") },
}

// Expand puts fields into the template in the place of {name}, or of {name|filter|...}: upper, lower, dashes (_ becomes
// -) and underscores (- becomes _), from left to right. In a URL's host a value is one or more labels of a
// host name; in a path it is a part of one segment and is percent-encoded. The error says which field does not
// fit, and never repeats a value.
func Expand(template string, fields map[string]string, escape Escape) (string, error) {
	parts, err := parseTemplate(template)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range parts {
		if p.field == "" {
			b.WriteString(p.text)
			continue
		}
		value, ok := fields[p.field]
		if !ok {
			return "", fmt.Errorf("field %q has no value", p.field)
		}
		if value, err = escapeValue(p.filter(value), escape, inHost(b.String())); err != nil {
			return "", fmt.Errorf("field %q %w", p.field, err)
		}
		b.WriteString(value)
	}
	if escape == EscapeURL && hasDots(b.String()) {
		return "", fmt.Errorf("%q with its fields has a dot segment (. or ..)", template)
	}
	return b.String(), nil
}

// inHost reports whether what follows the URL so far belongs to its host.
func inHost(url string) bool {
	_, rest, ok := strings.Cut(url, "://")
	return ok && !strings.Contains(rest, "/")
}

func hasDots(url string) bool {
	for _, segment := range strings.Split(url, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

var hostLabels = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

func escapeValue(value string, escape Escape, host bool) (string, error) {
	for _, r := range value {
		if r < 0x20 || r == 0x7F {
			return "", errors.New("holds a control character")
		}
	}
	switch {
	case escape != EscapeURL:
		return value, nil
	case value == "":
		return "", errors.New("is empty, and a URL needs it")
	case host && !hostLabels.MatchString(value):
		return "", errors.New("is not a host name")
	case host:
		return value, nil
	case strings.ContainsAny(value, `/\`):
		return "", errors.New("holds a slash, which would change the URL's path")
	}
	// In the patterns of a grant a bare * is a wildcard.
	return strings.ReplaceAll(url.PathEscape(value), "*", "%2A"), nil
}

// part is literal text or a field of a template.
type part struct {
	text, field string
	filters     []string
}

// filter spells a value as the part wants it.
func (p part) filter(value string) string {
	for _, name := range p.filters {
		value = filters[name](value)
	}
	return value
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// parseTemplate splits a template. A brace that is not part of {name} is an error.
func parseTemplate(template string) (parts []part, err error) {
	for rest := template; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			return append(parts, part{text: rest}), nil
		}
		if i > 0 {
			parts = append(parts, part{text: rest[:i]})
		}
		end := strings.IndexByte(rest[i:], '}')
		if rest[i] == '}' || end < 0 {
			return nil, fmt.Errorf("%s has a brace that is not part of a {field}", quote(template))
		}
		words := strings.Split(rest[i+1:i+end], "|")
		if !fieldName.MatchString(words[0]) {
			return nil, fmt.Errorf("%s has a brace that is not part of a {field}", quote(template))
		}
		for _, w := range words[1:] {
			if filters[w] == nil {
				return nil, fmt.Errorf("%s has the filter %s, and filters are dashes, lower, underscores and upper", quote(template), quote(w))
			}
		}
		parts = append(parts, part{field: words[0], filters: words[1:]})
		rest = rest[i+end+1:]
	}
	return parts, nil
}
