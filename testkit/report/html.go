package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"

	"patchbay/internal/printable"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": count, "thousands": thousands, "size": size, "wait": wait, "lines": printable.Lines, "words": printable.Words,
	"upper": func(v Verdict) string { return strings.ToUpper(string(v)) },
}).Parse(pageSource))

// page is what the template is given.
type page struct {
	*Report
	Digest   string // of the report
	Summary  string
	Policy   string // of what the page may load: its own style and nothing else
	Style    template.CSS
	Groups   []pageGroup
	Families []pageFamily
	Left     []pageRule // skipped
	Figures  []pageFigure
	Passed   int    // cases
	Rules    Family // all families' rules
}

// pageGroup holds the findings of one severity.
type pageGroup struct {
	Severity Severity
	Findings []pageFinding
}

type pageFinding struct {
	Finding
	Of Rule
}

type pageFamily struct {
	Family
	Bar    bar
	States []pageRule
}

type pageFigure struct {
	Figure
	FuelBar, MemoryBar, WaitBar bar
}

// pageRule is a rule and what came of it: "kept", "skipped", or how many findings of which severity.
type pageRule struct {
	Rule
	State  string
	Class  string
	Reason string // why it was skipped
}

// html needs no script. What a connector says is escaped by the template; should that ever fail, the page's policy lets
// nothing run and nothing load.
func (r *Report) html(rules []Rule, at Source) ([]byte, error) {
	digest, err := r.Digest()
	if err != nil {
		return nil, err
	}
	p := page{Report: r, Digest: digest, Summary: r.summary(), Policy: policy(), Style: template.CSS(pageStyle), Figures: r.figures(), Rules: r.total()}
	p.Groups = r.groups(rules, at)
	for _, f := range r.families(rules) {
		p.Families = append(p.Families, r.pageFamily(f))
	}
	for _, s := range r.Skipped {
		rule, _ := find(rules, s.Rule)
		p.Left = append(p.Left, pageRule{Rule: rule, Reason: s.Reason})
	}
	for _, c := range r.Cases {
		if c.OK {
			p.Passed++
		}
	}
	var b bytes.Buffer
	err = pageTemplate.Execute(&b, p)
	return []byte(printable.Lines(b.String())), err
}

func policy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

func (r *Report) groups(rules []Rule, at Source) []pageGroup {
	var groups []pageGroup
	for _, s := range []Severity{Error, Warning, Note} {
		g := pageGroup{Severity: s}
		for _, f := range r.Findings {
			if f.Severity == s {
				rule, _ := find(rules, f.Rule)
				f.Place, f.Reproduce = at.show(f.Place), at.command(f.Reproduce)
				g.Findings = append(g.Findings, pageFinding{f, rule})
			}
		}
		if len(g.Findings) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

func (r *Report) pageFamily(f family) pageFamily {
	p := pageFamily{Family: f.Family, Bar: newBar(int64(f.Kept()), int64(f.Rules), f.worst())}
	for _, rule := range f.rules {
		p.States = append(p.States, r.state(rule))
	}
	return p
}

// worst is the worst severity of a family's findings, or "kept".
func (f Family) worst() string {
	switch {
	case f.Errors > 0:
		return string(Error)
	case f.Warnings > 0:
		return string(Warning)
	}
	return "kept"
}

// state says what came of a rule, by its worst finding.
func (r *Report) state(rule Rule) pageRule {
	if _, skipped := r.skip(rule.ID); skipped {
		return pageRule{Rule: rule, State: "skipped", Class: "skipped"}
	}
	found := Report{Findings: r.of(rule.ID)}
	for _, s := range []Severity{Error, Warning, Note} {
		if n := found.Count(s); n > 0 {
			return pageRule{Rule: rule, State: count(n, string(s)), Class: string(s)}
		}
	}
	return pageRule{Rule: rule, State: "kept", Class: "kept"}
}

// figures compares each figure with the largest of its kind.
func (r *Report) figures() []pageFigure {
	var most Figure
	for _, f := range r.Figures {
		most.Fuel, most.Memory, most.Wall = max(most.Fuel, f.Fuel), max(most.Memory, f.Memory), max(most.Wall, f.Wall)
	}
	var all []pageFigure
	for _, f := range r.Figures {
		all = append(all, pageFigure{f, newBar(f.Fuel, most.Fuel, ""), newBar(f.Memory, most.Memory, ""), newBar(int64(f.Wall), int64(most.Wall), "")})
	}
	return all
}

// total adds the families up.
func (r *Report) total() Family {
	var t Family
	for _, f := range r.Families {
		t.Rules += f.Rules
		t.Broken += f.Broken
	}
	return t
}

// bar is a length in percent, and a class for its colour.
type bar struct {
	Share int64
	Class string
}

func newBar(part, whole int64, class string) bar {
	if part <= 0 || whole <= 0 {
		return bar{Class: class}
	}
	return bar{min(100, int64(100*float64(part)/float64(whole))), class}
}
