package report

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// element is any element of XML, for checking what was written against what viewers read.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e element) all(name string) []element {
	var found []element
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			found = append(found, c)
		}
		found = append(found, c.all(name)...)
	}
	return found
}

// shapes is what Jenkins' schema allows: an element's attributes, and its children in their order.
var shapes = map[string]struct{ attrs, children []string }{
	"testsuites": {[]string{"name", "time", "tests", "failures", "disabled", "errors"}, []string{"testsuite"}},
	"testsuite":  {[]string{"name", "tests", "failures", "errors", "time", "skipped"}, []string{"properties", "testcase"}},
	"properties": {nil, []string{"property"}},
	"property":   {[]string{"name", "value"}, nil},
	"testcase":   {[]string{"name", "time", "classname"}, []string{"skipped", "error", "failure", "system-out", "system-err"}},
	"failure":    {[]string{"type", "message"}, nil},
	"skipped":    {nil, nil},
	"system-out": {nil, nil},
}

// readable fails unless e has the shape that viewers read.
func readable(t testing.TB, e element) {
	t.Helper()
	shape, known := shapes[e.XMLName.Local]
	if !known {
		t.Errorf("<%s> is nothing that viewers know", e.XMLName.Local)
	}
	for _, a := range e.Attrs {
		if slices.Index(shape.attrs, a.Name.Local) < 0 {
			t.Errorf("<%s> has the attribute %s", e.XMLName.Local, a.Name.Local)
		}
	}
	last := 0
	for _, c := range e.Children {
		at := slices.Index(shape.children, c.XMLName.Local)
		if at < last {
			t.Errorf("<%s> has <%s> where it may not", e.XMLName.Local, c.XMLName.Local)
		}
		last = max(at, last)
		readable(t, c)
	}
}

func parseJUnit(t testing.TB, document []byte) element {
	t.Helper()
	var e element
	if err := xml.Unmarshal(document, &e); err != nil {
		t.Fatalf("%v\n%q", err, document)
	}
	readable(t, e)
	return e
}

func TestJUnit_Shape(t *testing.T) {
	t.Parallel()
	r, rules := sample()
	doc := parseJUnit(t, write(t, r, JUnit, rules))
	if doc.XMLName.Local != "testsuites" {
		t.Errorf("the root is %s", doc.XMLName.Local)
	}
	total := 0
	for _, s := range doc.all("testsuite") {
		cases := s.all("testcase")
		for name, want := range map[string]int{"tests": len(cases), "failures": len(s.all("failure")), "skipped": len(s.all("skipped"))} {
			if got := s.attr(name); got != strconv.Itoa(want) {
				t.Errorf("suite %s says %s=%s, and has %d", s.attr("name"), name, got, want)
			}
		}
		total += len(cases)
	}
	if doc.attr("tests") != strconv.Itoa(total) || total != len(rules)+len(r.Cases) {
		t.Errorf("it counts %s tests and has %d, of %d rules and %d cases", doc.attr("tests"), total, len(rules), len(r.Cases))
	}
}

// TestJUnit_VerdictDecides: a job whose certification passes is not turned red by a warning.
func TestJUnit_VerdictDecides(t *testing.T) {
	t.Parallel()
	for severity, want := range map[Severity]int{Error: 1, Warning: 0, Note: 0} {
		r := &Report{Findings: []Finding{{Rule: "M001", Severity: severity, Place: "/title", Evidence: "seen"}}}
		r.Close()
		doc := parseJUnit(t, write(t, r, JUnit, nil))
		if got := len(doc.all("failure")); got != want {
			t.Errorf("%s: %d failures, want %d", severity, got, want)
		}
		if got := len(doc.all("system-out")); got != 1-want {
			t.Errorf("%s: %d outputs, want %d", severity, got, 1-want)
		}
	}
}

// TestJUnit_Text: what is written reads back as it was, with its lines.
func TestJUnit_Text(t *testing.T) {
	t.Parallel()
	const reason = "a <b> & \"c\"\n  ]]> &#xA; d"
	r := &Report{Cases: []Case{{"x.txtar", "action a", false, reason, ""}}}
	doc := parseJUnit(t, write(t, r, JUnit, nil))
	if diff := cmp.Diff(reason, doc.all("failure")[0].Text); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(write(t, r, JUnit, nil)), "\n  ]]&gt; &amp;#xA; d") {
		t.Error("its lines are escaped, so that nobody can read them")
	}
}

// TestJUnit_Schema asks another program, where it is installed.
func TestJUnit_Schema(t *testing.T) {
	t.Parallel()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("skipped: there is no xmllint; TestJUnit_Shape checks the same by itself")
	}
	r, rules := sample()
	file := filepath.Join(t.TempDir(), "report.xml")
	if err := os.WriteFile(file, write(t, r, JUnit, rules), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(xmllint, "--nonet", "--noout", "--schema", "testdata/schemas/junit.xsd", file).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestJUnit_Dots keeps viewers from making a branch of a tree of every dot in a name.
func TestJUnit_Dots(t *testing.T) {
	t.Parallel()
	r := &Report{Verdict: Pass, Families: []Family{{ID: "X", Title: "Version 1.2", Rules: 1}}}
	if got := string(write(t, r, JUnit, []Rule{{ID: "X001", Title: "It is kept"}})); !strings.Contains(got, `classname="certification.X Version 1 2"`) {
		t.Error(got)
	}
}
