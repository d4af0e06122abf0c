package jail

import (
	"strings"
	"testing"
)

func TestTier(t *testing.T) {
	for _, c := range []struct {
		name   string
		report Report
		want   Tier
	}{
		{"nothing", Report{}, TierC},
		{"limits", Report{Limits: true}, TierC},
		{"Landlock and limits", Report{Landlock: 7, Limits: true}, TierC},
		{"seccomp without limits", Report{Landlock: 7, Seccomp: true}, TierC},
		{"seccomp and limits", Report{Seccomp: true, Limits: true}, TierB},
		{"seccomp and limits, with files everywhere", Report{Seccomp: true, Limits: true, Files: true}, TierC},
		{"a Landlock that lets files be cut short", Report{Landlock: 2, Seccomp: true, Limits: true, Files: true}, TierC},
		{"a Landlock without scopes", Report{Landlock: 5, Seccomp: true, Limits: true, Files: true}, TierB},
		{"all", Report{Landlock: 6, Seccomp: true, Limits: true}, TierA},
		{"all, with files in folders", Report{Landlock: 6, Seccomp: true, Limits: true, Files: true}, TierA},
	} {
		if got := c.report.Tier(); got != c.want {
			t.Errorf("%s: tier %v, want %v", c.name, got, c.want)
		}
	}
	for tier, want := range map[Tier]string{TierA: "A (", TierB: "B (", TierC: "C ("} {
		if !strings.HasPrefix(tier.String(), want) {
			t.Errorf("tier %d is called %q", tier, tier)
		}
	}
}

func TestReport_Weakness(t *testing.T) {
	full := Report{Landlock: 7, Seccomp: true, Limits: true}
	kept, old := full, full
	kept.Missing, old.Landlock = []string{"a: b", "c"}, 4
	for want, r := range map[string]Report{
		"":          full,
		"a: b; c":   kept,
		"tier B (s": old,
		"tier C (r": {},
	} {
		if got := r.Weakness(); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}

// TestFinding_Tier: a report is worth nothing if an attack was not denied, or none was tried.
func TestFinding_Tier(t *testing.T) {
	all := Report{Landlock: 7, Seccomp: true, Limits: true}
	for _, c := range []struct {
		name     string
		attempts []Attempt
		want     Tier
	}{
		{"all denied", []Attempt{{Denied: true}, {Denied: true}}, TierA},
		{"one passed", []Attempt{{Denied: true}, {Detail: succeeded}}, TierC},
		{"one for another reason", []Attempt{{Denied: true}, {Detail: "no such file"}}, TierC},
		{"none tried", nil, TierC},
	} {
		if got := (Finding{all, c.attempts}).Tier(); got != c.want {
			t.Errorf("%s: tier %v, want %v", c.name, got, c.want)
		}
	}
}
