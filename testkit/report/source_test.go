package report

import (
	"strings"
	"testing"
)

func TestSource_Show(t *testing.T) {
	t.Parallel()
	line := func(place string) int { return map[string]int{"/auth/0": 24, "action get_order": 40}[place] }
	here, there := Source{Line: line}, Source{Folder: "plugins/shop", Line: line}
	for _, c := range []struct{ place, here, there string }{
		{"/auth/0", "connector.yaml:24 /auth/0", "plugins/shop/connector.yaml:24 /auth/0"},
		{"/unknown", "/unknown", "/unknown"},
		{"README.md:3", "README.md:3", "plugins/shop/README.md:3"},
		{"action get_order", "action get_order", "action get_order"},
		{"guest", "guest", "guest"},
		{"", "", ""},
	} {
		if got := here.show(c.place); got != c.here {
			t.Errorf("here %q is shown as %q", c.place, got)
		}
		if got := there.show(c.place); got != c.there {
			t.Errorf("from elsewhere %q is shown as %q", c.place, got)
		}
		if got := (Source{}).show(c.place); got != c.place {
			t.Errorf("from nowhere %q is shown as %q", c.place, got)
		}
	}
}

func TestSource_Command(t *testing.T) {
	t.Parallel()
	const compares = "pack certify --only C001 --previous acme/shop@1.0.0 dist/shop-1.1.0.bundle"
	for _, c := range []struct {
		at         Source
		said, want string
	}{
		{Source{}, compares, compares},
		{Source{Argument: "plugins/shop/dist/shop-1.1.0.bundle"}, compares, "pack certify --only C001 --previous acme/shop@1.0.0 plugins/shop/dist/shop-1.1.0.bundle"},
		{Source{Argument: "'a b.bundle'", Previous: "old.bundle"}, compares, "pack certify --only C001 --previous old.bundle 'a b.bundle'"},
		{Source{Argument: "plugins/shop"}, "pack certify --only O900", "pack certify --only O900 plugins/shop"},
		{Source{Argument: "plugins/shop"}, "", ""},
	} {
		if got := c.at.command(c.said); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.said, got, c.want)
		}
	}
}

// TestSource_Formats: all but JSON, whose bytes are certified, speak to who reads them.
func TestSource_Formats(t *testing.T) {
	t.Parallel()
	r, rules := sample()
	r.Findings[0].Reproduce = "pack certify --only N004 dist/shop-1.4.0.bundle"
	at := Source{Folder: "plugins/shop", Argument: "plugins/shop/dist/shop-1.4.0.bundle", Line: func(string) int { return 7077 }}
	for _, f := range formats() {
		b, err := r.encode(f, rules, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"plugins/shop/connector.yaml", "7077", "pack certify --only N004 plugins/shop/dist/shop-1.4.0.bundle"} {
			if strings.Contains(string(b), text) == (f == JSON) {
				t.Errorf("%s: whether it says %q is wrong", f, text)
			}
		}
	}
}
