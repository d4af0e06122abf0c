package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

// Parse never panics, its diagnostics have places, and what it reads has one canonical form.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		for _, file := range glob(f, pattern, 4) {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			var d Diagnostics
			if !errors.As(err, &d) || len(d) == 0 || len(d) > maxDiagnostics {
				t.Fatalf("%T %v", err, err)
			}
			for _, one := range d {
				if one.Line < 1 || one.Column < 1 || one.Message == "" {
					t.Fatalf("%+v", one)
				}
			}
			return
		}
		roundTrip(t, m)
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(read(f, "testdata/good/everything.json"))
	f.Add(read(f, "testdata/good/as_json.yaml"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Decode(data); err == nil {
			roundTrip(t, m)
		}
	})
}

func roundTrip(t *testing.T, m *Manifest) {
	one, err := m.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(one)
	if err != nil {
		t.Fatalf("%v\n%s", err, one)
	}
	if diff := cmp.Diff(m, again); diff != "" {
		t.Fatal(diff)
	}
	two, err := again.Canonical()
	if err != nil || !bytes.Equal(one, two) {
		t.Fatalf("%v\n%s\n%s", err, one, two)
	}
}

// A schema that was accepted checks any value without a panic, and says no with a fault.
func FuzzSchema(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"enum": [1, "b"]}}}`, `{"a": 2}`},
		{`{"anyOf": [{"items": {"type": "integer"}}, {"minimum": 3}], "not": {"const": null}}`, `[1, 2.5, 1e3]`},
		{`{"patternProperties": {"^x": {"format": "date-time"}}, "unevaluatedProperties": false, "dependentRequired": {"a": ["b"]}}`, `{"xa": "2026-01-01T00:00:00Z", "a": 1}`},
		{`{"prefixItems": [true], "contains": {"type": "string"}, "uniqueItems": true, "if": {"minItems": 2}, "then": false}`, `["a", "a"]`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, schema, value []byte) {
		s, err := CompileSchema(json.RawMessage(schema))
		if err != nil {
			return
		}
		if err := s.Validate(json.RawMessage(value)); err != nil {
			var fault *abi.Fault
			if !errors.As(err, &fault) || fault.Code != abi.InvalidInput || fault.Message == "" {
				t.Fatalf("%T %v", err, err)
			}
		}
	})
}
