package testkit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/bundle"
)

// TestCheck breaks one thing of a good connector at a time, and wants the one rule about it.
func TestCheck(t *testing.T) {
	t.Parallel()
	const undone = `  - name: undone
    title: Undone
    description: Has no code.
    input: {type: object}
    output: {type: object}
    samples: [{input: {}, output: {}}]
`
	undoneCase := []byte("-- call.json --\n{\"operation\": \"undone\"}\n-- output.json --\n{}\n")
	for _, tt := range []struct {
		name    string
		replace []string
		change  func(*bundle.Contents)
		want    []string // rule, severity, place
	}{
		{name: "good"},
		{"no icon", []string{"icon: icon.svg\n", ""}, func(c *bundle.Contents) { c.Icon = nil }, []string{"M001 warning /icon"}},
		{"no support", []string{"support: {url: \"https://example.com/support\"}\n", ""}, nil, []string{"M002 warning /support"}},
		{"support by mail", []string{"{url: \"https://example.com/support\"}", "{email: help@example.com}"}, nil, nil},
		{"no test", []string{"  test: test\n", ""}, nil, []string{"A001 error /connection/test", "W003 error guest"}},
		{"no code", []string{"actions:\n", "actions:\n" + undone}, func(c *bundle.Contents) {
			c.Readme = append(c.Readme, "undone"...)
			c.Cases["undone.txtar"] = undoneCase
		}, []string{"W002 error connector.yaml"}},
		{"no README", nil, func(c *bundle.Contents) { c.Readme = []byte(" \n") }, []string{"D001 error README.md"}},
		{"README without the action", nil, func(c *bundle.Contents) { c.Readme = []byte("# E\n") }, []string{"D002 warning README.md"}},
		{"bad cases", nil, func(c *bundle.Contents) { c.Cases["b.txtar"], c.Cases["a.txtar"] = []byte("x"), []byte("y") },
			[]string{"O001 error testdata/cases/a.txtar", "O001 error testdata/cases/b.txtar"}},
		{"no case", nil, func(c *bundle.Contents) { c.Cases = nil }, []string{"O002 error /actions/0"}},
		{"only a fault's case", nil, func(c *bundle.Contents) {
			c.Cases = map[string][]byte{"f.txtar": []byte("-- call.json --\n{\"operation\": \"echo\"}\n-- fault.json --\n{\"code\": \"invalid_input\"}\n")}
		}, []string{"O002 error /actions/0"}},
		{"case of another kind", nil, func(c *bundle.Contents) {
			c.Cases = map[string][]byte{"f.txtar": []byte("-- call.json --\n{\"kind\": \"options\", \"operation\": \"echo\"}\n-- page.json --\n{\"items\": []}\n")}
		}, []string{"O002 error /actions/0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := echo(t, tt.replace...)
			if tt.change != nil {
				tt.change(&c)
			}
			s := open(t, c, Options{CacheDir: cacheDir})
			report := s.Check(t.Context())
			var got []string
			ok := true
			for _, f := range report.Findings {
				got = append(got, f.Rule+" "+string(f.Severity)+" "+f.Place)
				ok = ok && f.Severity != Error
				if f.Message == "" || f.Fix == "" && f.Rule != "O001" {
					t.Errorf("%s says too little: %s", f.Rule, f)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got)\n%s\n%v", diff, report.Findings)
			}
			if report.OK() != ok {
				t.Errorf("OK() = %v, want %v", report.OK(), ok)
			}
		})
	}
}

func TestFinding_String(t *testing.T) {
	t.Parallel()
	f := Finding{Rule: "M001", Severity: Warning, Place: "/icon", Message: "no icon"}
	if got, want := f.String(), "/icon: warning: no icon [M001]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f.Fix = "add one\nor two"
	if got, want := f.String(), "/icon: warning: no icon [M001]\n    fix: add one\n    or two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
