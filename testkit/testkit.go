package testkit

import (
	"context"
	"path/filepath"
	"testing"

	"patchbay/build"
)

// Run builds the connector in dir, checks it and runs its cases, each as a subtest.
func Run(t *testing.T, dir string) {
	t.Helper()
	b, err := build.Connector(t.Context(), dir, build.Options{WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), b, Options{CacheDir: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	check := s.Check(t.Context())
	for _, f := range check.Findings {
		if f.Severity == Error {
			t.Error(f)
		} else {
			t.Log(f)
		}
	}
	names := s.Names()
	if len(names) == 0 {
		t.Fatal("there are no cases in testdata/cases")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if c := s.Case(t.Context(), name); !c.OK {
				t.Error(c.Reason)
			}
		})
	}
}
