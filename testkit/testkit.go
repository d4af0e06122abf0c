package testkit

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/internal/printable"
	"patchbay/manifest"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/report"
)

// Run builds the connector in dir and certifies it: a rule that finds an error fails the test, and so does every
// case, as a subtest of its own.
func Run(t *testing.T, dir string) {
	t.Helper()
	b, err := build.Connector(t.Context(), dir, build.Options{WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Certify(t.Context(), b, Options{CacheDir: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Cases {
		t.Run(c.Name, func(t *testing.T) {
			if !c.OK {
				t.Error(printable.Log(c.Reason))
			}
		})
	}
	for _, f := range r.Findings {
		say := t.Log
		if f.Severity == report.Error {
			say = t.Error
		}
		say(printable.Log(strings.TrimSpace(f.String())))
	}
}

func permissions(m *manifest.Manifest) []report.Permission {
	all := []report.Permission{}
	for _, g := range m.HTTP {
		all = append(all, report.Permission{URL: g.URL, Methods: g.Methods, Paths: g.Paths, Auth: g.Authenticated(), Reason: g.Reason})
	}
	return all
}

// Cases runs the cases whose file name contains a part, as they were recorded.
func Cases(ctx context.Context, b *bundle.Bundle, part, cacheDir string) ([]report.Case, error) {
	l, err := lab.Open(ctx, b, lab.Options{CacheDir: cacheDir})
	if err != nil {
		return nil, err
	}
	var all []report.Case
	for _, k := range l.Cases() {
		if strings.Contains(k.Name, part) {
			all = append(all, outcome(l.Replay(ctx, k)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Unreadable())) {
		if strings.Contains(name, part) {
			all = append(all, unreadable(l, name))
		}
	}
	return all, l.Close(context.WithoutCancel(ctx))
}

// unreadable is a case that cannot be run, for what is wrong with its file.
func unreadable(l *lab.Lab, name string) report.Case {
	return report.Case{Name: name, Reason: l.Unreadable()[name].Error()}
}

func outcome(t lab.Trace) report.Case {
	c := report.Case{
		Name: t.Case.Name, Operation: string(t.Case.Call.Kind) + " " + t.Case.Call.Operation, OK: t.Problem == "", Reason: t.Problem,
	}
	if !t.Case.Recorded.IsZero() {
		c.Recorded = t.Case.Recorded.Format(time.DateOnly)
	}
	return c
}
