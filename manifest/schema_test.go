package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

func mustCompile(t testing.TB, schema string) *Schema {
	t.Helper()
	s, err := CompileSchema(json.RawMessage(schema))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchema_Validate(t *testing.T) {
	t.Parallel()
	const order = `{"type": "object", "required": ["number", "lines"], "additionalProperties": false, "properties": {
		"number": {"type": "string", "pattern": "^[A-Z]+-[0-9]+$", "patternErrorMessage": "Want a number such as SO-17", "description": "The order's number. Unique."},
		"status": {"enum": ["open", "closed", "on_hold", 7]},
		"email": {"type": "string", "format": "email"}, "date": {"type": "string", "format": "date"}, "at": {"type": "string", "format": "date-time"},
		"url": {"type": "string", "format": "uri"}, "id": {"type": "string", "format": "uuid"},
		"total": {"type": "number", "minimum": 0, "exclusiveMaximum": 1e6, "multipleOf": 0.01},
		"note": {"type": ["string", "null"], "maxLength": 5, "minLength": 2},
		"who": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}]},
		"one": {"oneOf": [{"minimum": 1}, {"maximum": 5}]},
		"lines": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {"$ref": "#/$defs/line"}},
		"map": {"type": "object", "maxProperties": 1, "propertyNames": {"pattern": "^[a-z]+$"}, "additionalProperties": {"type": "boolean"}},
		"not": {"not": {"const": "x"}}, "const": {"const": {"a": 1}}, "dep": {"dependentRequired": {"a": ["b"]}},
		"some": {"contains": {"type": "string"}}, "never": false, "a/b~c": {"type": "string"}},
		"$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"}, "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}}}}}`
	s := mustCompile(t, order)
	good := `"number": "SO-1", "lines": [{"sku": "a", "lines": [{"sku": "b"}]}]`
	tests := []struct{ name, value, field, message string }{
		{"valid", `{` + good + `, "status": "on_hold", "total": 10.25, "note": null, "who": {"id": 3}, "one": 0, "map": {"a": true}, "id": "0f8fad5b-d9cb-469f-a165-70867728950e"}`, "", ""},
		{"missing", `{"lines": [{}]}`, "/number", `missing "number": add it: the order's number`},
		{"unknown", `{` + good + `, "stauts": "open"}`, "/stauts", `unknown key "stauts": did you mean "status"?`},
		{"type", `{"number": 17, "lines": [{}]}`, "/number", `17 is a number, want a number such as SO-17`},
		{"deep type", `{"number": "SO-1", "lines": [{"lines": [{"sku": 5}]}]}`, "/lines/0/lines/0/sku", `5 is a number, want text: put it in quotes`},
		{"pattern", `{"number": "x", "lines": [{}]}`, "/number", `"x" does not have the right form, want a number such as SO-17`},
		{"enum", `{` + good + `, "status": "close"}`, "/status", `"close" is not one of the values, want open, closed, on_hold or 7: did you mean "closed"?`},
		{"email", `{` + good + `, "email": "nobody"}`, "/email", `"nobody" is not an email address`},
		{"date", `{` + good + `, "date": "2026-02-30"}`, "/date", `"2026-02-30" is not a date such as 2026-03-01`},
		{"date-time", `{` + good + `, "at": "2026-02-03 10:00"}`, "/at", `"2026-02-03 10:00" is not a time such as 2026-03-01T12:00:00Z (RFC 3339)`},
		{"uri", `{` + good + `, "url": "x/y"}`, "/url", `"x/y" is not an absolute URI such as https://example.com/x`},
		{"uuid", `{` + good + `, "id": "12"}`, "/id", `"12" is not a UUID`},
		{"minimum", `{` + good + `, "total": -1}`, "/total", `-1 is out of bounds, want 0 or more`},
		{"maximum", `{` + good + `, "total": 1000000}`, "/total", `1000000 is out of bounds, want less than 1000000`},
		{"multiple", `{` + good + `, "total": 1.005}`, "/total", `1.005 is out of bounds, want a multiple of 0.01`},
		{"long", `{` + good + `, "note": "longer"}`, "/note", `it has 6 characters, want at most 5`},
		{"short", `{` + good + `, "note": "x"}`, "/note", `it has 1 character, want at least 2`},
		{"types", `{` + good + `, "note": 5}`, "/note", `5 is a number, want text or null`},
		{"alternatives", `{` + good + `, "who": 5}`, "/who", `5 fits none of the alternatives, want an object, or text`},
		{"nearest alternative", `{` + good + `, "who": {"id": "x"}}`, "/who/id", `"x" is text, want a whole number`},
		{"two alternatives", `{` + good + `, "one": 3}`, "/one", `3 fits more than one of the alternatives, want exactly one`},
		{"few", `{"number": "SO-1", "lines": []}`, "/lines", `it has 0 items, want at least 1`},
		{"many", `{"number": "SO-1", "lines": [{}, {"a": 1}, {"a": 2}]}`, "/lines", `it has 3 items, want at most 2`},
		{"twice", `{"number": "SO-1", "lines": [{}, {}]}`, "/lines", `an item is in it twice: remove one`},
		{"property name", `{` + good + `, "map": {"A": true}}`, "/map/A", `"A" does not have the right form, want text that matches ^[a-z]+$`},
		{"properties", `{` + good + `, "map": {"a": true, "b": true}}`, "/map", `it has 2 keys, want at most 1`},
		{"additional property", `{` + good + `, "map": {"a": "true"}}`, "/map/a", `"true" is text, want true or false`},
		{"not", `{` + good + `, "not": "x"}`, "/not", `"x" is what the schema excludes`},
		{"const", `{` + good + `, "const": {"a": 2}}`, "/const", `{"a": 2} is another value, want {"a": 1}`},
		{"dependent", `{` + good + `, "dep": {"a": 1}}`, "/dep", `property "b" is required, if "a" property exists`},
		{"contains", `{` + good + `, "some": [1]}`, "/some", `the items do not fit, want more items of the kind that must be there`},
		{"never", `{` + good + `, "never": 1}`, "/never", `1 is not allowed here: remove it`},
		{"escaped name", `{` + good + `, "a/b~c": 1}`, "/a~1b~0c", `1 is a number, want text: put it in quotes`},
		{"several", `{"number": "SO-1", "lines": [{}], "date": "x", "total": -1}`, "/date", `"x" is not a date such as 2026-03-01 (and 1 more)`},
		{"long value", `{"number": "` + strings.Repeat("é", 5000) + `", "lines": [{}]}`, "/number", `"` + strings.Repeat("é", 60) + `…" does not have the right form, want a number such as SO-17`},
		{"another type", `[]`, "", `[] is a list, want an object`},
		{"huge number", `{` + good + `, "total": 1e400}`, "/total", `1e400 is out of range, want a number that a 64-bit float holds`},
		{"tiny number", `{` + good + `, "total": 1e-400}`, "/total", `1e-400 is out of range, want a number that a 64-bit float holds`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := s.Validate(json.RawMessage(tt.value))
			if tt.message == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var f *abi.Fault
			if !errors.As(err, &f) || f.Code != abi.InvalidInput {
				t.Fatalf("%v of type %T", err, err)
			}
			if diff := cmp.Diff([]string{tt.field, tt.message}, []string{f.Field, f.Message}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Input that is not JSON by the rules of the boundary is the caller's fault.
func TestSchema_Validate_JSON(t *testing.T) {
	t.Parallel()
	s := mustCompile(t, `{}`)
	for _, value := range []string{"", "{", `{"a":1,"a":2}`, `1e100000000`, strings.Repeat("1", 70), strings.Repeat("[", 200), "\"\xff\"", "1 2"} {
		var f *abi.Fault
		if err := s.Validate(json.RawMessage(value)); !errors.As(err, &f) || f.Code != abi.InvalidInput || len(f.Message) > 200 {
			t.Errorf("%.20q: %v", value, err)
		}
	}
}

// A schema may be used by many at once.
func TestSchema_Validate_Parallel(t *testing.T) {
	t.Parallel()
	s := mustCompile(t, `{"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if s.Validate(json.RawMessage(`[[],[[]]]`)) != nil || s.Validate(json.RawMessage(`[[1]]`)) == nil {
					t.Error("wrong verdict")
				}
			}
		})
	}
	wg.Wait()
}

func TestCompileSchema_Hostile(t *testing.T) {
	nested := func(open, inner, end string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	chain := func(keyword string, n, branches int) string {
		var b strings.Builder
		b.WriteString(`{"$ref": "#/$defs/d0", "$defs": {`)
		for i := range n {
			one := fmt.Sprintf(`{"$ref": "#/$defs/d%d"}`, i+1)
			fmt.Fprintf(&b, `"d%d": {%q: [%s]}, `, i, keyword, strings.TrimSuffix(strings.Repeat(one+",", branches), ","))
		}
		fmt.Fprintf(&b, `"d%d": {"type": "string"}}}`, n)
		return b.String()
	}
	tests := []struct{ name, schema, want string }{
		{"file", `{"$ref": "file:///etc/passwd"}`, "leads out of the schema"},
		{"file by path", `{"$ref": "/etc/passwd"}`, "leads out of the schema"},
		{"relative file", `{"$ref": "schema.json#/$defs/name"}`, "leads out of the schema"},
		{"http", `{"$ref": "http://127.0.0.1:1/x"}`, "leads out of the schema"},
		{"urn", `{"$ref": "urn:patchbay:schema"}`, "leads out of the schema"},
		{"metaschema", `{"$ref": "https://json-schema.org/draft/2020-12/schema"}`, "leads out of the schema"},
		{"$schema elsewhere", `{"$schema": "http://127.0.0.1:1/meta"}`, "not the draft"},
		{"$schema deep", `{"properties": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}}`, "not the draft"},
		{"$id", `{"$id": "file:///etc/", "$ref": "passwd"}`, "not allowed"},
		{"$id deep", `{"properties": {"a": {"$id": "file:///etc/passwd"}}}`, "not allowed"},
		{"$dynamicRef", `{"$dynamicRef": "#x"}`, "not allowed"},
		{"$ref to no schema", `{"$ref": "#/enum/0", "enum": [{"$ref": "file:///etc/passwd"}]}`, "leads nowhere"},
		{"$ref with escapes", `{"$ref": "#/%24defs/a", "$defs": {"a": {}}}`, "leads nowhere"},
		{"itself", `{"$ref": "#"}`, "refers to itself without end"},
		{"itself in allOf", `{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"if": {"$ref": "#"}}}}`, "refers to itself without end"},
		{"itself in a dependency", `{"dependentSchemas": {"a": {"$ref": "#"}}}`, "refers to itself without end"},
		{"anyOf of anyOf", chain("anyOf", 20, 8), "nested alternatives multiply"},
		{"allOf of allOf", chain("allOf", 14, 2), "nested alternatives multiply"},
		{"oneOf of oneOf", chain("oneOf", 5, 10), "nested alternatives multiply"},
		{"alternatives one level down", `{"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}, {"prefixItems": [{"$ref": "#"}]}]}`, "nested alternatives multiply"},
		{"properties that all apply", `{"additionalProperties": {"$ref": "#"}, "patternProperties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}}`, "nested alternatives multiply"},
		{"a large enum many times", `{"allOf": [` + strings.TrimSuffix(strings.Repeat(`{"$ref": "#/$defs/e"},`, 20), ",") + `], "$defs": {"e": {"enum": [` + strings.Repeat("1,", 999) + `2]}}}`, "nested alternatives multiply"},
		{"levels", nested(`{"not":`, "{}", "}", 40), "a schema of 41 levels"},
		{"levels of data", `{"default": ` + nested("[", "1", "]", 40) + `}`, "a schema of 41 levels"},
		{"many levels", nested(`{"a":`, "{}", "}", 200), "levels"},
		{"sub-schemas", `{"anyOf": [` + strings.Repeat("true,", 2500) + `true]}`, "more than 2000 sub-schemas"},
		{"long names", deepNames(3000), "long names within long names"},
		{"bytes", `{"title": "` + strings.Repeat("x", 65<<10) + `"}`, "a schema of 6"},
		{"exponent", `{"maximum": 1e100000000}`, "exponent"},
		{"exponent beyond floats", `{"maximum": 1e500}`, "loses digits"},
		{"exponent in an enum", `{"enum": [1e-500]}`, "loses digits"},
		{"long number", `{"maximum": ` + strings.Repeat("9", 100) + `}`, "number of 100 characters"},
		{"pattern", `{"pattern": "((a{100}){100}){100}"}`, "not a pattern"},
		{"large pattern", `{"pattern": "(x{30}){30}(y{40}){25}"}`, "repeats too much"},
		{"long pattern", `{"pattern": "` + strings.Repeat("a", 600) + `"}`, "a pattern of 600 bytes"},
		{"pattern as a name", `{"patternProperties": {"(": true}}`, "not a pattern"},
		{"look-ahead", `{"pattern": "(?=a)"}`, "no look-around"},
		{"empty enum", `{"enum": []}`, "one value or more"},
		{"not a schema", `[]`, "not a schema"},
		{"null", `null`, "not a schema"},
		{"nothing", ``, "unexpected end"},
		{"duplicate keys", `{"type": "string", "type": "number"}`, "duplicate key"},
		{"unknown keyword", `{"requird": ["a"]}`, `did you mean "required"?`},
		{"negative length", `{"minLength": -1}`, "whole number from 0"},
		{"fractional length", `{"maxItems": 1.5}`, "whole number from 0"},
		{"length beyond int", `{"maxItems": 99999999999}`, "whole number from 0"},
		{"zero multiple", `{"multipleOf": 0}`, "above zero"},
		{"required twice", `{"required": ["a", "a"]}`, "twice"},
		{"empty allOf", `{"allOf": []}`, "one schema or more"},
		{"properties as a list", `{"properties": []}`, "object of schemas"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, err := CompileSchema(json.RawMessage(tt.schema))
			if d := time.Since(start); d > time.Minute {
				t.Errorf("took %v", d)
			}
			var diags Diagnostics
			if !errors.As(err, &diags) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %.300v\nwant %s", err, tt.want)
			}
			if err != nil && (len(diags) > maxDiagnostics || len(err.Error()) > 20_000) {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// The neighbours of what is refused are fine.
func TestCompileSchema_Allowed(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"true":                 `true`,
		"draft":                `{"$schema": "https://json-schema.org/draft/2020-12/schema#"}`,
		"a tree":               `{"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"kids": {"items": {"$ref": "#/$defs/t"}}}}}}`,
		"a JSON value":         `{"anyOf": [{"type": ["string", "number", "boolean", "null"]}, {"type": "array", "items": {"$ref": "#"}}]}`,
		"alternatives":         `{"anyOf": [` + strings.Repeat(`{"enum": [1, 2]},`, 200) + `{"type": "null"}]}`,
		"notes":                `{"x-order": [1, {"a": null}], "$comment": "c", "examples": [1], "default": null, "deprecated": true}`,
		"escaped reference":    `{"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": {"type": "string"}}}`,
		"reference to a place": `{"properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}}`,
		"many properties":      `{"properties": {` + manyProperties(600) + `}, "additionalProperties": false}`,
		"large numbers":        `{"maximum": 9007199254740991, "minimum": -1e300, "multipleOf": 0.01}`,
		"names":                deepNames(20),
		"patterns":             `{"pattern": "^[0-9a-f]{32}$", "patternProperties": {"^x-": {"pattern": "\\p{L}{1,100}"}}}`,
		"every applicator": `{"allOf": [{}], "anyOf": [{}], "oneOf": [{}], "not": {"const": 1}, "if": {}, "then": {}, "else": {}, "dependentSchemas": {"a": {}},
			"dependentRequired": {"a": ["b"]}, "prefixItems": [{}], "items": {}, "contains": {}, "minContains": 0, "maxContains": 3, "propertyNames": {}, "unevaluatedItems": false, "unevaluatedProperties": false}`,
	} {
		if _, err := CompileSchema(json.RawMessage(schema)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// deepNames is a schema in which many sub-schemas lie below names of n bytes.
func deepNames(n int) string {
	return strings.Repeat(`{"properties": {"`+strings.Repeat("k", n)+`": `, 14) + `{"anyOf": [` + strings.Repeat("{},", 1900) + `true]}` + strings.Repeat("}}", 14)
}

func manyProperties(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"p%d": {"type": "string", "description": "Field number %d"},`, i, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// Values that would keep jsonschema busy for minutes are refused, or checked quickly.
func TestSchema_Validate_Bounded(t *testing.T) {
	tests := []struct{ name, schema, value string }{
		{"a long list", `{"type": "array", "items": {"type": "string"}}`, "[" + strings.Repeat("1,", 1<<20) + "1]"},
		{"errors", `{"type": "array", "items": {"type": "string"}}`, "[" + strings.Repeat("1,", 50_000) + "1]"},
		{"alternatives times items", `{"items": {"anyOf": [` + strings.Repeat(`{"type": "string"},`, 900) + `{"type": "null"}]}}`, "[" + strings.Repeat("1,", 100_000) + "1]"},
		{"enum times items", `{"items": {"enum": [` + strings.Repeat(`1.5,`, 990) + `2]}}`, "[" + strings.Repeat("1,", 100_000) + "1]"},
		{"pattern over text", `{"pattern": "(.*.*.*x){60}y"}`, `"` + strings.Repeat("x", 4<<20) + `"`},
		{"long names, deep", `{"$ref": "#/$defs/a", "$defs": {"a": {"additionalProperties": {"$ref": "#/$defs/a"}, "items": {"$ref": "#/$defs/a"}}}}`,
			strings.Repeat(`{"`+strings.Repeat("k", 20_000)+`":`, 50) + "[" + strings.Repeat("1,", 200_000) + "1]" + strings.Repeat("}", 50)},
		{"unique items", `{"uniqueItems": true}`, "[" + strings.Repeat("[[1,2],[3]],", 20_000) + "1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mustCompile(t, tt.schema)
			start := time.Now()
			err := s.Validate(json.RawMessage(tt.value))
			d := time.Since(start)
			t.Logf("%v for %d bytes", d, len(tt.value))
			if err == nil || len(err.Error()) > 1000 || d > time.Minute {
				t.Errorf("%v: %.300v", d, err)
			}
		})
	}
}
