package testkit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"patchbay/host"
	"patchbay/manifest"
	"patchbay/testkit/internal/rules"
	"patchbay/testkit/report"
	"patchbay/wasm"
)

// Refused makes a report of an error that building or reading a bundle gave, if it is one about the connector: what
// is wrong with the manifest, or with the guest's bytes. Such a connector is not certified further.
func Refused(err error, opts Options) (report.Report, bool) {
	r := report.Report{
		RuleSet: RuleSet(), Connector: "(not built)", Host: fmt.Sprint(host.Version), Hardener: fmt.Sprint(wasm.HardenVersion), Only: opts.Only, Skipped: opts.Skip,
		Findings: []report.Finding{}, Families: []report.Family{}, Cases: []report.Case{}, Figures: []report.Figure{}, Permissions: []report.Permission{},
	}
	var (
		diagnostics manifest.Diagnostics
		module      *wasm.Error
	)
	switch {
	case errors.As(err, &diagnostics):
		for _, d := range diagnostics {
			r.Findings = append(r.Findings, refusal(d))
		}
	case errors.As(err, &module):
		r.Findings = append(r.Findings, finding(rules.Valid("W"), module.Place(), err.Error(), ""))
	default:
		return report.Report{}, false
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f report.Finding) bool {
		return len(opts.Only) > 0 && !slices.Contains(opts.Only, f.Rule)
	})
	r.Close()
	return r, len(r.Findings) > 0
}

// refusal is what is wrong with the manifest as a finding of the family that its place belongs to.
func refusal(d manifest.Diagnostic) report.Finding {
	place := "connector.yaml"
	if d.Line > 0 {
		place = fmt.Sprintf("connector.yaml:%d", d.Line)
	}
	evidence := d.Message
	if d.Pointer != "" {
		evidence = d.Pointer + ": " + evidence
	}
	if d.Want != "" {
		evidence += ", want " + d.Want
	}
	section, _, _ := strings.Cut(strings.TrimPrefix(d.Pointer, "/"), "/")
	return finding(rules.Valid(rules.FamilyOf(section)), place, evidence, d.Fix)
}

func finding(r report.Rule, place, evidence, fix string) report.Finding {
	if fix == "" {
		fix = r.Fix
	}
	return report.Finding{Rule: r.ID, Severity: r.Severity, Place: place, Evidence: evidence, Fix: fix, Reproduce: "pack certify --only " + r.ID}
}
