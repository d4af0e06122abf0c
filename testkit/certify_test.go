package testkit

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"patchbay/build"
	"patchbay/manifest"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/report"
	"patchbay/wasm"
)

// TestChoose skips nothing by a slip of the pen, and looks at nothing that was not asked for.
func TestChoose(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts Options
		want string
	}{
		"a rule that is not there":                  {Options{Only: []string{"O116", "X001"}}, `there is no rule "X001"`},
		"another that is skipped":                   {Options{Skip: []report.Skip{{Rule: "X001", Reason: "why"}}}, `there is no rule "X001"`},
		"no reason":                                 {Options{Skip: []report.Skip{{Rule: "O116", Reason: " "}}}, "without a reason"},
		"a comparison with nothing to compare with": {Options{Only: []string{"C001"}}, "as with --previous"},
	} {
		if _, err := choose(tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	ids := func(opts Options) (all []string) {
		families, err := choose(opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, r := range f.Rules {
				if opts.Static && !r.Static || r.Compares {
					t.Errorf("%s is looked at", r.ID)
				}
				all = append(all, r.ID)
			}
		}
		return all
	}
	if got := ids(Options{Only: []string{"O116", "M001"}, Skip: []report.Skip{{Rule: "M001", Reason: "why"}}}); !slices.Equal(got, []string{"O116"}) {
		t.Errorf("only O116 and M001, without M001: %v", got)
	}
	all, static := ids(Options{}), ids(Options{Static: true})
	if len(static) == 0 || len(static) >= len(all) || slices.Contains(all, "C001") {
		t.Errorf("%d rules, %d of them static", len(all), len(static))
	}
}

// TestRefused makes findings of what keeps a connector from being built, and nothing of what is no fault of its own.
func TestRefused(t *testing.T) {
	t.Parallel()
	broken := fmt.Errorf("build: %w", manifest.Diagnostics{
		{Line: 7, Pointer: "/auth/0/type", Message: "unknown type", Want: "bearer", Fix: "write bearer"}, {Message: "it is empty"},
	})
	r, ok := Refused(broken, Options{})
	want := []report.Finding{
		{Rule: "A900", Severity: report.Error, Place: "connector.yaml:7", Evidence: "/auth/0/type: unknown type, want bearer", Fix: "write bearer", Reproduce: "pack certify --only A900"},
		{Rule: "M900", Severity: report.Error, Place: "connector.yaml", Evidence: "it is empty", Fix: r.Findings[1].Fix, Reproduce: "pack certify --only M900"},
	}
	if !ok || r.Verdict != report.Fail || !slices.Equal(r.Findings, want) || r.Findings[1].Fix == "" {
		t.Errorf("%v, %+v", ok, r)
	}
	if r, ok := Refused(broken, Options{Only: []string{"M900"}}); !ok || len(r.Findings) != 1 || r.Findings[0].Rule != "M900" {
		t.Errorf("only M900: %v, %+v", ok, r.Findings)
	}
	_, err := wasm.Scan([]byte("no module"))
	if r, ok := Refused(err, Options{}); !ok || len(r.Findings) != 1 || r.Findings[0].Rule != "W900" {
		t.Errorf("of %v: %v, %+v", err, ok, r.Findings)
	}
	for _, err := range []error{nil, errors.New("the disk is full")} {
		if _, ok := Refused(err, Options{}); ok {
			t.Errorf("%v is said to be the connector's", err)
		}
	}
}

// TestCount counts a rule once, however much it has found, and not at all for notes.
func TestCount(t *testing.T) {
	t.Parallel()
	f := report.Family{}
	for _, found := range [][]report.Finding{
		{{Severity: report.Error}, {Severity: report.Error}, {Severity: report.Note}}, {{Severity: report.Warning}}, {{Severity: report.Note}}, nil,
	} {
		count(&f, found)
	}
	if want := (report.Family{Rules: 4, Broken: 2, Errors: 2, Warnings: 1, Notes: 2}); f != want {
		t.Errorf("%+v, want %+v", f, want)
	}
}

// TestCertify_Spent ends without a report where a connector would be tried for ever.
func TestCertify_Spent(t *testing.T) {
	t.Parallel()
	b, err := build.Connector(t.Context(), "internal/lab/testdata/echo", build.Options{WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Open(t.Context(), b, lab.Options{CacheDir: filepath.Join(t.TempDir(), "cache"), Calls: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	chosen, err := choose(Options{Only: []string{"O116"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certify(t.Context(), b, l, chosen, Options{Only: []string{"O116"}}); err == nil || !strings.Contains(err.Error(), "more than 3 calls") {
		t.Errorf("a rule beyond the budget: %v", err)
	}
	if _, _, err := measured(t.Context(), l, Options{}); err == nil {
		t.Error("figures beyond the budget")
	}
}
