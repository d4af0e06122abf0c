// Package report is what a certification says: a verdict, findings with their evidence, and figures. It holds no
// path, time or name of the machine it was made on, so that the same bundle gives the same bytes everywhere.
package report

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is what a report comes to.
type Verdict string

// Verdicts. One finding of severity error is enough to fail.
const (
	Pass Verdict = "pass"
	Fail Verdict = "fail"
)

// Severity says what a finding means for publishing.
type Severity string

// Severities. An Error keeps a connector from being published; a Warning is shown to whoever installs it; a Note is
// for its author.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Report is the result of a certification.
type Report struct {
	Verdict     Verdict      `json:"verdict"`
	RuleSet     string       `json:"ruleset"`            // name and hash of the rules: "patchbay/1 sha256:…"
	Connector   string       `json:"connector"`          // publisher/name@version
	Bundle      string       `json:"bundle"`             // its digest
	Previous    string       `json:"previous,omitempty"` // digest of the version that it was compared with
	Host        string       `json:"host"`               // version of the host's behaviour
	Hardener    string       `json:"hardener"`           // version of what the guest was hardened by
	Only        []string     `json:"only,omitempty"`     // the rules that were asked for; none: all
	Skipped     []Skip       `json:"skipped,omitempty"`
	Findings    []Finding    `json:"findings"`
	Families    []Family     `json:"families"`
	Cases       []Case       `json:"cases"`
	Figures     []Figure     `json:"figures"`
	Permissions []Permission `json:"permissions"`
}

// Skip is a rule that the author left out, and why.
type Skip struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Finding is one thing that is not in order.
type Finding struct {
	Rule      string   `json:"rule"` // "N004"
	Severity  Severity `json:"severity"`
	Place     string   `json:"place"`     // file:line, or a JSON pointer into the manifest: "/actions/0/input"
	Evidence  string   `json:"evidence"`  // what was seen
	Fix       string   `json:"fix"`       // what to do
	Reproduce string   `json:"reproduce"` // a command that shows it again, in the connector's folder
}

// Family counts the rules of one letter.
type Family struct {
	ID       string `json:"id"` // "N"
	Title    string `json:"title"`
	Rules    int    `json:"rules"`    // that were looked at
	Broken   int    `json:"broken"`   // of which found something of severity error or warning
	Errors   int    `json:"errors"`   // findings
	Warnings int    `json:"warnings"` // findings
	Notes    int    `json:"notes"`    // findings
}

// Case is how one recorded case went.
type Case struct {
	Name      string `json:"name"` // "get_order.txtar"
	Operation string `json:"operation"`
	OK        bool   `json:"ok"`
	Reason    string `json:"reason,omitempty"`   // why it failed
	Recorded  string `json:"recorded,omitempty"` // the day, if it was made of a live call: "2026-11-26"
}

// Figure is what the most expensive case of one operation used, and what it cost under faults.
type Figure struct {
	Operation string        `json:"operation"` // "action launch_process"
	Fuel      int64         `json:"fuel"`      // units of guest code
	Memory    int64         `json:"memory"`    // bytes of guest memory at its largest
	HTTPCalls int           `json:"http_calls"`
	Wall      time.Duration `json:"wall_ns"` // by the virtual clock: what vendor and host made it wait, no matter how fast the machine is
	Faults    int           `json:"faults"`  // runs with a fault injected
}

// Permission is one part of the network that the connector asks for.
type Permission struct {
	URL     string   `json:"url"`
	Methods []string `json:"methods"`
	Paths   []string `json:"paths"`
	Auth    bool     `json:"auth"` // carries the credential
	Reason  string   `json:"reason"`
}

// Rule describes a rule to people.
type Rule struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`     // what must hold, in a sentence without its full stop
	Rationale string   `json:"rationale"` // why, in a sentence or two
	Severity  Severity `json:"severity"`
	Fix       string   `json:"fix"`
	Origin    string   `json:"origin,omitempty"` // who has a rule like it
}

// Family returns the letter of the rule's family.
func (r Rule) Family() string {
	for _, letter := range r.ID {
		return string(letter)
	}
	return ""
}

// Close sorts what was found and sets the verdict. Every report is closed before it is written.
func (r *Report) Close() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Evidence, b.Evidence))
	})
	r.Findings = slices.Compact(r.Findings)
	r.Verdict = Pass
	if r.Count(Error) > 0 {
		r.Verdict = Fail
	}
}

var rank = map[Severity]int{Error: 0, Warning: 1, Note: 2}

// Kept is how many of the family's rules found neither an error nor a warning.
func (f Family) Kept() int { return f.Rules - f.Broken }

// Count returns how many findings are of severity s.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// JSON returns the report's one form. What a terminal would obey is escaped in it, so that it may be shown as it is.
func (r *Report) JSON() ([]byte, error) {
	return indented(r)
}

// Digest is the SHA-256 of [Report.JSON].
func (r *Report) Digest() (string, error) {
	b, err := r.JSON()
	return fmt.Sprintf("sha256:%x", sha256.Sum256(b)), err
}

// String is the finding as a compiler would print it, with its fix.
func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s: %s [%s]", f.Place, f.Severity, f.Evidence, f.Rule)
	if f.Fix != "" {
		s += "\n    fix: " + strings.ReplaceAll(f.Fix, "\n", "\n    ")
	}
	return s
}
