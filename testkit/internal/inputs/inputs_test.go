package inputs

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patchbay/manifest"
)

const order = `{
	"type": "object", "required": ["id"], "additionalProperties": false,
	"properties": {
		"id": {"type": "string", "pattern": "^T-[0-9]{1,9}$"},
		"note": {"type": "string", "maxLength": 40},
		"count": {"type": "integer", "minimum": 1, "maximum": 100},
		"rate": {"type": "number"},
		"scan": {"type": "string", "contentEncoding": "base64"},
		"urgent": {"type": "boolean"},
		"state": {"enum": ["open", "closed"]},
		"tags": {"type": "array", "items": {"type": "string", "maxLength": 10}, "maxItems": 5},
		"to": {"$ref": "#/$defs/address"},
		"fields": {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
	},
	"$defs": {"address": {"oneOf": [{"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}, {"type": "string", "const": "office"}]}}
}`

func TestGenerate(t *testing.T) {
	t.Parallel()
	base := json.RawMessage(`{"id": "T-17", "note": "as it was"}`)
	all := Generate(json.RawMessage(order), base, 7, 200)
	if len(all) < 60 {
		t.Fatalf("%d inputs, want many", len(all))
	}
	if diff := cmp.Diff(all, Generate(json.RawMessage(order), base, 7, 200)); diff != "" {
		t.Error("the same seed gives other inputs:", diff)
	}
	if cmp.Equal(all, Generate(json.RawMessage(order), base, 8, 200)) {
		t.Error("another seed gives the same inputs")
	}
	if string(all[0]) != `{"id":"T-17"}` {
		t.Errorf("the first is %s, want only what is required", all[0])
	}
	for _, input := range all {
		var made struct{ Scan []byte }
		if err := json.Unmarshal(input, &made); err != nil {
			t.Errorf("%s: %v", input, err)
		}
	}
	text := string(joined(all))
	for _, want := range []string{`"count":1`, `"count":100`, `"urgent":true`, `"urgent":false`, `"state":"closed"`, `"tags":[]`, `\n`, `\u0000`, `9007199254740993`,
		`"note":""`, `"to":"office"`, `"city"`, strings.Repeat("ä", 40), `"fields":{}`} {
		if !strings.Contains(text, want) {
			t.Errorf("no input has %s", want)
		}
	}
}

func joined(all []json.RawMessage) []byte {
	var b []byte
	for _, input := range all {
		b = append(append(b, input...), '\n')
	}
	return b
}

func TestGenerate_Nothing(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"", "{", `{"type": 3}`, `true`} {
		if all := Generate(json.RawMessage(schema), nil, 1, 10); len(all) > 0 {
			t.Errorf("%q: %s", schema, all)
		}
	}
	all := Generate(json.RawMessage(`{"type": "object", "additionalProperties": false}`), nil, 1, 10)
	if len(all) != 1 || string(all[0]) != "{}" {
		t.Errorf("of an empty object: %s", all)
	}
}

// TestGenerate_Endless wants an end with schemas that have none, and with those that make very much of very little.
func TestGenerate_Endless(t *testing.T) {
	t.Parallel()
	within := func(before, after string) string {
		return strings.Repeat(before, 8) + `{"type": "string"}` + strings.Repeat(after, 8)
	}
	for name, a := range map[string]string{
		"objects in objects":    within(`{"type": "object", "required": ["a"], "properties": {"a": `, `}}`),
		"lists in lists":        within(`{"type": "array", "minItems": 1, "items": `, `}`),
		"a list of itself":      `{"$ref": "#/$defs/list"}`,
		"an object of itself":   `{"$ref": "#/$defs/node"}`,
		"repeats in repeats":    `{"type": "string", "pattern": "^` + strings.Repeat("(", 30) + "a" + strings.Repeat("+b)", 30) + `$"}`,
		"nothing, many times":   `{"type": "string", "pattern": "^` + strings.Repeat("(", 30) + "x?" + strings.Repeat("y?)+", 30) + `$"}`,
		"only what is required": `{"oneOf": [{"required": ["b"]}, {"required": ["c"]}]}`,
	} {
		schema := `{"type": "object", "properties": {"a": ` + a + `}, "$defs": {
			"list": {"type": "array", "items": {"$ref": "#/$defs/list"}},
			"node": {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/node"}}}}}`
		if all := Generate(json.RawMessage(schema), json.RawMessage(`{"b": 1}`), 1, 60); len(all) == 0 {
			t.Errorf("%s: nothing", name)
		}
	}
}

// TestGenerate_Alternatives makes inputs of a schema whose alternatives say only what is required.
func TestGenerate_Alternatives(t *testing.T) {
	t.Parallel()
	const schema = `{"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}`
	if all := Generate(json.RawMessage(schema), json.RawMessage(`{"a": true}`), 1, 60); len(all) < 2 {
		t.Errorf("only %s", all)
	}
}

// TestGenerate_Valid wants every input of every schema to be valid, once, and no more than were asked for.
func TestGenerate_Valid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		properties := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,6}`), rapid.SampledFrom([]string{
			`{"type": "string", "minLength": 2, "maxLength": 5}`, `{"type": "string", "pattern": "^(a|bc?)+[^x]$"}`, `{"type": "integer", "multipleOf": 7}`,
			`{"type": ["number", "null"], "exclusiveMinimum": 0}`, `{"type": "array", "minItems": 1, "items": {"type": "boolean"}}`, `{"anyOf": [{"const": 1}, {"type": "string"}]}`, `{}`,
		}), 0, 5).Draw(t, "properties")
		object := map[string]any{}
		for name, schema := range properties {
			object[name] = json.RawMessage(schema)
		}
		schema, err := json.Marshal(map[string]any{"type": "object", "properties": object, "additionalProperties": false})
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := manifest.CompileSchema(schema)
		if err != nil {
			t.Fatal(err)
		}
		most := rapid.IntRange(0, 40).Draw(t, "most")
		all := Generate(schema, json.RawMessage("{}"), rapid.Uint64().Draw(t, "seed"), most)
		seen := map[string]bool{}
		for _, input := range all {
			if err := compiled.Validate(input); err != nil || seen[string(input)] {
				t.Fatalf("%s: %v (seen %v)", input, err, seen[string(input)])
			}
			seen[string(input)] = true
		}
		if len(all) > most {
			t.Fatalf("%d inputs, want %d at most", len(all), most)
		}
	})
}

func TestMatching(t *testing.T) {
	t.Parallel()
	g := newGenerator(nil, 3)
	for _, pattern := range []string{"^T-[0-9]{1,9}$", "^[0-9a-f]{32}$", "^[A-Za-z][A-Za-z0-9_]*$", "^(a|b)?c.+$", `^[0-9]{4}-[0-9]{2}$`, `^\p{L}+$`} {
		for range 20 {
			if text := g.matching(pattern); !regexp.MustCompile(pattern).MatchString(text) {
				t.Errorf("%q does not match %s", text, pattern)
			}
		}
	}
	if text := g.matching("("); text != "" {
		t.Errorf("%q of a broken pattern", text)
	}
}
