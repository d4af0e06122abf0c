package record

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"patchbay/testkit/internal/cases"
)

func TestDrifted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, was, is, want string }{
		{"other values", `{"a": 1, "b": ["x"]}`, `{"a": 2.5, "b": ["y", "z"]}`, ""},
		{"came and went", `{"a": 1}`, `{"b": true}`, "/a went (number)|/b came (boolean)"},
		{"another type", `{"a": {"b": 1}}`, `{"a": {"b": "1"}}`, "/a/b was number, is string"},
		{"a list for an object", `{"a": {}}`, `{"a": []}`, "/a was object, is array"},
		{"null says nothing", `{"a": null, "b": 1}`, `{"a": 1, "b": null}`, ""},
		{"null beside others says nothing", `[{"a": null}, {"a": 1}]`, `[{"a": 2}]`, ""},
		{"an empty list says nothing", `{"a": []}`, `{"a": [1]}`, ""},
		{"in a list", `[{"a": 1, "b": 1}, {"b": 2}]`, `[{"b": "2"}]`, "/*/a went (number)|/*/b was number, is string"},
		{"two types", `[1, "a"]`, `[1]`, "/* was number or string, is number"},
		{"odd names", `{"a/b": {"c~d": 1}}`, `{"a/b": {}}`, "/a~1b/c~0d went (number)"},
		{"no longer JSON", `{}`, `<html>`, "the document was object, is text"},
		{"no longer anything", `{}`, ``, "the document was object, is nothing"},
		{"text", `a`, `b`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(drifted("", shapeOf([]byte(tt.was)), shapeOf([]byte(tt.is))), "|"); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	const was = `-- call.json --
{"operation": "op"}
-- http/1.request --
GET https://a.example/x?n=1
Accept: text/plain
-- http/1.response --
200
Content-Type: application/json; charset=utf-8

{"a": 1}
-- output.json --
{"o": 1}
`
	const more = "-- http/2.request --\nGET https://a.example/y\n-- http/2.response --\n200\n-- output.json --"
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(was) }
	for _, tt := range []struct {
		name, is string
		want     []Difference
	}{
		{"nothing", replace(`"a": 1`, `"a": 2`, `"o": 1`, `"o": 2`, "; charset=utf-8", ""), nil},
		{"another address", replace("n=1", "n=2"), []Difference{{"http/1.request", `query "n=2", want "n=1"`}}},
		{"another header", replace("text/plain", "text/html"), []Difference{{"http/1.request", `header Accept is "text/html", want "text/plain"`}}},
		{"status", replace("200", "404"), []Difference{{"http/1.response", "status was 200, is 404"}}},
		{"media type", replace("application/json", "text/json"), []Difference{{"http/1.response", `Content-Type was "application/json", is "text/json"`}}},
		{"shape", replace(`"a": 1`, `"b": 1`), []Difference{{"http/1.response", "/a went (number)"}, {"http/1.response", "/b came (number)"}}},
		{"a request more", replace("-- output.json --", more), []Difference{{"http", "the connector made 1 requests, and makes 2"}}},
		{"result", replace(`"o": 1`, `"o": "1"`), []Difference{{"output.json", "/o was number, is string"}}},
		{"a page", replace("output.json", "page.json", `{"o": 1}`, `{"items": []}`), []Difference{{"output.json", "the call ends with page.json"}}},
		{"a fault", replace("output.json", "fault.json", `{"o": 1}`, `{"code": "not_found", "message": "gone"}`), []Difference{{"output.json", "the call fails with not_found: gone"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Drift(parsed(t, was), parsed(t, tt.is)), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	fault := replace("output.json", "fault.json", `{"o": 1}`, `{"code": "not_found", "message": "gone"}`)
	other := strings.Replace(fault, "not_found", "conflict", 1)
	if got := Drift(parsed(t, fault), parsed(t, other)); len(got) != 1 || got[0].What != "fault code was not_found, is conflict" {
		t.Errorf("another code: %v", got)
	}
	if got := Drift(parsed(t, fault), parsed(t, strings.Replace(fault, "gone", "away", 1))); len(got) != 0 {
		t.Errorf("another message: %v", got)
	}
}

func parsed(t *testing.T, text string) *cases.Case {
	t.Helper()
	k, err := cases.Parse("x.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
