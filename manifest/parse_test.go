package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/internal/strictyaml"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; run with -update to accept)\n%s", file, diff)
	}
}

func glob(t testing.TB, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < least {
		t.Fatalf("%s: %d files, want %d; %v", pattern, len(files), least, err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParse_Good(t *testing.T) {
	t.Parallel()
	files := slices.Concat(glob(t, "testdata/good/*.yaml", 4), glob(t, "../plugins/*/connector.yaml", 2))
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			m, err := Parse(read(t, file))
			var d Diagnostics
			if errors.As(err, &d) {
				t.Fatal(d.Format(file))
			}
			canonical, err := m.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			again, err := Decode(canonical)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, again); diff != "" {
				t.Errorf("Decode differs from Parse:\n%s", diff)
			}
		})
	}
}

// The canonical form is what is signed: it never changes for a published manifest.
func TestManifest_Canonical(t *testing.T) {
	t.Parallel()
	m, err := Parse(read(t, "testdata/good/everything.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/good/everything.json", string(data))
}

func TestParse_Bad(t *testing.T) {
	t.Parallel()
	for _, file := range glob(t, "testdata/bad/*.yaml", 40) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			_, err := Parse(read(t, file))
			var d Diagnostics
			if !errors.As(err, &d) || len(d) == 0 || len(d) > maxDiagnostics {
				t.Fatalf("error %v of type %T", err, err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", d.Format("connector.yaml")+"\n")
		})
	}
}

// Decode trusts nobody: what Parse refuses it refuses, with the same words and no lines.
func TestDecode_Bad(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, want string }{
		{"not JSON", "{", "invalid JSON: byte "},
		{"YAML", "schema: patchbay/v1", "invalid character 's' looking for beginning of value"},
		{"twice", `{"a":1,"a":2}`, `duplicate key "a"`},
		{"large", `"` + strings.Repeat("x", MaxSize) + `"`, "a manifest of 1048578 bytes, want at most 1048576"},
		{"another type", `[]`, ": [] is a list, want an object"},
		{"a key", `{"schema":"patchbay/v2"}`, `/schema: "patchbay/v2" is another value, want "patchbay/v1"`},
		{"an exponent", `{"schema":1e400}`, `/schema: the number 1e400 loses digits`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode([]byte(tt.data))
			var d Diagnostics
			if !errors.As(err, &d) || !strings.Contains(": "+err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// everything.yaml is the format's own example: a key that is not in it is a key that no test has seen.
func TestEverythingUsesEveryKey(t *testing.T) {
	t.Parallel()
	schema, _ := decodeAny(JSONSchema())
	used := map[string]bool{"guest.package": true} // it has guest.module, and they exclude each other
	doc, err := strictyaml.Parse(read(t, "testdata/good/everything.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	keysUsed(schema, schema, doc.Value, "manifest", used)
	defs := lookup(schema, "/$defs").(map[string]any)
	for _, def := range append(sortedKeys(defs), "manifest") {
		s, _ := defs[def].(map[string]any)
		if def == "manifest" {
			s = schema.(map[string]any)
		}
		for _, k := range sortedKeys(s["properties"]) {
			if !used[def+"."+k] {
				t.Errorf("%s has no %s", def, k)
			}
		}
	}
}

// keysUsed walks a value beside its schema and notes which key of which definition it uses.
func keysUsed(root, schema, v any, name string, used map[string]bool) {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		keysUsed(root, lookup(root, strings.TrimPrefix(ref, "#")), v, strings.TrimPrefix(ref, "#/$defs/"), used)
		return
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			keysUsed(root, s["items"], item, name, used)
		}
	case map[string]any:
		props, _ := s["properties"].(map[string]any)
		for k, item := range v {
			used[name+"."+k] = true
			keysUsed(root, props[k], item, name+"."+k, used)
		}
	}
}

// Lists that schema.json repeats must not drift from where they come from.
func TestJSONSchema_Lists(t *testing.T) {
	t.Parallel()
	schema, err := decodeAny(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, c := range abi.Codes {
		codes = append(codes, string(c))
	}
	if diff := cmp.Diff(codes, unquoted(lookup(schema, "/$defs/code/enum"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sortedKeys(anyMap(authKeys)), sorted(unquoted(lookup(schema, "/$defs/auth/properties/type/enum")))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sortedKeys(anyMap(signatureKeys)), sorted(unquoted(lookup(schema, "/$defs/signature/properties/scheme/enum")))); diff != "" {
		t.Error(diff)
	}
}

func anyMap[V any](m map[string]V) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func sorted(words []string) []string { slices.Sort(words); return words }

// The schema refuses unknown keys everywhere, and describes everything it allows.
func TestJSONSchema_Closed(t *testing.T) {
	t.Parallel()
	schema, err := decodeAny(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	objects := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		s, _ := v.(map[string]any)
		if props, ok := s["properties"].(map[string]any); ok {
			objects++
			if s["additionalProperties"] != false {
				t.Errorf("%s allows unknown keys", at)
			}
			for k, p := range props {
				if d, _ := p.(map[string]any)["description"].(string); d == "" || !strings.HasSuffix(d, ".") {
					t.Errorf("%s/%s: description %q", at, k, d)
				}
			}
		}
		for k, sub := range s {
			walk(at+"/"+k, sub)
		}
	}
	walk("", schema)
	if objects < 20 {
		t.Errorf("%d objects", objects)
	}
	if id := lookup(schema, "/$id"); id != "urn:patchbay:manifest:v1" {
		t.Errorf("$id %v", id)
	}
	if !bytes.Equal(JSONSchema(), schemaJSON) {
		t.Error("JSONSchema is not schema.json")
	}
}

func TestDiagnostic_Format(t *testing.T) {
	t.Parallel()
	tests := []struct {
		d    Diagnostic
		want string
	}{
		{Diagnostic{Line: 12, Column: 3, Pointer: "/actions/0/nmae", Message: `unknown key "nmae"`, Fix: `did you mean "name"?`},
			`connector.yaml:12:3: /actions/0/nmae: unknown key "nmae": did you mean "name"?`},
		{Diagnostic{Pointer: "/name", Message: "5 is a number", Want: "text", Fix: "put it in quotes"}, "connector.yaml: /name: 5 is a number, want text: put it in quotes"},
		{Diagnostic{Line: 1, Column: 1, Message: "x"}, "connector.yaml:1:1: x"},
	}
	for _, tt := range tests {
		if got := tt.d.Format("connector.yaml"); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	if data, err := json.Marshal(tests[1].d); err != nil || string(data) != `{"pointer":"/name","message":"5 is a number","want":"text","fix":"put it in quotes"}` {
		t.Errorf("%s %v", data, err)
	}
}
