// Package rule is what a rule of certification is: something that must hold of every connector, why, and how it is
// looked for. The rules themselves are in the packages below testkit/internal/rules, one for each family.
package rule

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"patchbay/testkit/report"
)

// Rule is one thing that must hold.
type Rule struct {
	report.Rule
	// Static is true of a rule that needs no run of the guest.
	Static bool
	// Compares is true of a rule that needs the version before.
	Compares bool
	// Check says what it finds. Its error means that it could not look, which is no finding and ends the certification.
	Check func(ctx context.Context, s *Subject, found Found) error
}

// Found takes what was found at a place: a JSON pointer into the manifest ("/actions/0/input"), a file with its line
// ("README.md:12"), "guest", or an operation ("action launch_process"). The rest is the evidence, as for fmt.Sprintf.
// It must be the same on every machine.
type Found func(place, format string, args ...any)

// A report is read by people, and a connector decides how much there is to say.
const (
	mostFindings = 100 // of one rule
	mostEvidence = 8 << 10
)

// Run looks for one rule.
func (r *Rule) Run(ctx context.Context, s *Subject) ([]report.Finding, error) {
	var all []report.Finding
	add := func(place, evidence string) {
		all = append(all, report.Finding{
			Rule: r.ID, Severity: r.Severity, Place: place, Evidence: evidence, Fix: r.Fix, Reproduce: r.command(s),
		})
	}
	err := r.Check(ctx, s, func(place, format string, args ...any) {
		add(clip(place), clip(fmt.Sprintf(format, args...)))
	})
	if err != nil {
		return nil, fmt.Errorf("rule %s: %w", r.ID, err)
	}
	if more := len(all) - mostFindings; more > 0 {
		slices.SortStableFunc(all, func(a, b report.Finding) int {
			return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Evidence, b.Evidence))
		})
		all = all[:mostFindings]
		add("", fmt.Sprintf("there are %d more findings of this rule", more))
	}
	return all, nil
}

// clip cuts a text that is too long for a report, between two characters.
func clip(text string) string {
	if len(text) <= mostEvidence {
		return text
	}
	return strings.ToValidUTF8(text[:mostEvidence], "") + "…"
}

// command shows a finding of r again, in the connector's folder. The version before is named as the registry has it.
func (r *Rule) command(s *Subject) string {
	c := "pack certify --only " + r.ID
	if r.Compares {
		c += " --previous " + s.Previous.Ref()
	}
	return c + " dist/" + s.Bundle.FileName()
}

// Passed is the check of a rule that a connector has passed by having been built.
func Passed(context.Context, *Subject, Found) error { return nil }

// Look makes a static rule of a check that cannot fail and takes no time.
func Look(r report.Rule, check func(s *Subject, found Found)) Rule {
	return Rule{Rule: r, Static: true, Check: func(_ context.Context, s *Subject, found Found) error {
		check(s, found)
		return nil
	}}
}
