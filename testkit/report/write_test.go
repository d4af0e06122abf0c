package report

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestGolden(t *testing.T) {
	for _, format := range formats() {
		r, rules := sample()
		golden(t, "fail."+string(format), write(t, r, format, rules))
		r, rules = clean()
		golden(t, "pass."+string(format), write(t, r, format, rules))
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for _, f := range formats() {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("%s: got %q, %v", f, got, err)
		}
	}
	_, err := ParseFormat("xml")
	if err == nil || !strings.Contains(err.Error(), `"xml": it is one of text, json, sarif, junit, html`) {
		t.Errorf("the error lists no formats: %v", err)
	}
	if err := new(Report).Write(io.Discard, "xml", nil, Source{}); err == nil {
		t.Error("a report was written as xml")
	}
}

// TestRulesInAnyOrder: who makes the report need not sort its rules, and they stay as they were.
func TestRulesInAnyOrder(t *testing.T) {
	t.Parallel()
	r, rules := sample()
	turned := slices.Clone(rules)
	slices.Reverse(turned)
	before := slices.Clone(turned)
	for _, f := range formats() {
		if !bytes.Equal(write(t, r, f, rules), write(t, r, f, turned)) {
			t.Errorf("%s depends on the order of the rules", f)
		}
	}
	if !slices.Equal(before, turned) {
		t.Error("the rules were sorted in place")
	}
}

// TestUnknownRules: a report may be read by a program whose rules are others.
func TestUnknownRules(t *testing.T) {
	t.Parallel()
	r, _ := sample()
	for _, f := range formats() {
		got := string(write(t, r, f, nil))
		for _, id := range []string{"N004", "O021", "M007"} {
			if !strings.Contains(got, id) {
				t.Errorf("%s does not name %s", f, id)
			}
		}
	}
}

// TestOnly: what was not looked at is not said to be kept.
func TestOnly(t *testing.T) {
	t.Parallel()
	r, rules := sample()
	r.Only, r.Findings, r.Skipped = []string{"R005"}, nil, nil
	for _, f := range formats() {
		got := string(write(t, r, f, rules))
		if strings.Contains(got, "O022") || !strings.Contains(got, "R005") {
			t.Errorf("%s lists rules that were not looked at, or leaves out the one that was", f)
		}
	}
}

// TestReport_Close sorts findings, the worst first, says none twice, and fails for an error alone.
func TestReport_Close(t *testing.T) {
	t.Parallel()
	note, warning := Finding{Rule: "A001", Severity: Note}, Finding{Rule: "A002", Severity: Warning}
	late, early := Finding{Rule: "B001", Severity: Error, Place: "/b"}, Finding{Rule: "B001", Severity: Error, Place: "/a"}
	r := &Report{Findings: []Finding{note, late, warning, early, late}}
	r.Close()
	if want := []Finding{early, late, warning, note}; !slices.Equal(r.Findings, want) || r.Verdict != Fail {
		t.Errorf("%s: %v, want %v", r.Verdict, r.Findings, want)
	}
	r = &Report{Findings: []Finding{note, warning}}
	if r.Close(); r.Verdict != Pass {
		t.Errorf("%s without an error", r.Verdict)
	}
}
