package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// sarifSchema compiles the official schema; its formats count.
func sarifSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	source, err := os.ReadFile("testdata/schemas/sarif-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("sarif.json", bytes.NewReader(source)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t testing.TB, schema *jsonschema.Schema, document []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%#v", err)
	}
}

func TestSARIF_Schema(t *testing.T) {
	t.Parallel()
	schema := sarifSchema(t)
	failed, rules := sample()
	valid(t, schema, write(t, failed, SARIF, rules))
	valid(t, schema, write(t, failed, SARIF, nil))
	passed, rules := clean()
	valid(t, schema, write(t, passed, SARIF, rules))
	valid(t, schema, write(t, new(Report), SARIF, nil))
	var v any
	if err := json.Unmarshal([]byte(`{"version": "2.1.0", "runs": [{"results": []}]}`), &v); err != nil {
		t.Fatal(err)
	}
	if schema.Validate(v) == nil {
		t.Error("the schema takes a run without its tool: it is not the official one")
	}
}

// TestSARIF_Rules: an index leads to the rule that the result names.
func TestSARIF_Rules(t *testing.T) {
	t.Parallel()
	r, rules := sample()
	run := r.sarif(r.named(rules), Source{}).Runs[0]
	if got, want := len(run.Results), len(r.Findings)+len(r.Skipped); got != want {
		t.Errorf("%d results, want %d", got, want)
	}
	for _, res := range run.Results {
		if got := run.Tool.Driver.Rules[res.RuleIndex].ID; got != res.RuleID {
			t.Errorf("the result of %s leads to the rule %s", res.RuleID, got)
		}
	}
}

// TestSARIF_Places: each has a file and a line, without which code hosts refuse the whole report.
func TestSARIF_Places(t *testing.T) {
	t.Parallel()
	file := func(uri string, line int) []sarifLocation {
		return []sarifLocation{{Physical: sarifPhysical{sarifArtifact{uri}, sarifRegion{line}}}}
	}
	logical := func(line int, name, kind string) []sarifLocation {
		l := file("plugins/a%20b/connector.yaml", line)
		l[0].Logical = []sarifLogical{{name, kind}}
		return l
	}
	at := Source{Folder: "plugins/a b", Line: func(place string) int {
		return map[string]int{"/actions/0/input": 12, "action launch_process": 9}[place]
	}}
	for place, want := range map[string][]sarifLocation{
		"":                          file("plugins/a%20b/connector.yaml", 1),
		"guest":                     logical(1, "guest", "module"),
		"action launch_process":     logical(9, "action launch_process", "function"),
		"action unknown":            logical(1, "action unknown", "function"),
		"/actions/0/input":          logical(12, "/actions/0/input", "value"),
		"README.md:12":              file("plugins/a%20b/README.md", 12),
		"testdata/cases/x.txtar":    file("plugins/a%20b/testdata/cases/x.txtar", 1),
		"testdata/cases/a b.txtar":  file("plugins/a%20b/testdata/cases/a%20b.txtar", 1),
		"README.md:0":               file("plugins/a%20b/README.md:0", 1),
		"README.md:99999999999999":  file("plugins/a%20b/README.md:99999999999999", 1),
		"testdata/cases/x.txtar:3:": file("plugins/a%20b/testdata/cases/x.txtar:3:", 1),
	} {
		if diff := cmp.Diff(want, at.location(place)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", place, diff)
		}
	}
	if got := (Source{}).location("javascript:alert(1)"); got[0].Physical.Artifact.URI != "./javascript:alert%281%29" {
		t.Errorf("a place leads to %s", got[0].Physical.Artifact.URI)
	}
}

// TestSARIF_CodeHosts: what GitHub's code scanning asks for beyond the schema (rules GH1001 to GH1017 and GH2012 of the
// multitool that its authors publish), and its limits.
func TestSARIF_CodeHosts(t *testing.T) {
	t.Parallel()
	r, rules := sample()
	r.Findings = append(r.Findings, Finding{Rule: "R005", Severity: Error, Evidence: "it goes on"})
	r.Close()
	run := r.sarif(r.named(rules), Source{}).Runs[0]
	known := map[string]bool{}
	for _, res := range run.Results {
		l := res.Locations
		if len(l) != 1 || l[0].Physical.Artifact.URI == "" || l[0].Physical.Region.StartLine < 1 {
			t.Errorf("%s has no file with a line: %+v", res.RuleID, l)
		}
		print := res.Fingerprints["primaryLocationLineHash"]
		if print == "" || known[print] {
			t.Errorf("%s has the fingerprint %q, which is none or another's", res.RuleID, print)
		}
		known[print] = true
		if res.Message.Text == "" {
			t.Errorf("%s says nothing", res.RuleID)
		}
	}
	for _, rule := range run.Tool.Driver.Rules {
		for _, text := range []*sarifText{rule.Short, rule.Full, rule.Help} {
			if text == nil || text.Text == "" || len(text.Text) > 1024 {
				t.Errorf("rule %s: a text is missing or too long: %v", rule.ID, text)
			}
		}
	}
}

// TestSARIF_Fingerprints: they stay when a line moves, and tell two findings of one place apart.
func TestSARIF_Fingerprints(t *testing.T) {
	t.Parallel()
	f := Finding{Rule: "D001", Place: "README.md:3", Evidence: "x"}
	moved, other, elsewhere, ruled := f, f, f, f
	moved.Place, other.Evidence, elsewhere.Place, ruled.Rule = "README.md:9", "y", "icon.svg", "D002"
	if fingerprint(f) != fingerprint(moved) {
		t.Error("it changes with the line")
	}
	for _, g := range []Finding{other, elsewhere, ruled} {
		if fingerprint(f) == fingerprint(g) {
			t.Errorf("%v has the fingerprint of %v", g, f)
		}
	}
}

func TestSARIF_Suppressions(t *testing.T) {
	t.Parallel()
	r := &Report{Skipped: []Skip{{"M007", "a wide icon"}}}
	got := r.sarif(r.named(nil), Source{}).Runs[0].Results[0]
	want := []sarifSuppression{{"external", "a wide icon"}}
	if got.Kind != "review" || got.Level != "none" || !reflect.DeepEqual(got.Suppressions, want) {
		t.Errorf("got %+v", got)
	}
}

// TestSARIF_Links: a connector cannot put a link into a viewer.
func TestSARIF_Links(t *testing.T) {
	t.Parallel()
	r := &Report{
		Findings: []Finding{{Rule: "D001", Severity: Error, Place: "README.md", Evidence: "[log in](https://evil.example)"}},
		Skipped:  []Skip{{"M007", "[log in](https://evil.example)"}},
	}
	for _, res := range r.sarif(r.named(nil), Source{}).Runs[0].Results {
		if strings.Contains(res.Message.Text, "](") {
			t.Errorf("%q holds a link", res.Message.Text)
		}
	}
}
