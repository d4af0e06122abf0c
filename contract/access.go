package contract

import (
	"math"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
)

// grants compares what the connector may reach.
func (c *comparison) grants() {
	pairs(c.old.HTTP, c.new.HTTP, func(g manifest.Grant) string { return g.ID },
		func(i int, g manifest.Grant) { c.add(Patch, at("http", i), "%s is not asked for any more", g.URL) },
		func(i int, g manifest.Grant) { c.ask(Minor, at("http", i), "%s is asked for", g.URL) },
		func(i int, a, b manifest.Grant) {
			place := at("http", i)
			if a.URL != b.URL {
				c.ask(Minor, place+"/url", "%s is asked for, not %s", b.URL, a.URL)
			}
			c.more(place+"/methods", a.Methods, b.Methods)
			c.more(place+"/paths", paths(a), paths(b))
			switch {
			case !a.Authenticated() && b.Authenticated():
				c.ask(Minor, place+"/auth", "requests to %s carry the credential now", b.URL)
			case a.Authenticated() && !b.Authenticated():
				c.add(Patch, place+"/auth", "requests to %s do not carry the credential any more", b.URL)
			}
			c.words(place+"/reason", a.Reason, b.Reason)
		})
}

func paths(g manifest.Grant) []string {
	if len(g.Paths) == 0 {
		return []string{"/**"}
	}
	return g.Paths
}

// more compares lists of what is granted.
func (c *comparison) more(place string, old, new []string) {
	for _, x := range new {
		if !slices.Contains(old, x) {
			c.ask(Minor, place, "%s is granted too", x)
		}
	}
	for _, x := range old {
		if !slices.Contains(new, x) {
			c.add(Patch, place, "%s is not granted any more", x)
		}
	}
}

// auth compares how connections prove who they are.
func (c *comparison) auth() {
	pairs(c.old.Auth, c.new.Auth, func(a manifest.AuthMethod) string { return a.ID },
		func(i int, a manifest.AuthMethod) {
			c.add(Major, at("auth", i), "auth method %s is gone: its connections must be made anew", a.ID)
		},
		func(i int, a manifest.AuthMethod) { c.add(Minor, at("auth", i), "auth method %s is new", a.ID) },
		c.method)
	if len(c.old.Auth) > 0 && len(c.new.Auth) > 0 && c.old.Auth[0].ID != c.new.Auth[0].ID {
		c.add(Minor, "/auth/0", "the default auth method is %s, not %s", c.new.Auth[0].ID, c.old.Auth[0].ID)
	}
}

func (c *comparison) method(i int, a, b manifest.AuthMethod) {
	place := at("auth", i)
	switch {
	case a.Type != b.Type || a.Grant != b.Grant:
		c.ask(Major, place+"/type", "auth method %s works another way: its connections must be made anew", b.ID)
		return
	case a.AuthorizeURL != b.AuthorizeURL || a.TokenURL != b.TokenURL || a.RevokeURL != b.RevokeURL || !same(a.Steps, b.Steps):
		c.ask(Minor, place, "auth method %s sends credentials to other addresses", b.ID)
	}
	c.fields(place+"/fields", a.AllFields(), b.AllFields())
	for _, s := range b.Scopes {
		if !slices.Contains(a.Scopes, s) {
			c.ask(Major, place+"/scopes", "scope %q is asked for: those who have consented have not consented to it", s)
		}
	}
	for _, s := range a.Scopes {
		if !slices.Contains(b.Scopes, s) {
			c.add(Patch, place+"/scopes", "scope %q is not asked for any more", s)
		}
	}
	x, y := a, b
	for _, m := range []*manifest.AuthMethod{&x, &y} { // what has been compared, and words
		m.Title, m.Description, m.Fields, m.Scopes, m.AuthorizeURL, m.TokenURL, m.RevokeURL, m.Steps = "", "", nil, nil, "", "", "", nil
	}
	if !same(x, y) {
		c.ask(Minor, place, "auth method %s proves who a connection is in another way", b.ID)
	}
	c.words(place, a.Title+a.Description, b.Title+b.Description)
}

// connection compares what a connection holds.
func (c *comparison) connection() {
	c.fields("/connection/fields", c.old.Connection.Fields, c.new.Connection.Fields)
	if c.old.Connection.Test != c.new.Connection.Test {
		c.add(Patch, "/connection/test", "connections are tested by %q", c.new.Connection.Test)
	}
}

func (c *comparison) fields(place string, old, new []manifest.Field) {
	pairs(old, new, func(f manifest.Field) string { return f.Name },
		func(_ int, f manifest.Field) { c.add(Minor, place, "field %s is not asked for any more", f.Name) },
		func(_ int, f manifest.Field) {
			if f.Required && f.Default == nil {
				c.add(Major, place, "field %s is required: connections of today lack it", f.Name)
			} else {
				c.add(Minor, place, "field %s is new", f.Name)
			}
		},
		func(_ int, a, b manifest.Field) { c.field(place, a, b) })
}

func (c *comparison) field(place string, a, b manifest.Field) {
	if c.inHost(b.Name) && looser(a, b) {
		c.ask(Minor, place, "field %s, which is part of a host's name, takes other values: other hosts may be reached", b.Name)
	}
	switch {
	case a.Type != b.Type || a.Secret != b.Secret:
		c.ask(Major, place, "field %s is of another kind", b.Name)
	case b.Required && !a.Required && b.Default == nil:
		c.add(Major, place, "field %s is required: connections of today may lack it", b.Name)
	case b.Pattern != "" && a.Pattern != b.Pattern:
		c.add(Major, place, "field %s must match %s: values of today may not", b.Name, b.Pattern)
	case len(b.Enum) > 0 && !contains(b.Enum, a.Enum):
		c.add(Major, place, "field %s takes fewer values", b.Name)
	case !same(a.Default, b.Default):
		c.add(Minor, place, "the default of field %s is another", b.Name)
	case !same(a, b):
		c.add(Patch, place, "field %s is described in other words", b.Name)
	}
}

// looser reports whether a field may take values that it did not.
func looser(a, b manifest.Field) bool {
	fewer := len(b.Enum) > 0 && contains(a.Enum, b.Enum)
	return len(a.Enum) > 0 && !fewer || a.Pattern != "" && a.Pattern != b.Pattern && !fewer
}

// inHost reports whether a field is part of the name of a host that is reached, or that makes credentials.
func (c *comparison) inHost(field string) bool {
	var urls []string
	for _, g := range c.new.HTTP {
		urls = append(urls, g.URL)
	}
	for _, a := range c.new.Auth {
		urls = append(urls, a.AuthorizeURL, a.TokenURL, a.RevokeURL)
		for _, s := range a.Steps {
			urls = append(urls, s.URL)
		}
	}
	return slices.ContainsFunc(urls, func(url string) bool {
		_, rest, _ := strings.Cut(url, "://")
		host, _, _ := strings.Cut(rest, "/")
		return strings.Contains(host, "{"+field+"}") || strings.Contains(host, "{"+field+"|")
	})
}

// contains reports whether all of few are in many. None at all means any value.
func contains(many, few []any) bool {
	return len(few) > 0 && !slices.ContainsFunc(few, func(x any) bool {
		return !slices.ContainsFunc(many, func(y any) bool { return same(x, y) })
	})
}

// faults compares which faults operations may end with: recipes branch on them.
func (c *comparison) faults() {
	for _, code := range codes(c.old) {
		if !slices.Contains(codes(c.new), code) {
			c.add(Minor, "/errors", "no error rule says %s any more", code)
		}
	}
	for i, r := range c.new.Errors {
		if !slices.ContainsFunc(c.old.Errors, func(o manifest.ErrorRule) bool { return o.Code == r.Code }) {
			c.add(Minor, at("errors", i), "calls may end with %s", r.Code)
		}
	}
	for i, r := range c.new.Errors {
		for _, o := range c.old.Errors {
			if o.Code != r.Code && o.Status == r.Status && o.Pointer == r.Pointer && o.Header == r.Header && o.Equals == r.Equals {
				c.add(Major, at("errors", i)+"/code", "what was the fault %s is %s", o.Code, r.Code)
			}
		}
	}
	if !same(c.old.Errors, c.new.Errors) && slices.Equal(codes(c.old), codes(c.new)) {
		c.add(Patch, "/errors", "the vendor's errors are told apart otherwise")
	}
	if !same(c.old.Retry, c.new.Retry) {
		c.add(Patch, "/retry", "requests are repeated otherwise")
	}
}

func codes(m *manifest.Manifest) (all []abi.Code) {
	for _, r := range m.Errors {
		all = append(all, abi.Code(r.Code))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// limits compares what calls may use, and what the vendor allows.
func (c *comparison) limits() {
	c.bounds("/limits", c.old.Limits, c.new.Limits)
	if !same(c.old.Quotas, c.new.Quotas) {
		c.add(Patch, "/quotas", "the vendor's limits are declared otherwise")
	}
}

// bounds compares limits, of which a larger one is asked about. Zero is the host's default.
func (c *comparison) bounds(place string, old, new manifest.Limits) {
	if old == new {
		return
	}
	most := abi.Limits{
		Memory: math.MaxInt64, Wall: math.MaxInt64, Fuel: math.MaxInt64, HTTPCalls: math.MaxInt, HostCalls: math.MaxInt,
		RequestBody: math.MaxInt64, ResponseBody: math.MaxInt64, Output: math.MaxInt64, Log: math.MaxInt64,
	}
	if was, is := old.Apply(most), new.Apply(most); new.Apply(was) != is {
		c.ask(Minor, place, "more is asked for than before")
		return
	}
	c.add(Patch, place, "less is asked for than before")
}

// listing compares what a marketplace shows.
func (c *comparison) listing() {
	if c.old.Ref() != c.new.Ref() {
		c.add(Major, "/name", "it is %s, not %s: another connector", c.new.Ref(), c.old.Ref())
	}
	if c.old.License != c.new.License {
		c.ask(Minor, "/license", "the licence is %s, not %s", c.new.License, c.old.License)
	}
	text := func(m *manifest.Manifest) string {
		return strings.Join(append(slices.Clone(m.Categories), m.Title, m.Description, m.Icon, m.Homepage, m.Docs, m.Support.Email, m.Support.URL), "\n")
	}
	if text(c.old) != text(c.new) {
		c.add(Patch, "/", "the listing is in other words")
	}
}
