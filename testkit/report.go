package testkit

import (
	"fmt"
	"strings"
)

// Severity says what a finding means for publishing.
type Severity string

// Severities. An Error keeps a connector from being published; a Warning does not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is not in order.
type Finding struct {
	Rule     string   `json:"rule"` // "O001"
	Severity Severity `json:"severity"`
	Place    string   `json:"place"` // file:line, JSON pointer into the manifest, or a case's file
	Message  string   `json:"message"`
	Fix      string   `json:"fix,omitempty"`
}

func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s: %s [%s]", f.Place, f.Severity, f.Message, f.Rule)
	if f.Fix != "" {
		s += "\n    fix: " + strings.ReplaceAll(f.Fix, "\n", "\n    ")
	}
	return s
}

// CaseResult is how one case went.
type CaseResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	MS     int64  `json:"ms"`
	Reason string `json:"reason,omitempty"` // why it failed
}

// Report is what a check or a run of cases found.
type Report struct {
	Findings []Finding    `json:"findings"`
	Cases    []CaseResult `json:"cases,omitempty"`
}

// OK reports whether nothing stands in the way of publishing.
func (r *Report) OK() bool {
	for _, f := range r.Findings {
		if f.Severity == Error {
			return false
		}
	}
	return true
}

func (r *Report) add(rule string, s Severity, place, fix, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{Rule: rule, Severity: s, Place: place, Message: fmt.Sprintf(format, args...), Fix: fix})
}
