package network

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
)

// use is a recorded request as the grants see it.
type use struct {
	file     string // of the case
	of       *cases.Case
	exchange *cases.Exchange
	grant    int      // that covers it; -1 if none does
	patterns []int    // of the grant's that match it
	segments []string // of its path, below the grant's base
}

type usesKey struct{}

// uses are the requests of all cases. What a case holds and the guest does not send is found by the replays.
func uses(s *rule.Subject) []use {
	return rule.Once(s, usesKey{}, func() []use {
		var all []use
		for _, k := range s.Cases {
			grants := expandAll(s.Manifest, fields(s.Manifest, k.Call))
			for i := range k.Exchanges {
				u := use{file: rule.CaseFile(k.Name), of: k, exchange: &k.Exchanges[i]}
				u.judge(grants)
				all = append(all, u)
			}
		}
		return all
	})
}

// of returns the requests that a grant covers.
func of(all []use, grant int) []use {
	return slices.DeleteFunc(slices.Clone(all), func(u use) bool { return u.grant != grant })
}

// judge finds the first grant that covers the request, as the host does.
func (u *use) judge(grants []grant) {
	for i, g := range grants {
		if u.segments, u.patterns = g.covers(u.exchange.Method, u.exchange.URL); u.patterns != nil {
			u.grant = i
			return
		}
	}
	u.grant = -1
}

// fields are what templates have to work with: the case's values, and the defaults of others.
func fields(m *manifest.Manifest, c cases.Call) map[string]string {
	values := map[string]string{}
	for _, f := range m.Connection.Fields {
		if f.Default != nil {
			values[f.Name] = fmt.Sprint(f.Default)
		}
	}
	for name, v := range c.Fields {
		values[name] = v
	}
	return values
}

// grant is one with the values of a connection in it.
type grant struct {
	base     string
	methods  []string
	patterns [][]string // segments; nil for one whose fields have no values
}

func expandAll(m *manifest.Manifest, values map[string]string) []grant {
	var all []grant
	for _, g := range m.HTTP {
		base, err := manifest.Expand(g.URL, values, manifest.EscapeURL)
		e := grant{base: base, methods: g.Methods}
		for _, p := range patterns(g) {
			text, missing := manifest.Expand(p, values, manifest.EscapeURL)
			if err != nil || missing != nil {
				e.patterns = append(e.patterns, nil)
				continue
			}
			e.patterns = append(e.patterns, segments(text))
		}
		all = append(all, e)
	}
	return all
}

// patterns are a grant's paths, or what it has without any.
func patterns(g manifest.Grant) []string {
	if len(g.Paths) == 0 {
		return []string{"/**"}
	}
	return g.Paths
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// covers returns the segments below the base and the patterns that match them, or nil.
func (g grant) covers(method string, u *url.URL) (below []string, by []int) {
	rest, ok := strings.CutPrefix(u.Scheme+"://"+u.Host+u.EscapedPath(), g.base)
	if !ok || rest != "" && rest[0] != '/' || !slices.Contains(g.methods, method) {
		return nil, nil
	}
	below = segments(rest)
	for i, p := range g.patterns {
		if p != nil && matches(p, below) {
			by = append(by, i)
		}
	}
	return below, by
}

// matches is the host's own rule: * is one segment, ** any rest.
func matches(pattern, below []string) bool {
	for i, p := range pattern {
		switch {
		case p == "**":
			return true
		case i >= len(below), p == "*" && below[i] == "", p != "*" && p != below[i]:
			return false
		}
	}
	return len(pattern) == len(below)
}

// within reports whether all that pattern a matches b matches too.
func within(a, b []string) bool {
	for i, p := range b {
		switch {
		case p == "**":
			return true
		case i >= len(a), a[i] == "**", p != "*" && p != a[i]:
			return false
		}
	}
	return len(a) == len(b)
}

// ledTo reports whether a grant is for a host to which the vendor sends on, without a credential and to read only: there the
// paths are the vendor's to choose.
func ledTo(g manifest.Grant, mine []use) bool {
	if g.Authenticated() || slices.ContainsFunc(g.Methods, func(m string) bool { return m != "GET" && m != "HEAD" }) {
		return false
	}
	return !slices.ContainsFunc(mine, func(u use) bool { return !u.redirected() })
}

// redirected reports whether the answer before led to the request.
func (u use) redirected() bool {
	for i := range u.of.Exchanges {
		if &u.of.Exchanges[i] == u.exchange {
			return i > 0 && u.of.Exchanges[i-1].Status/100 == 3 && u.of.Exchanges[i-1].Answer.Get("Location") == u.exchange.URL.String()
		}
	}
	return false
}
