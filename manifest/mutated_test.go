package manifest_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"patchbay/manifest"
)

// The names, patterns and values are few, so that schemas and values meet.
var (
	propertyNames = []string{"a", "b", "x-c", "kind"}
	namePatterns  = []string{"^x-", "a", "^kind$"}
	scalars       = []any{nil, true, false, 0, 1, 2, 3, 1.5, -1, "", "a", "b", "ab", "ada@example.com", "2026-02-01"}
)

// schemas makes JSON Schemas, with all keywords that a proof knows, and some that it does not.
func schemas(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		if rapid.IntRange(0, 15).Draw(t, "bool") == 0 {
			return rapid.Bool().Draw(t, "schema")
		}
		s := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "keywords") {
			keyword(t, s, depth)
		}
		return s
	})
}

func keyword(t *rapid.T, s map[string]any, depth int) {
	small := func() any { return rapid.IntRange(0, 3).Draw(t, "n") }
	number := func() any { return rapid.SampledFrom([]any{-1, 0, 0.5, 1, 1.5, 2, 3}).Draw(t, "number") }
	switch k := rapid.SampledFrom(keywordsOf(depth)).Draw(t, "keyword"); k {
	case "type":
		all := []string{"null", "boolean", "integer", "number", "string", "array", "object", "object", "object"}
		if rapid.Bool().Draw(t, "one") {
			s[k] = rapid.SampledFrom(all).Draw(t, "type")
			return
		}
		s[k] = rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, rapid.ID).Draw(t, "types")
	case "enum":
		s[k] = rapid.SliceOfNDistinct(rapid.SampledFrom(scalars), 1, 4, rapid.ID).Draw(t, "enum")
	case "const":
		s[k] = rapid.SampledFrom(scalars).Draw(t, "const")
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		s[k] = number()
	case "multipleOf":
		s[k] = rapid.SampledFrom([]any{0.5, 1, 2, 3}).Draw(t, "factor")
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
		s[k] = small()
	case "pattern":
		s[k] = rapid.SampledFrom([]string{"^a", "b$", "^[ab]*$"}).Draw(t, "pattern")
	case "format":
		s[k] = rapid.SampledFrom([]string{"email", "date"}).Draw(t, "format")
	case "uniqueItems":
		s[k] = rapid.Bool().Draw(t, "unique")
	case "required":
		s[k] = rapid.SliceOfNDistinct(rapid.SampledFrom(propertyNames), 0, 2, rapid.ID).Draw(t, "required")
	case "properties":
		s[k] = rapid.MapOfN(rapid.SampledFrom(propertyNames), schemas(depth-1), 1, 3).Draw(t, k)
	case "patternProperties":
		s[k] = rapid.MapOfN(rapid.SampledFrom(namePatterns), schemas(depth-1), 1, 2).Draw(t, k)
	case "closed":
		s["additionalProperties"] = false
	case "prefixItems", "anyOf", "oneOf", "allOf":
		s[k] = rapid.SliceOfN(schemas(depth-1), 1, 3).Draw(t, k)
	case "$ref":
		s[k] = rapid.SampledFrom([]string{"#/$defs/d", "#/$defs/list"}).Draw(t, k)
	default: // those that hold one schema
		s[k] = schemas(depth-1).Draw(t, k)
	}
}

func keywordsOf(depth int) []string {
	flat := []string{"type", "type", "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
		"maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "required", "minProperties", "maxProperties", "closed", "$ref"}
	if depth == 0 {
		return flat
	}
	return append(flat, "properties", "properties", "properties", "patternProperties", "additionalProperties", "propertyNames", "items", "prefixItems",
		"anyOf", "oneOf", "allOf", "not", "if", "contains", "unevaluatedProperties", "unevaluatedItems")
}

// mutated changes a schema in a place or two.
func mutated(t *rapid.T, v any) any {
	s, ok := v.(map[string]any)
	if !ok {
		return schemas(1).Draw(t, "other")
	}
	next := map[string]any{}
	for k, v := range s {
		next[k] = v
	}
	switch rapid.IntRange(0, 4).Draw(t, "how") {
	case 0:
		keyword(t, next, 1)
	case 1:
		if key, ok := aKey(t, next); ok {
			delete(next, key)
		}
	default:
		if key, ok := aKey(t, next); ok {
			next[key] = inside(t, key, next[key])
		}
	}
	return next
}

func aKey(t *rapid.T, m map[string]any) (string, bool) {
	var keys []string
	for k := range m {
		if k != "$defs" {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return "", false
	}
	slices.Sort(keys)
	return rapid.SampledFrom(keys).Draw(t, "key"), true
}

// inside changes the value of a keyword.
func inside(t *rapid.T, key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if key != "properties" && key != "patternProperties" {
			return mutated(t, v)
		}
		next := map[string]any{}
		for k, s := range v {
			next[k] = s
		}
		if k, ok := aKey(t, next); ok && rapid.Bool().Draw(t, "change") {
			next[k] = mutated(t, next[k])
		} else {
			next[rapid.SampledFrom(propertyNames).Draw(t, "name")] = schemas(1).Draw(t, "more")
		}
		return next
	case []any:
		next := append([]any{}, v...)
		i := rapid.IntRange(0, len(next)-1).Draw(t, "i")
		switch key {
		case "anyOf", "oneOf", "allOf", "prefixItems":
			next[i] = mutated(t, next[i])
			return next
		}
		return next[i:]
	}
	one := map[string]any{}
	keyword(t, one, 0)
	if same, ok := one[key]; ok {
		return same
	}
	return v
}

// values makes values that such schemas may allow.
func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 6).Draw(t, "kind")
		switch {
		case depth > 0 && kind > 2:
			return rapid.MapOfN(rapid.SampledFrom(append([]string{"y"}, propertyNames...)), values(depth-1), 0, 4).Draw(t, "object")
		case depth > 0 && kind > 1:
			return rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "array")
		}
		return rapid.SampledFrom(scalars).Draw(t, "scalar")
	})
}

// document gives a schema the definitions that its references name.
func document(s any) (json.RawMessage, bool) {
	doc, ok := s.(map[string]any)
	if !ok {
		doc = map[string]any{"allOf": []any{s}}
	}
	with := map[string]any{"$defs": map[string]any{
		"d":    map[string]any{"type": "string"},
		"list": map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"$ref": "#/$defs/list"}}},
	}}
	for k, v := range doc {
		with[k] = v
	}
	data, err := json.Marshal(with)
	if err != nil {
		return nil, false
	}
	_, err = manifest.CompileSchema(data)
	return data, err == nil
}

// valid is the validator that the host uses.
func valid(t *rapid.T, schema json.RawMessage) *manifest.Schema {
	s, err := manifest.CompileSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTakes_Mutated: schemas that differ in little, as those of two versions do. One that takes another has no value of the
// other's that it refuses.
func TestTakes_Mutated(t *testing.T) {
	t.Parallel()
	proven, met := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a := schemas(2).Draw(t, "narrow")
		b := mutated(t, a)
		if rapid.IntRange(0, 3).Draw(t, "swap") == 0 {
			a, b = b, a
		}
		from, ok1 := document(a)
		to, ok2 := document(b)
		if !ok1 || !ok2 {
			return
		}
		narrow, wide := valid(t, from), valid(t, to)
		if len(wide.Takes(narrow, false)) > 0 {
			return
		}
		proven++
		for range 20 {
			v, err := json.Marshal(values(3).Draw(t, "value"))
			if err != nil {
				t.Fatal(err)
			}
			if narrow.Validate(v) != nil {
				continue
			}
			met++
			if wide.Validate(v) != nil {
				t.Fatalf("%s is valid under\n%s\nand not under\n%s", v, from, to)
			}
		}
	})
	t.Log(proven, "pairs proven,", met, "values valid")
	if proven == 0 || met == 0 {
		t.Error("nothing was tried")
	}
}
