package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"patchbay/internal/printable"
)

// The elements that Jenkins, and with it most viewers, understand. time is 0 everywhere: what a report says does not
// depend on how fast the machine was.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Time     int      `xml:"time,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name       string      `xml:"name,attr"`
		Tests      int         `xml:"tests,attr"`
		Failures   int         `xml:"failures,attr"`
		Errors     int         `xml:"errors,attr"`
		Skipped    int         `xml:"skipped,attr"`
		Time       int         `xml:"time,attr"`
		Properties *properties `xml:"properties"`
		Cases      []testcase  `xml:"testcase"`
	}
	properties struct {
		All []property `xml:"property"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    int      `xml:"time,attr"`
		Skipped *prose   `xml:"skipped"`
		Failure *failure `xml:"failure"`
		Out     *prose   `xml:"system-out"`
	}
	failure struct {
		Type    string
		Message string
		Text    prose
	}
)

// prose is text whose line feeds stay as they are; encoding/xml writes &#xA; otherwise, which nobody can read.
type prose string

// MarshalXML writes the text between the element's tags.
func (p prose) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(struct {
		Text []byte `xml:",innerxml"`
	}{p.escaped()}, start)
}

// MarshalXML writes the attributes and the text.
func (f failure) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	start.Attr = []xml.Attr{{Name: xml.Name{Local: "type"}, Value: f.Type}, {Name: xml.Name{Local: "message"}, Value: f.Message}}
	return f.Text.MarshalXML(e, start)
}

func (p prose) escaped() []byte {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(printable.Lines(string(p)))) // first: XML would have a control again from its escape
	return bytes.ReplaceAll(b.Bytes(), []byte("&#xA;"), []byte("\n"))
}

// junit makes errors failures. JUnit knows no warnings: as failures they would turn a job red that has passed, so they
// are the output of a test that passes.
func (r *Report) junit(rules []Rule, at Source) ([]byte, error) {
	doc := suites{Name: printable.Words(r.Connector)}
	about := r.properties()
	for _, f := range r.families(rules) {
		s := suite{Name: printable.Words(strings.TrimSpace(f.ID + " " + f.Title)), Properties: about}
		about = nil // once is enough: viewers show them before what was found
		for _, rule := range f.rules {
			s.add(r.ruleCase(rule, at))
		}
		doc.add(s)
	}
	if s := (suite{Name: "Cases"}); len(r.Cases) > 0 {
		for _, c := range r.Cases {
			s.add(caseCase(c))
		}
		doc.add(s)
	}
	b, err := xml.MarshalIndent(doc, "", "  ")
	return []byte(xml.Header + printable.Lines(string(b)) + "\n"), err
}

func (d *suites) add(s suite) {
	d.Suites = append(d.Suites, s)
	d.Tests += s.Tests
	d.Failures += s.Failures
}

func (r *Report) properties() *properties {
	return &properties{[]property{
		{"connector", printable.Words(r.Connector)}, {"bundle", printable.Words(r.Bundle)}, {"ruleset", r.RuleSet}, {"verdict", string(r.Verdict)},
	}}
}

func (s *suite) add(c testcase) {
	c.Class = "certification." + strings.ReplaceAll(s.Name, ".", " ") // viewers make a tree of what stands between dots
	s.Cases = append(s.Cases, c)
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Skipped != nil {
		s.Skipped++
	}
}

func (r *Report) ruleCase(rule Rule, at Source) testcase {
	c := testcase{Name: printable.Words(rule.ID + " " + rule.Title)}
	if reason, ok := r.skip(rule.ID); ok {
		c.Skipped = ptr(prose(reason))
	}
	for _, f := range r.of(rule.ID) {
		f.Place, f.Reproduce = at.show(f.Place), at.command(f.Reproduce)
		c.found(f)
	}
	return c
}

// found adds a finding. All errors of a rule are one failure: viewers show the first only.
func (c *testcase) found(f Finding) {
	if f.Severity != Error {
		c.Out = ptr(join(c.Out, f))
		return
	}
	if c.Failure == nil {
		c.Failure = &failure{Type: f.Rule, Message: printable.Words(f.Place + ": " + f.Evidence)}
	}
	c.Failure.Text = join(&c.Failure.Text, f)
}

// join adds a finding to what is there.
func join(before *prose, f Finding) prose {
	text := prose(fmt.Sprintf("%s at %s:\n%s\nfix: %s\nreproduce: %s\n", f.Severity, f.Place, f.Evidence, f.Fix, f.Reproduce))
	if before == nil || *before == "" {
		return text
	}
	return *before + "\n" + text
}

func caseCase(c Case) testcase {
	t := testcase{Name: printable.Words(c.Name + " " + c.Operation)}
	if !c.OK {
		t.Failure = &failure{Type: "case", Message: printable.Words(c.Reason), Text: prose(c.Reason)}
	}
	return t
}

func ptr[T any](v T) *T { return &v }
