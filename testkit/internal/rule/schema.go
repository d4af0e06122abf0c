package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Decode reads JSON with its numbers as they are written; nil for what is none.
func Decode(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return v
}

// Pointer appends a key to a JSON pointer.
func Pointer(at, key string) string {
	return at + "/" + Escape(key)
}

// Schemas are a JSON Schema and all schemas within it, by their JSON pointers: "" for itself, then
// "/properties/id" and so on.
func Schemas(raw json.RawMessage) iter.Seq2[string, map[string]any] {
	return func(yield func(string, map[string]any) bool) { within("", Decode(raw), yield) }
}

// within goes through the keywords that hold schemas.
func within(at string, v any, yield func(string, map[string]any) bool) bool {
	s, ok := v.(map[string]any)
	if !ok {
		return true
	}
	if !yield(at, s) {
		return false
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		switch key {
		case "properties", "patternProperties", "$defs", "dependentSchemas":
			if !named(at+"/"+key, s[key], yield) {
				return false
			}
		case "items", "additionalProperties", "unevaluatedProperties", "contains", "propertyNames", "not", "if", "then", "else":
			if !within(at+"/"+key, s[key], yield) {
				return false
			}
		case "allOf", "anyOf", "oneOf", "prefixItems":
			list, _ := s[key].([]any)
			for i, v := range list {
				if !within(fmt.Sprintf("%s/%s/%d", at, key, i), v, yield) {
					return false
				}
			}
		}
	}
	return true
}

func named(at string, v any, yield func(string, map[string]any) bool) bool {
	m, _ := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !within(Pointer(at, name), m[name], yield) {
			return false
		}
	}
	return true
}

// Has reports whether a schema's type is or may be t.
func Has(schema map[string]any, t string) bool {
	if list, ok := schema["type"].([]any); ok {
		return slices.Contains(list, any(t))
	}
	return schema["type"] == t
}

// Properties are the schemas of an object schema's own properties, by name.
func Properties(schema map[string]any) map[string]map[string]any {
	all := map[string]map[string]any{}
	m, _ := schema["properties"].(map[string]any)
	for name, v := range m {
		p, _ := v.(map[string]any) // true and false are schemas too
		all[name] = p
	}
	return all
}

// EachProperty tells of every property that a JSON Schema names, at any depth, with its place below that of the schema.
func EachProperty(raw json.RawMessage, place string, see func(at, name string, schema map[string]any)) {
	for at, s := range Schemas(raw) {
		properties := Properties(s)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			see(place+at+"/properties/"+Escape(name), name, properties[name])
		}
	}
}
