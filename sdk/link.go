package sdk

import "strings"

// Link returns the absolute URL of the first link in the Link headers (RFC 8288) whose rel has the given
// relation ("next"), or "".
func (r *Response) Link(rel string) string {
	for _, header := range r.Header.Values("Link") {
		for header != "" {
			var l link
			l, header = nextLink(header)
			if l.has(rel) {
				return r.resolve(l.target)
			}
		}
	}
	return ""
}

type link struct {
	target string
	rel    string
}

// has looks for one of the relations in rel, which are separated by spaces and compared without case.
func (l link) has(rel string) bool {
	for _, r := range strings.Fields(l.rel) {
		if strings.EqualFold(r, rel) {
			return true
		}
	}
	return false
}

// nextLink reads one link-value, `<target>; name=value; name="value"`, and returns the rest after its comma.
func nextLink(s string) (l link, rest string) {
	open := strings.IndexByte(s, '<')
	if open < 0 {
		return link{}, ""
	}
	target, s, ok := strings.Cut(s[open+1:], ">")
	if !ok {
		return link{}, ""
	}
	l.target = strings.TrimSpace(target)
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == ',' {
			return l, strings.TrimPrefix(s, ",")
		}
		if s[0] != ';' {
			return link{}, ""
		}
		var name, value string
		name, value, s = nextParam(s[1:])
		if strings.EqualFold(name, "rel") && l.rel == "" {
			l.rel = value // the first rel counts, RFC 8288 section 3.3
		}
	}
}

// nextParam reads `name=token`, `name="quoted"` or `name` up to the next ";" or ",".
func nextParam(s string) (name, value, rest string) {
	end := strings.IndexAny(s, "=;,")
	if end < 0 {
		return strings.TrimSpace(s), "", ""
	}
	name = strings.TrimSpace(s[:end])
	if s[end] != '=' {
		return name, "", s[end:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		value, rest = quoted(s[1:])
		return name, value, rest
	}
	end = strings.IndexAny(s, ";,")
	if end < 0 {
		return name, strings.TrimSpace(s), ""
	}
	return name, strings.TrimSpace(s[:end]), s[end:]
}

// quoted reads to the closing quote of a quoted-string.
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
