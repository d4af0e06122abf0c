package manifest

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checker checks what schema.json cannot say: what a manifest's parts mean to each other.
type checker struct {
	m        *Manifest
	tree     any // the manifest as data, for what the types do not tell: which keys are there
	problems []problem
}

func (c *checker) all() {
	c.listing()
	c.names()
	c.connection()
	for i, a := range c.m.Auth {
		c.auth(at("auth", i), a)
	}
	for i, g := range c.m.HTTP {
		c.grant(at("http", i), g)
	}
	c.quotas()
	c.retry()
	for i, r := range c.m.Errors {
		c.errorRule(at("errors", i), r, c.m.Errors[:i])
	}
	c.operations()
	c.limits("/limits", c.m.Limits)
}

// at makes a JSON pointer.
func at(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + EscapePointer(fmt.Sprint(p)))
	}
	return b.String()
}

// add notes a problem, unless there is one at its place or around it already.
func (c *checker) add(pointer, message, want, fix string) {
	c.note(problem{Diagnostic: Diagnostic{Pointer: pointer, Message: message, Want: want, Fix: fix}})
}

func (c *checker) note(p problem) {
	if len(c.problems) < maxProblems && !covered(c.problems, p.Pointer) {
		c.problems = append(c.problems, p)
	}
}

// covered reports whether one of problems is at pointer or around it.
func covered(problems []problem, pointer string) bool {
	return slices.ContainsFunc(problems, func(p problem) bool { return within(pointer, p.Pointer) })
}

// unclear reports whether anything under pointer is wrong already, so that what refers to it cannot be judged.
func (c *checker) unclear(pointer string) bool {
	return slices.ContainsFunc(c.problems, func(p problem) bool {
		return within(p.Pointer, pointer) || within(pointer, p.Pointer) || p.meant != "" && (within(p.meant, pointer) || within(pointer, p.meant))
	})
}

func within(pointer, outer string) bool {
	return pointer == outer || strings.HasPrefix(pointer, outer+"/")
}

// has reports whether the manifest has something at pointer, or a misspelt key that means it.
func (c *checker) has(pointer string) bool {
	if slices.ContainsFunc(c.problems, func(p problem) bool { return p.meant == pointer }) {
		return true
	}
	i := strings.LastIndexByte(pointer, '/')
	obj, _ := lookup(c.tree, pointer[:i]).(map[string]any)
	_, ok := obj[unEscapePointer(pointer[i+1:])]
	return ok
}

func (c *checker) listing() {
	m := c.m
	if _, err := ParseVersion(m.Version); err != nil {
		fix := "write for example 1.0.0"
		if v := strings.TrimPrefix(m.Version, "v"); v != m.Version {
			fix = "leave the v away"
		}
		c.add("/version", quote(m.Version)+" is not a version", "MAJOR.MINOR.PATCH (semver.org)", fix)
	}
	if m.License != "" {
		if message, fix := checkLicense(m.License); message != "" {
			c.add("/license", message, "", fix)
		}
	}
	for pointer, link := range map[string]string{"/homepage": m.Homepage, "/docs": m.Docs, "/support/url": m.Support.URL} {
		if u, err := url.Parse(link); link != "" && (err != nil || u.Host == "" || u.User != nil) {
			c.add(pointer, quote(link)+" is not a URL", "an https URL with a host", "")
		}
	}
	if m.Icon != "" {
		c.file("/icon", m.Icon, ".svg", ".png")
	}
	c.guest()
}

func (c *checker) guest() {
	g := c.m.Guest
	if (g.Package == "") == (g.Module == "") {
		c.add("/guest", "it names "+oneOf(2, g.Package != "", g.Module != ""), "exactly one of package and module", "package: . builds the Go package beside the manifest")
	}
	if g.Package != "" {
		c.file("/guest/package", g.Package)
	}
	if g.Module != "" {
		c.file("/guest/module", g.Module, ".wasm")
	}
}

// oneOf says how many of n exclusive keys are there, when it is not one.
func oneOf(n int, there ...bool) string {
	if !slices.Contains(there, true) {
		return "none"
	}
	return map[int]string{2: "both"}[n] + map[bool]string{true: "several"}[n != 2]
}

// file checks the path of a file or folder beside the manifest.
func (c *checker) file(pointer, name string, extensions ...string) {
	switch {
	case strings.ContainsAny(name, `\:*?"<>|`):
		c.add(pointer, quote(name)+" holds a character that is not for paths", "a path with / between its parts", "")
	case path.IsAbs(name), name != path.Clean(name) && name != "./"+path.Clean(name), name == "..", strings.HasPrefix(name, "../"):
		c.add(pointer, quote(name)+" is not a path inside the connector's folder", "a relative path without ..", "")
	case len(extensions) > 0 && !slices.Contains(extensions, path.Ext(name)):
		c.add(pointer, quote(name)+" is another kind of file", "a name that ends in "+list(extensions), "")
	}
}

// names checks that everything that can be named has a name of its own.
func (c *checker) names() {
	m := c.m
	unique(c, "http", "id", m.HTTP, func(g Grant) string { return g.ID })
	unique(c, "auth", "id", m.Auth, func(a AuthMethod) string { return a.ID })
	unique(c, "quotas", "id", m.Quotas, func(q Quota) string { return q.ID })
	unique(c, "connection/fields", "name", m.Connection.Fields, func(f Field) string { return f.Name })
	for i, a := range m.Auth {
		unique(c, fmt.Sprintf("auth/%d/fields", i), "name", a.Fields, func(f Field) string { return f.Name })
	}
	seen := map[string]string{}
	uniqueIn(c, seen, "actions", "name", m.Actions, func(a Action) string { return a.Name })
	uniqueIn(c, seen, "triggers", "name", m.Triggers, func(t Trigger) string { return t.Name })
	uniqueIn(c, seen, "options", "name", m.Options, func(f Function) string { return f.Name })
	uniqueIn(c, seen, "schemas", "name", m.Schemas, func(f Function) string { return f.Name })
	if first := seen[m.Connection.Test]; first != "" && m.Connection.Test != "" {
		c.add("/connection/test", "the name "+quote(m.Connection.Test)+" is taken by "+first, "", "give the test a name of its own")
	}
}

func unique[T any](c *checker, where, key string, items []T, name func(T) string) {
	uniqueIn(c, map[string]string{}, where, key, items, name)
}

// uniqueIn checks names against those in seen, which it adds to: name to pointer.
func uniqueIn[T any](c *checker, seen map[string]string, where, key string, items []T, name func(T) string) {
	for i, item := range items {
		n, pointer := name(item), "/"+where+"/"+strconv.Itoa(i)
		if n == "" {
			continue
		}
		if first := seen[n]; first != "" {
			c.add(pointer+"/"+key, "the "+key+" "+quote(n)+" is taken by "+first, "", "choose another")
			continue
		}
		seen[n] = pointer
	}
}

// refer checks a name that must be among the names of what stands under target, such as /actions.
func (c *checker) refer(pointer, what, name string, known []string, target string) bool {
	if slices.Contains(known, name) {
		return true
	}
	if name != "" && !c.unclear(target) {
		fix := didYouMean(name, known)
		if fix == "" && len(known) > 0 {
			fix = "there is " + list(known)
		} else if fix == "" {
			fix = "declare it under " + strings.ReplaceAll(strings.TrimPrefix(target, "/"), "/", ".")
		}
		c.add(pointer, "there is no "+what+" "+quote(name), "", fix)
	}
	return false
}

func namesOf[T any](items []T, name func(T) string) (names []string) {
	for _, item := range items {
		if n := name(item); n != "" {
			names = append(names, n)
		}
	}
	return names
}
