package manifest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The types and schema.json describe the same keys.
func TestJSONSchema_Types(t *testing.T) {
	t.Parallel()
	schema, err := decodeAny(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type, s any)
	walk = func(typ reflect.Type, s any) {
		node, _ := s.(map[string]any)
		if ref, ok := node["$ref"].(string); ok {
			walk(typ, lookup(schema, strings.TrimPrefix(ref, "#")))
			return
		}
		switch {
		case typ.Kind() == reflect.Pointer:
			walk(typ.Elem(), s)
		case typ.Kind() == reflect.Slice && node["items"] != nil:
			walk(typ.Elem(), node["items"])
		case typ.Kind() == reflect.Struct && !seen[typ]:
			seen[typ] = true
			var keys []string
			props, _ := node["properties"].(map[string]any)
			for i := range typ.NumField() {
				key, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
				keys = append(keys, key)
				walk(typ.Field(i).Type, props[key])
			}
			slices.Sort(keys)
			if diff := cmp.Diff(keys, sortedKeys(node["properties"])); diff != "" {
				t.Errorf("%v (-type +schema)\n%s", typ, diff)
			}
		}
	}
	walk(reflect.TypeFor[Manifest](), schema)
	if len(seen) < 18 {
		t.Errorf("%d types", len(seen))
	}
}

// Manifests of a megabyte that are nothing but trouble end quickly, with few words.
func TestParse_Bounded(t *testing.T) {
	head := "schema: patchbay/v1\npublisher: acme\nname: desk\nversion: 1.0.0\ntitle: Desk\ndescription: D.\ncategories: [crm]\nlicense: MIT\nguest: {package: .}\n"
	fill := func(format string, n int) string {
		var b strings.Builder
		b.WriteString(head)
		for i := range n {
			fmt.Fprintf(&b, strings.ReplaceAll(format, "%d", "%[1]d"), i)
		}
		return b.String()
	}
	action := "  - {name: a%d, title: T, description: D, input: {type: object, properties: {x: {enum: [1, 2, 3], x-options: o%d}}}, output: {$ref: '#/$defs/a', $defs: {a: {pattern: '(a{9}){9}'}}}, samples: [{input: {x: %d}}]}\n"
	docs := map[string]string{
		"unknown keys":       fill("k%d: 1\n", 60_000),
		"wrong items":        head + "http: [" + strings.Repeat("1, ", 300_000) + "1]\n",
		"actions":            fill("", 0) + "actions:\n" + strings.TrimPrefix(fill(action, 500), head),
		"the same name":      fill("", 0) + "actions:\n" + strings.TrimPrefix(fill(strings.ReplaceAll(action, "a%d", "a"), 500), head),
		"long keys, deep":    head + "x: " + strings.Repeat(`{"`+strings.Repeat("k", 8000)+`": `, 60) + "[" + strings.Repeat("1, ", 100_000) + "1]" + strings.Repeat("}", 60),
		"numbers":            head + "x: [" + strings.Repeat("12345678901234567890, ", 40_000) + "1]\n",
		"invisible text":     head + "x: [" + strings.Repeat(`"\u202e", `, 90_000) + "1]\n",
		"templates":          head + "http:\n  - {id: a, methods: [GET], url: 'https://" + strings.Repeat("{a}", 300) + "'}\n",
		"one long text":      head + "homepage: '" + strings.Repeat("x", 1_000_000) + "'\n",
		"a schema of levels": head + "actions: [{input: " + strings.Repeat("{not: ", 55) + "{}" + strings.Repeat("}", 55) + "}]\n",
	}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse([]byte(doc))
			took := time.Since(start)
			var d Diagnostics
			if !errors.As(err, &d) || len(d) == 0 || len(d) > maxDiagnostics || len(err.Error()) > 100_000 {
				t.Fatalf("%.300v", err)
			}
			t.Logf("%v for %d bytes: %d diagnostics, %.100s", took, len(doc), len(d), err)
			if took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}
