package egress

import (
	"strings"
	"testing"

	"patchbay/abi"
)

func TestGrant_Validate(t *testing.T) {
	t.Parallel()
	good := Grant{ID: "a", Base: "https://api.example.com/v1/", Methods: []string{"GET", "POST"}, Paths: []string{"/a/*/b", "/c/**", "/"}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Grant){
		"query in the base":    func(g *Grant) { g.Base = "https://api.example.com/?a" },
		"fragment in the base": func(g *Grant) { g.Base = "https://api.example.com/#" },
		"escape in the base":   func(g *Grant) { g.Base = "https://api.example.com/a%20b" },
		"no base":              func(g *Grant) { g.Base = "" },
		"dots in the base":     func(g *Grant) { g.Base = "https://api.example.com/../x" },
		"user in the base":     func(g *Grant) { g.Base = "https://a@api.example.com/" },
		"lower case":           func(g *Grant) { g.Methods = []string{"get"} },
		"empty method":         func(g *Grant) { g.Methods = []string{""} },
		"CONNECT":              func(g *Grant) { g.Methods = []string{"CONNECT"} },
		"TRACE":                func(g *Grant) { g.Methods = []string{"TRACE"} },
		"relative path":        func(g *Grant) { g.Paths = []string{"a"} },
		"empty path":           func(g *Grant) { g.Paths = []string{""} },
		"** inside":            func(g *Grant) { g.Paths = []string{"/**/a"} },
		"escape in a path":     func(g *Grant) { g.Paths = []string{"/%61"} },
		"space in a path":      func(g *Grant) { g.Paths = []string{"/a b"} },
		"dots in a path":       func(g *Grant) { g.Paths = []string{"/a/../b"} },
		"empty segment":        func(g *Grant) { g.Paths = []string{"/a//b"} },
	} {
		g := good
		change(&g)
		if g.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
		p := Policy{Grants: []Grant{good, g}}
		t.Run(name, func(t *testing.T) {
			r := reply(new(network).client(t).Do(t.Context(), get("https://api.example.com/v1/c"), p))
			wantFault(t, r, abi.Forbidden, "http grant a: ", "check the manifest")
		})
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		yes, no string
	}{
		{"/**", " / /a /a/ /a/b/c", ""},
		{"/", "/", "/a /a/b"},
		{"/*", "/a /..a", "/ /a/ /a/b"},
		{"/a/**", "/a /a/ /a/b/c", "/ /ab /b/a"},
		{"/a/*", "/a/b", "/a /a/ /a/b/ /a/b/c /b/b"},
		{"/a/*/c", "/a/b/c", "/a/c /a//c /a/b/d /a/b/c/d"},
		{"/*x", "/*x", "/ax"},
		{"/*/**", "/a /a/ /a/b", "/"},
	} {
		r, err := compile(Grant{Base: "https://a.example", Paths: []string{c.pattern}})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range strings.Fields(c.yes) {
			if !r.covers(path) {
				t.Errorf("%s does not cover %s", c.pattern, path)
			}
		}
		for _, path := range strings.Fields(c.no) {
			if r.covers(path) {
				t.Errorf("%s covers %s", c.pattern, path)
			}
		}
	}
}

func TestDo_ForbiddenSaysWhatWasAskedAndWhatIsGranted(t *testing.T) {
	t.Parallel()
	n := &network{}
	p := Policy{Grants: []Grant{
		{ID: "api", Base: "https://api.example.com/v1/", Methods: []string{"GET", "POST"}, Paths: []string{"/a/*", "/b/**"}},
		{ID: "files", Base: "https://files.example.com", Methods: []string{"GET"}},
	}}
	for _, req := range []abi.Request{
		{Method: "DELETE", URL: "https://api.example.com/v1/a/1?token=hunter2"},
		{Method: "get", URL: "https://api.example.com/v1/a/1"},
		{Method: "CONNECT", URL: "https://api.example.com/v1/a/1"},
		{Method: "GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n", URL: "https://api.example.com/v1/a/1"},
	} {
		r := reply(n.client(t).Do(t.Context(), req, p))
		wantFault(t, r, abi.Forbidden, clip(req.Method, 20)+" https://api.example.com/v1/a/1 matches no http grant",
			"api: GET POST https://api.example.com/v1/a/* or /b/**; files: GET https://files.example.com/**", "author", "admin")
		if strings.Contains(r.Fault.Message, "hunter2") {
			t.Errorf("the query is in %q", r.Fault.Message)
		}
	}
	wantFault(t, reply(n.client(t).Do(t.Context(), get("https://api.example.com/"), Policy{})), abi.Forbidden, "it has none")
	var many Policy
	for range 20 {
		many.Grants = append(many.Grants, Grant{ID: "g", Base: "https://g.example"})
	}
	wantFault(t, reply(n.client(t).Do(t.Context(), get("https://api.example.com/"), many)), abi.Forbidden, "and 12 more")
	if len(n.dials()) > 0 || len(n.looked) > 0 {
		t.Errorf("looked up %q and dialled %q for refused requests", n.looked, n.dials())
	}
}
