package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"patchbay/internal/printable"
)

// attacks are strings that a connector, or the vendor of its cases, may bring into a report.
var attacks = []string{
	"",
	"plain",
	"\x1b]0;title\x07\x1b[2J\x1b[31mred",
	"\u009b2J\u202egpj.exe\u2066",
	"x\nPASS  acme/shop@1.4.0: no errors, no warnings, no notes\n",
	"x\r\nFAIL\rPASS",
	"x\n::add-mask::PASS\n  ::stop-commands::x\n##vso[task.complete result=Succeeded;]done ##[group]x ##teamcity[x]",
	"\xff\xfe\xc3\x28 \xed\xa0\x80 \x00 \ufffe\uffff",
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)><!--`,
	`</pre></style></title><svg onload=alert(1)>`,
	`' onfocus='alert(1)' autofocus='`,
	`{{.Digest}} {0} %s %!d(MISSING)`,
	`javascript:alert(1)`,
	`[click](https://evil.example) ]]> <![CDATA[ &#x1b; &lt;`,
	"a\tb\vc\fd\u2028e\u2029f",
	"//evil.example:80:1",
	strings.Repeat("long", 400),
}

// hostile is the sample with text in every place where a connector's strings come to stand. What structures a report,
// ids and severities, is ours.
func hostile(text string) (*Report, []Rule) {
	r, rules := sample()
	r.Connector, r.Bundle, r.Host = text, text, text
	for i := range r.Skipped {
		r.Skipped[i].Reason = text
	}
	for i := range r.Findings {
		r.Findings[i].Place, r.Findings[i].Evidence, r.Findings[i].Fix, r.Findings[i].Reproduce = text, text, text, text
	}
	for i := range r.Cases {
		r.Cases[i].Name, r.Cases[i].Operation, r.Cases[i].Reason = text, text, text
	}
	for i := range r.Figures {
		r.Figures[i].Operation = text
	}
	for i := range r.Permissions {
		r.Permissions[i] = Permission{text, []string{text}, []string{text}, true, text}
	}
	return r, rules
}

func FuzzStrings(f *testing.F) {
	for _, a := range attacks {
		f.Add(a)
	}
	schema := sarifSchema(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, rules := hostile(text)
		likened, _ := hostile(innocent(text))
		for _, format := range formats() {
			got, want := string(write(t, r, format, rules)), string(write(t, likened, format, rules))
			if !utf8.ValidString(got) || printable.Lines(got) != got {
				t.Errorf("%s holds what a terminal obeys", format)
			}
			if diff := cmp.Diff(skeleton(format, want), skeleton(format, got)); diff != "" {
				t.Errorf("%s has another shape (-innocent +got)\n%s", format, diff)
			}
		}
		valid(t, schema, write(t, r, SARIF, rules))
		parseJUnit(t, write(t, r, JUnit, rules))
		harmless(t, write(t, r, JUnit, rules))
		if got := string(write(t, r, Text, rules)); printable.Log(got) != got {
			t.Error("the text holds a command to a CI job's runner")
		}
		sameValue(t, r)
		strange(t, schema, text)
	})
}

// innocent is a text that is empty or blank where text is, so that the same optional parts are written.
func innocent(text string) string {
	switch {
	case text == "":
		return ""
	case printable.Words(text) == "":
		return " "
	}
	return "x"
}

var tag = regexp.MustCompile(`<[a-zA-Z/!?][^>]*>`)

// skeleton is what of a document may not depend on a connector's strings.
func skeleton(format Format, document string) []string {
	switch format {
	case HTML, JUnit:
		tags := tag.FindAllString(document, -1)
		for i, found := range tags {
			if format == JUnit {
				tags[i] = strings.Fields(found)[0] // its attributes hold strings, and parseJUnit looks at them
			}
		}
		return tags
	case Text:
		var starts []string
		for _, line := range strings.Split(document, "\n") {
			if word, _, _ := strings.Cut(line, " "); word != "" && !strings.HasPrefix(line, " ") {
				starts = append(starts, word)
			}
		}
		return starts
	}
	return nil
}

// harmless: what a viewer reads out of the XML is as harmless as the XML.
func harmless(t *testing.T, document []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(document))
	for token, err := dec.Token(); err == nil; token, err = dec.Token() {
		var texts []string
		switch token := token.(type) {
		case xml.CharData:
			texts = append(texts, string(token))
		case xml.StartElement:
			for _, a := range token.Attr {
				texts = append(texts, a.Value)
			}
		}
		for _, text := range texts {
			if printable.Lines(text) != text {
				t.Errorf("a viewer reads %q", text)
			}
		}
	}
}

// sameValue: escaping for terminals keeps the value of the JSON.
func sameValue(t *testing.T, r *Report) {
	t.Helper()
	plain, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(plain, &want); err != nil {
		t.Fatal(err)
	}
	document, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document, &got); err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}

// strange: a report from elsewhere may have any ids and severities; nothing panics and all is well formed.
func strange(t *testing.T, schema *jsonschema.Schema, text string) {
	t.Helper()
	r := &Report{
		Verdict: Verdict(text), Only: []string{text},
		Findings: []Finding{{Rule: text, Severity: Severity(text)}, {Rule: text, Severity: Error}},
		Skipped:  []Skip{{Rule: text + "1", Reason: text}}, Families: []Family{{ID: text, Title: text}},
	}
	rules := []Rule{{ID: text, Title: text, Rationale: text, Severity: Severity(text), Fix: text, Origin: text}}
	valid(t, schema, write(t, r, SARIF, rules))
	parseJUnit(t, write(t, r, JUnit, rules))
	for _, format := range formats() {
		if got := write(t, r, format, rules); !bytes.Equal(got, []byte(printable.Lines(string(got)))) {
			t.Errorf("%s holds what a terminal obeys", format)
		}
	}
	if page := string(write(t, r, HTML, rules)); strings.Contains(strings.ToLower(page), "<script") {
		t.Error("the page holds a script")
	}
}
