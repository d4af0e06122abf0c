package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"patchbay/internal/printable"
)

// Format is a form in which a report is written.
type Format string

// Formats. In all of them the same report gives the same bytes to the same reader, and nothing in it can harm a terminal.
const (
	Text  Format = "text"  // for a terminal and the log of a CI job: the worst findings and the verdict come last
	JSON  Format = "json"  // the report as it is: what [Report.Digest] is made of
	SARIF Format = "sarif" // version 2.1.0, for code hosts and editors
	JUnit Format = "junit" // for CI: a suite a family, a test case a rule
	HTML  Format = "html"  // one page for people, that loads nothing
)

// formats returns all formats.
func formats() []Format { return []Format{Text, JSON, SARIF, JUnit, HTML} }

// ParseFormat returns the format of that name, or an error that lists them.
func ParseFormat(name string) (Format, error) {
	if slices.Contains(formats(), Format(name)) {
		return Format(name), nil
	}
	var names []string
	for _, f := range formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("there is no format %q: it is one of %s", name, strings.Join(names, ", "))
}

// Write writes the report to w in a format. rules are those of the rule set; of them, those that the report was not
// asked for are left out, and findings and skips of others are written by their id alone. at is where its reader is; JSON,
// which is what certificates are about, says the same everywhere.
func (r *Report) Write(w io.Writer, format Format, rules []Rule, at Source) error {
	b, err := r.encode(format, rules, at)
	if err != nil {
		return fmt.Errorf("report as %s: %w", format, err)
	}
	_, err = w.Write(b)
	return err
}

func (r *Report) encode(format Format, rules []Rule, at Source) ([]byte, error) {
	rules = r.named(rules)
	switch format {
	case Text:
		return r.text(rules, at), nil
	case JSON:
		return r.JSON()
	case SARIF:
		return indented(r.sarif(rules, at))
	case JUnit:
		return r.junit(rules, at)
	case HTML:
		return r.html(rules, at)
	}
	_, err := ParseFormat(string(format))
	return nil, err
}

// named returns the rules that were looked at or skipped, by id.
func (r *Report) named(rules []Rule) []Rule {
	var all []Rule
	for _, rule := range rules {
		if len(r.Only) == 0 || slices.Contains(r.Only, rule.ID) {
			all = append(all, rule)
		}
	}
	for _, f := range r.Findings {
		all = append(all, Rule{ID: f.Rule, Severity: f.Severity})
	}
	for _, s := range r.Skipped {
		all = append(all, Rule{ID: s.Rule, Severity: Note})
	}
	slices.SortStableFunc(all, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b Rule) bool { return a.ID == b.ID })
}

// find returns the rule with that id, of rules that [Report.named] has made.
func find(rules []Rule, id string) (Rule, int) {
	i, _ := slices.BinarySearchFunc(rules, id, func(r Rule, id string) int { return strings.Compare(r.ID, id) })
	return rules[i], i
}

// of returns the findings of a rule.
func (r *Report) of(rule string) []Finding {
	var found []Finding
	for _, f := range r.Findings {
		if f.Rule == rule {
			found = append(found, f)
		}
	}
	return found
}

// skip returns why a rule was left out.
func (r *Report) skip(rule string) (reason string, skipped bool) {
	for _, s := range r.Skipped {
		if s.Rule == rule {
			return s.Reason, true
		}
	}
	return "", false
}

// indented is v as JSON with the characters of HTML as they are.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return printable.JSON(b.Bytes()), err
}
