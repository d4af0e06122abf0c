package auth

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var unused = rule.Rule{
	Rule: report.Rule{
		ID: "A026", Title: "Every field of a connection is used", Severity: report.Warning,
		Rationale: "People look for a value that nobody needs, and wonder whether they gave it right.",
		Fix:       "use the field in an address, in a quota, in an auth method or in the guest, or leave it out",
		Origin:    "Make only needed credentials",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for i, f := range s.Manifest.Connection.Fields {
			if len(f.Enum) == 1 || inTemplates(s.Manifest, f.Name) {
				continue
			}
			place := rule.Item("/connection/fields", i)
			if f.Secret { // the guest never sees it
				found(place, "no template has the secret field %s", f.Name)
			} else if n, differs := matters(ctx, s, f); n > 0 && !differs {
				found(place, "no template has %s, and %d cases go the same with another value of it", f.Name, n)
			}
		}
		return ctx.Err()
	},
}

// inTemplates reports whether the host uses a field of the connection.
func inTemplates(m *manifest.Manifest, field string) bool {
	var all []string
	for _, g := range m.HTTP {
		all = append(append(all, g.URL), g.Paths...)
	}
	for _, q := range m.Quotas {
		all = append(append(all, q.Account), q.Paths...)
	}
	for _, a := range m.Auth {
		all = append(all, templates(a)...)
	}
	return slices.ContainsFunc(all, func(t string) bool { return named(t, field) })
}

// matters makes the calls of the cases with another value of a field. n counts those that could be made; the first
// that goes otherwise ends the search.
func matters(ctx context.Context, s *rule.Subject, f manifest.Field) (n int, differs bool) {
	for _, t := range s.Lab.Replays(ctx) {
		call, ok := changed(t.Case.Call, f)
		if t.Problem != "" || !ok {
			continue
		}
		was, is := try(ctx, s, t.Case, t.Case.Call), try(ctx, s, t.Case, call)
		if was.Problem != "" || is.Problem != "" {
			continue
		}
		if n++; !alike(was, is) {
			return n, true
		}
	}
	return n, false
}

// try gives both calls the same key: it would be the only difference.
func try(ctx context.Context, s *rule.Subject, k *cases.Case, c cases.Call) lab.Trace {
	return s.Lab.Try(ctx, lab.Try{Case: k, Call: c, Key: "field"})
}

// alike reports whether two calls asked for the same and ended alike.
func alike(a, b lab.Trace) bool {
	same := func(x, y lab.Request) bool {
		return x.Method == y.Method && x.URL.String() == y.URL.String() && maps.EqualFunc(x.Header, y.Header, slices.Equal) && bytes.Equal(x.Body, y.Body)
	}
	ends := func(t lab.Trace) string {
		if t.Fault != nil {
			return t.Fault.Error()
		}
		return string(t.Output)
	}
	return slices.EqualFunc(a.Requests, b.Requests, same) && len(a.Refused) == len(b.Refused) && a.Status == b.Status && ends(a) == ends(b)
}

// changed is a call with another value of a field.
func changed(c cases.Call, f manifest.Field) (cases.Call, bool) {
	was, ok := c.Fields[f.Name]
	if !ok && f.Default != nil {
		was = fmt.Sprint(f.Default)
	}
	value, ok := another(f, was)
	c.Fields = maps.Clone(c.Fields)
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	c.Fields[f.Name] = value
	return c, ok
}

// another is a value other than was that a field accepts: one of its choices, or was with one character changed.
func another(f manifest.Field, was string) (string, bool) {
	var all []string
	for _, v := range f.Enum {
		all = append(all, fmt.Sprint(v))
	}
	for i := len(was) - 1; i >= 0; i-- {
		if c, ok := next(was[i]); ok {
			all = append(all, was[:i]+string(c)+was[i+1:])
		}
	}
	for _, v := range append(all, "another", "17", "true", "false") {
		if _, problem := f.Value(v); v != was && problem == "" {
			return v, true
		}
	}
	return "", false
}

// kinds are characters that a pattern is likely to take for each other.
var kinds = []string{"1234567890", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ"}

// next is the character after c of the same kind; there is none for marks and for parts of other letters.
func next(c byte) (byte, bool) {
	for _, kind := range kinds {
		if i := strings.IndexByte(kind, c); i >= 0 {
			return kind[(i+1)%len(kind)], true
		}
	}
	return 0, false
}
