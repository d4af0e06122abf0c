package testkit

import (
	"path/filepath"
	"strings"
	"testing"

	"patchbay/build"
	"patchbay/testkit/internal/lab"
)

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
