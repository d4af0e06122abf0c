package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

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
	run := r.sarif(r.named(rules)).Runs[0]
	if got, want := len(run.Results), len(r.Findings)+len(r.Skipped); got != want {
		t.Errorf("%d results, want %d", got, want)
	}
	for _, res := range run.Results {
		if got := run.Tool.Driver.Rules[res.RuleIndex].ID; got != res.RuleID {
			t.Errorf("the result of %s leads to the rule %s", res.RuleID, got)
		}
	}
}

func TestSARIF_Places(t *testing.T) {
	t.Parallel()
	file := func(uri string, line int) []sarifLocation {
		p := &sarifPhysical{Artifact: sarifArtifact{uri}}
		if line > 0 {
			p.Region = &sarifRegion{line}
		}
		return []sarifLocation{{Physical: p}}
	}
	logical := func(name, kind string) []sarifLocation {
		return []sarifLocation{{Logical: []sarifLogical{{name, kind}}}}
	}
	pointer := file("connector.yaml", 0)
	pointer[0].Logical = []sarifLogical{{"/actions/0/input", "value"}}
	for place, want := range map[string][]sarifLocation{
		"":                          nil,
		"guest":                     logical("guest", "module"),
		"action launch_process":     logical("action launch_process", "function"),
		"/actions/0/input":          pointer,
		"README.md:12":              file("README.md", 12),
		"testdata/cases/x.txtar":    file("testdata/cases/x.txtar", 0),
		"testdata/cases/a b.txtar":  file("testdata/cases/a%20b.txtar", 0),
		"README.md:0":               file("./README.md:0", 0),
		"javascript:alert(1)":       file("./javascript:alert%281%29", 0),
		"README.md:99999999999999":  file("./README.md:99999999999999", 0),
		"testdata/cases/x.txtar:3:": file("testdata/cases/x.txtar:3:", 0),
	} {
		if got := sarifPlace(place); !reflect.DeepEqual(got, want) {
			g, _ := json.Marshal(got)
			w, _ := json.Marshal(want)
			t.Errorf("%q: got %s, want %s", place, g, w)
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
	got := r.sarif(r.named(nil)).Runs[0].Results[0]
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
	for _, res := range r.sarif(r.named(nil)).Runs[0].Results {
		if strings.Contains(res.Message.Text, "](") {
			t.Errorf("%q holds a link", res.Message.Text)
		}
	}
}
