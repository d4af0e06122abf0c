package inputs

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// texts are what breaks programs that did not expect it.
var texts = []string{
	"a", "Zoë Ångström 漢字 🚀", `he said "no" it's \ fine`, "line one\nline two\r\nX-Injected: yes", "nul\x00byte", "a/b", "../../admin", "..", ".",
	"%2F%2e%2e", "a?b=c&d=e#f", "100%", " leading and trailing ", "", "   ", "\t", "{{template}}${x}<b>&amp;</b>", "'; DROP TABLE x;--", "-1", "null", "\u202Egnp.exe\u200B\uFEFF",
	strings.Repeat("long ", 2000), "2026-02-30", "2026-03-20T17:00:00Z", "2026-03-20", "a@b.example", "https://a.example/x?y=1",
	"e\u0301\u0301\u0301", "\U0010FFFF", "0", "true",
}

// numbers are the edges of what programs keep numbers in.
var numbers = []json.Number{"0", "1", "-1", "2147483647", "2147483648", "-2147483649", "4294967296", "9007199254740993", "9223372036854775807", "7", "100"}

var fractions = []json.Number{"0.1", "-0.5", "1e-9", "123456789.123456789", "1e21"}

// depth is how deep values within values go.
const depth = 4

// mostValues is how many values are made for one schema, and mostSteps how many steps one pattern takes: lists of lists,
// and repeats of repeats, would be without end.
const (
	mostValues = 50_000
	mostSteps  = 20_000
)

type generator struct {
	root  map[string]any
	rand  *rand.Rand
	made  int // values so far
	steps int // of the pattern so far
}

// candidates are values that a schema may allow, the most telling first. Those that it does not are sorted out later.
func (g *generator) candidates(schema map[string]any, level int) []any {
	schema = g.follow(schema)
	var all []any
	if list, ok := schema["enum"].([]any); ok {
		return list
	}
	if v, ok := schema["const"]; ok {
		return []any{v}
	}
	for _, kind := range kinds(schema) {
		switch kind {
		case "string":
			all = append(all, g.strings(schema)...)
		case "integer":
			all = append(all, edges(schema, numbers)...)
		case "number":
			all = append(all, edges(schema, slices.Concat(numbers, fractions))...)
		case "boolean":
			all = append(all, true, false)
		case "null":
			all = append(all, nil)
		case "array":
			all = append(all, g.lists(schema, level)...)
		case "object":
			all = append(all, map[string]any{})
			if level <= depth {
				all = append(all, g.value(schema, level), g.value(schema, level))
			}
		}
	}
	examples, _ := schema["examples"].([]any)
	return append(all, examples...)
}

// value is one of the candidates, or an object of some.
func (g *generator) value(schema map[string]any, level int) any {
	if g.made++; g.made > mostValues {
		return nil
	}
	schema = g.follow(schema)
	if !slices.Contains(kinds(schema), "object") || level > depth {
		all := g.candidates(schema, level)
		if len(all) == 0 {
			return nil
		}
		return all[g.rand.IntN(len(all))]
	}
	made := map[string]any{}
	required, _ := schema["required"].([]any)
	properties := object(schema["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || g.rand.IntN(2) == 0 {
			made[name] = g.value(object(properties[name]), level+1)
		}
	}
	if more, ok := schema["additionalProperties"].(map[string]any); ok {
		for range g.rand.IntN(3) {
			made[texts[g.rand.IntN(len(texts))]] = g.value(more, level+1)
		}
	}
	return made
}

func (g *generator) lists(schema map[string]any, level int) []any {
	items := object(schema["items"])
	all := []any{[]any{}}
	if level > depth {
		return all
	}
	for _, n := range []int{1, 2, 20} {
		made := make([]any, n)
		for i := range made {
			made[i] = g.value(items, level+1)
		}
		all = append(all, made)
	}
	return all
}

func (g *generator) strings(schema map[string]any) []any {
	var all []any
	if pattern, ok := schema["pattern"].(string); ok {
		for range 4 {
			all = append(all, g.matching(pattern))
		}
	}
	if n, ok := schema["maxLength"].(json.Number); ok {
		if most, err := n.Int64(); err == nil && most > 0 && most <= 20_000 {
			all = append(all, strings.Repeat("ä", int(most)))
		}
	}
	for _, t := range texts {
		all = append(all, t)
	}
	if schema["contentEncoding"] == "base64" { // which no schema demands, and every guest expects
		all = nil
		for _, t := range texts {
			all = append(all, base64.StdEncoding.EncodeToString([]byte(t)))
		}
	}
	return all
}

func edges(schema map[string]any, usual []json.Number) []any {
	var all []any
	for _, key := range []string{"minimum", "maximum"} {
		if n, ok := schema[key].(json.Number); ok {
			all = append(all, n)
		}
	}
	for _, n := range usual {
		all = append(all, n)
	}
	return all
}

// kinds are the types that a schema allows: all but null where it does not say.
func kinds(schema map[string]any) []string {
	switch t := schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, k := range t {
			if name, ok := k.(string); ok {
				all = append(all, name)
			}
		}
		return all
	}
	if schema["properties"] != nil {
		return []string{"object"}
	}
	return []string{"string", "integer", "boolean", "number"}
}

// follow goes to what a schema refers to, and into the first of its alternatives.
func (g *generator) follow(schema map[string]any) map[string]any {
	for range depth {
		name, isRef := schema["$ref"].(string)
		if isRef {
			schema = object(object(g.root["$defs"])[strings.TrimPrefix(name, "#/$defs/")])
			continue
		}
		for _, key := range []string{"oneOf", "anyOf"} {
			if list, ok := schema[key].([]any); ok && len(list) > 0 {
				schema = object(list[g.rand.IntN(len(list))])
			}
		}
	}
	return schema
}
