package rule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"patchbay/bundle"
	"patchbay/manifest"
	"patchbay/testkit/report"
)

// run runs a rule that finds what look tells of.
func run(t *testing.T, compares bool, look func(found Found) error) ([]report.Finding, error) {
	t.Helper()
	m, err := manifest.Parse([]byte("schema: patchbay/v1\npublisher: acme\nname: shop\nversion: 1.0.0\ntitle: Shop\ndescription: Sells things.\n" +
		"categories: [commerce]\nlicense: MIT\nguest: {package: .}\nactions:\n  - {name: sell, title: Sell, description: Sells., input: {type: object}, output: {type: object}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := m.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.New(bundle.Contents{Manifest: canonical, Module: []byte("\x00asm\x01\x00\x00\x00")})
	if err != nil {
		t.Fatal(err)
	}
	r := Rule{
		Rule: report.Rule{ID: "X001", Severity: report.Warning, Fix: "mend it"}, Compares: compares,
		Check: func(_ context.Context, _ *Subject, found Found) error { return look(found) },
	}
	return r.Run(t.Context(), &Subject{Bundle: b, Previous: b})
}

func TestRule_Run(t *testing.T) {
	t.Parallel()
	all, err := run(t, false, func(found Found) error { found("/title", "it is %q", "x"); return nil })
	want := report.Finding{
		Rule: "X001", Severity: report.Warning, Place: "/title", Evidence: `it is "x"`, Fix: "mend it",
		Reproduce: "pack certify --only X001 dist/shop-1.0.0.bundle",
	}
	if err != nil || len(all) != 1 || all[0] != want {
		t.Errorf("%+v, %v, want %+v", all, err, want)
	}
	all, err = run(t, true, func(found Found) error { found("/title", "x"); return nil })
	if err != nil || len(all) != 1 || !strings.Contains(all[0].Reproduce, "--previous acme/shop@1.0.0 dist/") {
		t.Errorf("of a rule that compares: %+v, %v", all, err)
	}
	broken := errors.New("no guest")
	if all, err = run(t, false, func(found Found) error { found("/title", "x"); return broken }); !errors.Is(err, broken) || all != nil {
		t.Errorf("of a rule that could not look: %+v, %v", all, err)
	}
}

// TestRule_Bounds keeps a connector from filling the report.
func TestRule_Bounds(t *testing.T) {
	t.Parallel()
	all, err := run(t, false, func(found Found) error {
		for i := range 150 {
			found(fmt.Sprintf("/actions/%03d", 149-i), "x")
		}
		return nil
	})
	if err != nil || len(all) != 101 || all[0].Place != "/actions/000" || all[99].Place != "/actions/099" || !strings.Contains(all[100].Evidence, "50 more") {
		t.Errorf("of 150 findings: %d, %v, the last is %+v", len(all), err, all[len(all)-1])
	}
	all, err = run(t, false, func(found Found) error {
		found("/"+strings.Repeat("é", 9000), "%s", strings.Repeat("é", 9000))
		return nil
	})
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	for _, text := range []string{all[0].Place, all[0].Evidence} {
		if len(text) > mostEvidence+3 || !utf8.ValidString(text) || !strings.HasSuffix(text, "é…") {
			t.Errorf("%d bytes that end with %q", len(text), text[len(text)-9:])
		}
	}
}
