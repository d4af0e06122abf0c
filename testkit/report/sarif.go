package report

import (
	"strings"

	"patchbay/internal/printable"
)

// The part of SARIF 2.1.0 that is written here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool         `json:"tool"`
		ColumnKind string            `json:"columnKind"`
		Results    []sarifResult     `json:"results"`
		Properties map[string]string `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string            `json:"id"`
		Short   *sarifText        `json:"shortDescription,omitempty"`
		Full    *sarifText        `json:"fullDescription,omitempty"`
		Help    *sarifText        `json:"help,omitempty"`
		Default sarifDefault      `json:"defaultConfiguration"`
		Origin  map[string]string `json:"properties,omitempty"`
	}
	sarifDefault struct {
		Level Severity `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Kind         string             `json:"kind"`
		Level        Severity           `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]string  `json:"properties,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

func (r *Report) sarif(rules []Rule, at Source) sarifLog {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "patchbay", Version: r.Host, Rules: make([]sarifRule, len(rules))}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
		Properties: map[string]string{"verdict": string(r.Verdict), "connector": r.Connector, "bundle": r.Bundle, "ruleset": r.RuleSet, "hardener": r.Hardener},
	}
	for i, rule := range rules {
		run.Tool.Driver.Rules[i] = sarifRuleOf(rule)
	}
	for _, f := range r.Findings {
		_, i := find(rules, f.Rule)
		run.Results = append(run.Results, sarifFinding(f, i, at))
	}
	for _, s := range r.Skipped {
		_, i := find(rules, s.Rule)
		run.Results = append(run.Results, sarifSkip(s, i, at))
	}
	return sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

func sarifRuleOf(r Rule) sarifRule {
	out := sarifRule{ID: r.ID, Default: sarifDefault{level(r.Severity)}, Short: described(r.Title), Full: described(r.Rationale)}
	if help := parts("", r.Rationale, "Fix: ", r.Fix); help != "" {
		out.Help = &sarifText{Text: help, Markdown: parts("", r.Rationale, "**Fix:** ", r.Fix)}
	}
	if r.Origin != "" {
		out.Origin = map[string]string{"origin": r.Origin}
	}
	return out
}

// parts joins labels and texts to paragraphs, without those that have no text.
func parts(labelled ...string) string {
	var out []string
	for i := 0; i < len(labelled); i += 2 {
		if labelled[i+1] != "" {
			out = append(out, labelled[i]+labelled[i+1])
		}
	}
	return strings.Join(out, "\n\n")
}

// described is text as a message, or none: SARIF has no empty ones.
func described(text string) *sarifText {
	if text == "" {
		return nil
	}
	return &sarifText{Text: text}
}

func sarifFinding(f Finding, rule int, at Source) sarifResult {
	command := at.command(f.Reproduce)
	return sarifResult{
		RuleID: f.Rule, RuleIndex: rule, Kind: "fail", Level: level(f.Severity),
		Message:      sarifText{Text: unlinked(parts("", f.Evidence, "Fix: ", f.Fix, "Reproduce: ", command))},
		Locations:    at.location(f.Place),
		Fingerprints: map[string]string{"primaryLocationLineHash": fingerprint(f)},
		Properties:   map[string]string{"evidence": f.Evidence, "fix": f.Fix, "reproduce": command},
	}
}

// sarifSkip is a result that somebody should look at, and that its author has answered already. Only a result can be
// suppressed with a reason; a rule can but be switched off.
func sarifSkip(s Skip, rule int, at Source) sarifResult {
	return sarifResult{
		RuleID: s.Rule, RuleIndex: rule, Kind: "review", Level: "none",
		Message:      sarifText{Text: unlinked("The author left this rule out: " + s.Reason)},
		Locations:    at.location(""),
		Fingerprints: map[string]string{"primaryLocationLineHash": fingerprint(Finding{Rule: s.Rule})},
		Suppressions: []sarifSuppression{{Kind: "external", Justification: s.Reason}},
	}
}

// level is SARIF's word for a severity: the same, for those that we know.
func level(s Severity) Severity {
	if _, known := rank[s]; known {
		return s
	}
	return "none"
}

// unlinked keeps a viewer from making a link of what a connector says, or from obeying it: SARIF reads [text](address) in
// plain text too.
func unlinked(text string) string { return strings.ReplaceAll(printable.Lines(text), "](", "] (") }
