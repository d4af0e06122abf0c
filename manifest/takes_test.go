package manifest

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func compiled(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) *Schema {
	t.Helper()
	s, err := CompileSchema(json.RawMessage(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func TestSchema_Takes(t *testing.T) {
	t.Parallel()
	const object = `{"type":"object","properties":{"a":{"type":"string","maxLength":5}},"required":["a"],"additionalProperties":false}`
	for _, tt := range []struct {
		name, wide, narrow string
		open               bool
		want               string // "place: why" of the first gap; "" for none
	}{
		{"equal", object, object, false, ""},
		{"anything", `{}`, object, false, ""},
		{"a type less", `{"type":"string"}`, `{"type":["string","null"]}`, false, ": a value of type null is not taken"},
		{"integers are numbers", `{"type":"number"}`, `{"type":"integer"}`, false, ""},
		{"numbers are not integers", `{"type":"integer"}`, `{"type":"number"}`, false, ": a value of type number is not taken"},
		{"longer text", `{"type":"string","maxLength":4}`, `{"type":"string","maxLength":5}`, false, ": text of more than 4 characters is not taken"},
		{"text of any length", `{"maxLength":4}`, `{"type":"string"}`, false, ": text of more than 4"},
		{"a bound on another type", `{"maxLength":4}`, `{"type":"integer"}`, false, ""},
		{"a pattern more", `{"type":"string","pattern":"a"}`, `{"type":"string"}`, false, ": text that does not match a"},
		{"a format more", `{"type":"string","format":"date"}`, `{"type":"string"}`, false, ": text that is no date"},
		{"lower bound", `{"minimum":2}`, `{"type":"integer","exclusiveMinimum":1}`, false, ": a number below 2"},
		{"lower bound kept", `{"minimum":1}`, `{"type":"integer","exclusiveMinimum":1}`, false, ""},
		{"exclusive bounds", `{"exclusiveMaximum":3}`, `{"type":"number","maximum":2.5}`, false, ""},
		{"exclusive bounds, equal", `{"exclusiveMaximum":3}`, `{"type":"number","maximum":3}`, false, ": a number from 3"},
		{"multiples", `{"multipleOf":2}`, `{"type":"integer","multipleOf":4}`, false, ""},
		{"multiples of another", `{"multipleOf":4}`, `{"type":"integer","multipleOf":2}`, false, ": a number that is no multiple of 4"},
		{"a value less", `{"enum":["a"]}`, `{"enum":["a","b"]}`, false, `: "b" is not taken`},
		{"values of a type", `{"type":"string"}`, `{"enum":["a","b"]}`, false, ""},
		{"only values", `{"enum":["a"]}`, `{"type":"string"}`, false, ": only 1 values"},
		{"a property required", `{"required":["a","b"]}`, object, false, `: an object without "b"`},
		{"a property gone", `{"type":"object","properties":{},"additionalProperties":false}`, object, false, ": the property a is not taken"},
		{"a property more, optional", `{"type":"object","properties":{"a":{"type":"string"},"b":{}},"additionalProperties":false}`, object, false, ""},
		{"a property narrowed", `{"type":"object","properties":{"a":{"type":"string","maxLength":3}}}`, object, false, "/properties/a: text of more than 3"},
		{"closed", object, `{"type":"object","properties":{"a":{"type":"string","maxLength":5}},"required":["a"]}`, false, ": properties that are not named"},
		{"closed, read openly", object, `{"type":"object","properties":{"a":{"type":"string","maxLength":5},"b":{}},"required":["a"]}`, true, ""},
		{"others of a type", `{"additionalProperties":{"type":"string"}}`, `{"type":"object","additionalProperties":{"type":"integer"}}`, true, "/additionalProperties: a value of type integer"},
		{"items", `{"items":{"type":"string"}}`, `{"type":"array","items":{"type":"integer"}}`, false, "/items: a value of type integer"},
		{"items, none", `{"items":{"type":"string"}}`, `{"type":"array","maxItems":0}`, false, ""},
		{"more items", `{"maxItems":2}`, `{"type":"array"}`, false, ": a list of more than 2"},
		{"fewer items", `{"minItems":2}`, `{"type":"array","minItems":1}`, false, ": a list of fewer than 2"},
		{"unique items", `{"uniqueItems":true}`, `{"type":"array"}`, false, ": a list with equal items"},
		{"first items", `{"prefixItems":[{"type":"string"}]}`, `{"type":"array","items":{"type":"integer"}}`, false, "/prefixItems/0: a value of type integer"},
		{"a reference", `{"$ref":"#/$defs/s","$defs":{"s":{"type":"string"}}}`, `{"type":"integer"}`, false, "/$defs/s: a value of type integer"},
		{"recursion", `{"type":"object","properties":{"next":{"$ref":"#"}}}`, `{"type":"object","properties":{"next":{"$ref":"#"},"x":{}}}`, false, ""},
		{"one of several", `{"anyOf":[{"type":"string"},{"type":"integer"}]}`, `{"type":"integer","minimum":1}`, false, ""},
		{"each of several", `{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]}`, `{"anyOf":[{"type":"integer"},{"type":"string"}]}`, false, ""},
		{"not each", `{"anyOf":[{"type":"string"}]}`, `{"anyOf":[{"type":"integer"},{"type":"string"}]}`, false, ": it cannot be proven that one of anyOf"},
		{"exactly one", `{"oneOf":[{"type":"string"},{"type":"integer"}]}`, `{"type":"integer"}`, false, ""},
		{"perhaps two", `{"oneOf":[{"type":"number"},{"type":"integer"}]}`, `{"type":"integer"}`, false, ": it cannot be proven that exactly one"},
		{"told apart by a value", `{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"const":1}}},{"type":"object","required":["k"],"properties":{"k":{"const":2}}}]}`,
			`{"type":"object","required":["k"],"properties":{"k":{"const":2}}}`, false, ""},
		{"all of", `{"allOf":[{"minLength":1},{"maxLength":5}]}`, `{"type":"string","allOf":[{"minLength":2},{"maxLength":4}]}`, false, ""},
		{"not, as it was", `{"not":{"const":1},"title":"x"}`, `{"not":{"const":1},"title":"x","allOf":[{"type":"integer"}]}`, false, ": it cannot be proven: a part with not"},
		{"nothing at all", `false`, `{"type":"string"}`, false, ": nothing is taken"},
		{"from nothing", `{"type":"string"}`, `false`, false, ""},
	} {
		gaps := compiled(t, tt.wide).Takes(compiled(t, tt.narrow), tt.open)
		got := ""
		if len(gaps) > 0 {
			got = gaps[0].Place + ": " + gaps[0].Why
		}
		if (got == "") != (tt.want == "") || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestSchema_TakesIsSound: where there is no gap, what is valid under the one is valid under the other.
func TestSchema_TakesIsSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		narrow := schemas(3).Draw(t, "narrow")
		wide := narrow
		if rapid.Bool().Draw(t, "related") {
			wide = mutate(t, narrow)
		} else {
			wide = schemas(3).Draw(t, "wide")
		}
		open := rapid.Bool().Draw(t, "open")
		n, errN := CompileSchema(encode(narrow))
		w, errW := CompileSchema(encode(wide))
		if errN != nil || errW != nil {
			t.Skip("not a schema")
		}
		if len(w.Takes(n, open)) > 0 {
			return
		}
		if open {
			w = compiled(t, string(encode(opened(wide))))
		}
		for range 30 {
			v := encode(values(3).Draw(t, "value"))
			if n.Validate(v) == nil && w.Validate(v) != nil {
				t.Fatalf("%s is valid under %s, and not under %s: %v", v, encode(narrow), encode(wide), w.Validate(v))
			}
		}
	})
}

func encode(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// schemas draws schemas over few names and values, so that they often have to do with each other.
func schemas(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		s := map[string]any{}
		may := func(key string, g *rapid.Generator[any]) {
			if rapid.IntRange(0, 5).Draw(t, key+"?") == 0 {
				s[key] = g.Draw(t, key)
			}
		}
		number := rapid.Map(rapid.IntRange(-1, 3), func(n int) any { return n })
		count := rapid.Map(rapid.IntRange(0, 3), func(n int) any { return n })
		if rapid.IntRange(0, 2).Draw(t, "typed") > 0 {
			s["type"] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"null", "boolean", "object", "array", "string", "integer", "number"}), 1, 3, rapid.ID[string]).Draw(t, "type")
		}
		for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
			may(key, number)
		}
		for _, key := range []string{"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"} {
			may(key, count)
		}
		may("multipleOf", rapid.Map(rapid.IntRange(1, 3), func(n int) any { return n }))
		may("pattern", rapid.Map(rapid.SampledFrom([]string{"a", "^b"}), func(p string) any { return p }))
		may("uniqueItems", rapid.Map(rapid.Bool(), func(b bool) any { return b }))
		may("required", rapid.Map(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b"}), 0, 2, rapid.ID[string]), func(l []string) any { return l }))
		may("enum", rapid.Map(rapid.SliceOfNDistinct(values(1), 1, 3, func(v any) string { return string(encode(v)) }), func(l []any) any { return l }))
		if depth > 0 {
			sub := schemas(depth - 1)
			list := rapid.Map(rapid.SliceOfN(sub, 1, 2), func(l []any) any { return l })
			may("properties", rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), sub, 0, 2), func(m map[string]any) any { return m }))
			may("additionalProperties", rapid.OneOf(rapid.Map(rapid.Bool(), func(b bool) any { return b }), sub))
			may("items", sub)
			for _, key := range []string{"prefixItems", "allOf", "anyOf", "oneOf"} {
				may(key, list)
			}
			may("not", sub)
			may("patternProperties", rapid.Map(sub, func(v any) any { return map[string]any{"^a": v} }))
			may("contains", sub)
		}
		return s
	})
}

func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 4
		if depth > 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.SampledFrom([]any{-1, 0, 1, 2, 3, 4, 0.5, 2.5}).Draw(t, "number")
		case 3:
			return rapid.SampledFrom([]any{"", "a", "b", "ab", "ba", "aaaa"}).Draw(t, "text")
		case 4:
			return rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list")
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), values(depth-1), 0, 3).Draw(t, "object")
	})
}

// mutate changes one thing somewhere in a schema.
func mutate(t *rapid.T, v any) any {
	s, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	var inner []string
	for k, x := range s {
		out[k] = x
		if _, ok := x.(map[string]any); ok {
			inner = append(inner, k)
		}
	}
	fresh, _ := schemas(1).Draw(t, "change").(map[string]any)
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0: // something more, or otherwise
		for k, x := range fresh {
			out[k] = x
		}
	case 1: // something less
		for k := range fresh {
			delete(out, k)
		}
	default:
		for _, k := range inner {
			out[k] = mutate(t, out[k])
		}
	}
	return out
}

// opened is a schema as a reader has it who ignores properties that it does not name.
func opened(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if closed, ok := x.(bool); k == "additionalProperties" && ok && !closed {
				continue
			}
			out[k] = x
			if k != "enum" {
				out[k] = opened(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = opened(v[i])
		}
		return out
	}
	return v
}
