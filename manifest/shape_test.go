package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// brief writes a shape in few words, to the depth of its properties and items.
func brief(s *Shape) string {
	var b strings.Builder
	fmt.Fprintf(&b, "types=%b", s.Types)
	if s.Enum != nil {
		fmt.Fprintf(&b, " enum=%s", s.Enum)
	}
	for _, m := range []*Bound{s.Min, s.Max} {
		if m != nil {
			fmt.Fprintf(&b, " bound=%s/%v", m.Value.RatString(), m.Open)
		}
	}
	fmt.Fprintf(&b, " multiples=%v length=%v patterns=%v formats=%v required=%v size=%v count=%v unique=%v groups=%d rest=%d", s.Multiples, s.Length,
		s.Patterns, s.Formats, s.Required, s.Size, s.Count, s.Unique, len(s.Groups), len(s.Rest))
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), fmt.Sprint(anyLength), "-"), " multiples=[] length=- patterns=[] formats=[] required=[] size=- count=- unique=false groups=0 rest=0", "")
}

func TestShapeOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, schema, want string }{
		{"anything", `{}`, "types=1111111"},
		{"true", `true`, "types=1111111"},
		{"nothing", `false`, "types=0"},
		{"types add up", `{"type": "number", "allOf": [{"type": ["integer", "string"]}]}`, "types=100"},
		{"enum loses what the type excludes", `{"type": "string", "enum": ["a", 1, "b"]}`, `types=10000 enum=["a" "b"]`},
		{"enum and const", `{"enum": [1, 2], "allOf": [{"const": 2}]}`, `types=100 enum=[2]`},
		{"enum gives types", `{"enum": [1.5, null, [1], {"b": 1, "a": 2}, true]}`, `types=1101011 enum=[1.5 null [1] {"a":2,"b":1} true]`},
		{"bounds", `{"type": "number", "minimum": 1, "exclusiveMaximum": 2.5, "allOf": [{"exclusiveMinimum": 1, "maximum": 3}]}`, "types=1100 bound=1/true bound=5/2/true"},
		{"all of text", `{"type": "string", "pattern": "^a", "format": "email", "minLength": 1, "maxLength": 9, "allOf": [{"pattern": "b$", "maxLength": 5}]}`,
			"types=10000 multiples=[] length={1 5} patterns=[^a b$] formats=[email] required=[] size=- count=- unique=false groups=0 rest=0"},
		{"all of arrays", `{"type": "array", "minItems": 1, "uniqueItems": true}`,
			"types=100000 multiples=[] length=- patterns=[] formats=[] required=[] size=- count={1 9223372036854775807} unique=true groups=0 rest=0"},
		{"required", `{"type": "object", "required": ["b"], "allOf": [{"required": ["a", "b"]}], "maxProperties": 3}`,
			"types=1000000 multiples=[] length=- patterns=[] formats=[] required=[a b] size={0 3} count=- unique=false groups=0 rest=0"},
		{"without plain form", `{"not": {"type": "null"}, "if": {}, "then": {}, "contains": {}, "dependentRequired": {}, "dependentSchemas": {}, "unevaluatedItems": false, "unevaluatedProperties": false}`,
			"types=1111111 multiples=[] length=- patterns=[] formats=[] required=[] size=- count=- unique=false groups=0 rest=7"},
		{"reference", `{"$ref": "#/$defs/a", "maxLength": 3, "$defs": {"a": {"type": "string", "multipleOf": 2}}}`,
			"types=10000 multiples=[2/1] length={0 3} patterns=[] formats=[] required=[] size=- count=- unique=false groups=0 rest=0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := ShapeOf(json.RawMessage(tt.schema))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, brief(s)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestShapeOfRefuses(t *testing.T) {
	t.Parallel()
	if _, err := ShapeOf(json.RawMessage(`{"type": "text"}`)); err == nil {
		t.Error("want an error")
	}
}

func shapeOf(t *testing.T, schema string) *Shape {
	t.Helper()
	s, err := ShapeOf(json.RawMessage(schema))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShapeOfProperties(t *testing.T) {
	t.Parallel()
	s := shapeOf(t, `{"properties": {"a": {"type": "string"}, "x-b": {}}, "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": false,
		"allOf": [{"properties": {"a": {"maxLength": 3}, "c": {}}}], "propertyNames": {"maxLength": 5}}`)
	if a := s.Properties["a"]; a.Types != TypeString || a.Length.Max != 3 || a.At != "/allOf/0/properties/a" && a.At != "/properties/a" {
		t.Error("a:", brief(a), a.At)
	}
	if b := s.Properties["x-b"]; b.Types != TypeInteger {
		t.Error("x-b has its pattern:", brief(b))
	}
	if c := s.Properties["c"]; !c.Never() {
		t.Error("c is closed out:", brief(c))
	}
	if !s.Additional.Never() || s.Names.Length.Max != 5 || len(s.Matching) != 1 || s.Matching[0].Shape.Types != TypeInteger || len(s.Rest) != 0 {
		t.Error(brief(s))
	}
	if s := shapeOf(t, `{"patternProperties": {"^x": {}}, "allOf": [{"additionalProperties": false}]}`); len(s.Rest) == 0 {
		t.Error("patterns of one and additionalProperties of another have no plain form")
	}
}

func TestShapeOfItems(t *testing.T) {
	t.Parallel()
	s := shapeOf(t, `{"prefixItems": [{"type": "string"}], "items": {"type": "null"}, "allOf": [{"prefixItems": [true, {"type": ["null", "array"]}]}]}`)
	if len(s.Prefix) != 2 || s.Prefix[0].Types != TypeString || s.Prefix[1].Types != TypeNull || s.Items.Types != TypeNull {
		t.Error(brief(s), s.Prefix)
	}
}

func TestShapeOfGroups(t *testing.T) {
	t.Parallel()
	s := shapeOf(t, `{"type": "string", "anyOf": [{"maxLength": 3, "title": "x"}, {"pattern": "^a"}], "oneOf": [{"minLength": 1}]}`)
	if len(s.Groups) != 2 || s.Groups[0].One || !s.Groups[1].One || s.Groups[0].At != "/anyOf" {
		t.Fatalf("%+v", s.Groups)
	}
	if a := s.Groups[0].Of[0]; a.Types != TypeString || a.Length.Max != 3 || len(a.Groups) != 0 {
		t.Error("an alternative has its surroundings:", brief(a))
	}
	if got := s.Groups[0].Text; got != `[{"maxLength":3},{"pattern":"^a"}]` {
		t.Error("annotations do not count:", got)
	}
}

func TestShapeOfIsRecursive(t *testing.T) {
	t.Parallel()
	schema := `{"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}, "not": {"$ref": "#/$defs/m"}}, "m": {"type": "null", "title": "m"}}}`
	s := shapeOf(t, schema)
	next := s.Properties["next"]
	if next.Properties["next"] != next {
		t.Error("the shape does not contain itself")
	}
	titled, typed := shapeOf(t, strings.Replace(schema, `"title": "m"`, `"title": "M"`, 1)), shapeOf(t, strings.Replace(schema, "null", "string", 1))
	if s.Rest[0].Text != titled.Rest[0].Text || s.Rest[0].Text == typed.Rest[0].Text {
		t.Error("text that refers to another part tells apart what that part means")
	}
}

// TestShapeOfIsBounded has as many shapes as the automaton for "the n-th letter from the end is b" has states.
func TestShapeOfIsBounded(t *testing.T) {
	t.Parallel()
	defs := []string{`"q0": {"properties": {"a": {"$ref": "#/$defs/q0"}, "b": {"allOf": [{"$ref": "#/$defs/q0"}, {"$ref": "#/$defs/q1"}]}}}`, `"q25": {}`}
	for i := 1; i < 25; i++ {
		defs = append(defs, fmt.Sprintf(`"q%d": {"properties": {"a": {"$ref": "#/$defs/q%d"}, "b": {"$ref": "#/$defs/q%[2]d"}}}`, i, i+1))
	}
	s := shapeOf(t, `{"$ref": "#/$defs/q0", "$defs": {`+strings.Join(defs, ",")+`}}`)
	seen := map[*Shape]bool{}
	cut := 0
	var walk func(s *Shape)
	walk = func(s *Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		if len(s.Rest) > 0 && s.Rest[0].Keyword == "size" && s.Properties == nil {
			cut++
		}
		walk(s.Properties["a"])
		walk(s.Properties["b"])
	}
	walk(s)
	if cut == 0 || len(seen) > 3*maxShapes {
		t.Errorf("%d shapes, %d of them cut off", len(seen), cut)
	}
}

func TestShapeAnnotations(t *testing.T) {
	t.Parallel()
	s := shapeOf(t, `{"default": {"b": 1, "a": 2}, "examples": ["x", 1], "x-options": "queues", "x-schema": "fields"}`)
	if string(s.Default) != `{"a":2,"b":1}` || len(s.Examples) != 2 || s.Options != "queues" || s.Schema != "fields" {
		t.Errorf("%+v", s)
	}
}

// TestShapeAllows tries names that pointers and URLs escape.
func TestShapeAllows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "a b", "a/b", "a~b", "a%b", "a%20b", "ä", "#", "?", "a&b", ""} {
		key, _ := json.Marshal(name)
		s := shapeOf(t, `{"properties": {`+string(key)+`: {"type": "string"}}}`).Properties[name]
		if !s.Allows(json.RawMessage(`"x"`)) || s.Allows(json.RawMessage(`1`)) || s.Allows(json.RawMessage(`{`)) {
			t.Errorf("%q", name)
		}
	}
}

func TestTypeOf(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Types{
		"null": TypeNull, "true": TypeBoolean, "1": TypeInteger, "1.0": TypeInteger, "1e3": TypeInteger, "1.5": TypeFraction,
		`""`: TypeString, "[]": TypeArray, "{}": TypeObject, "{": 0,
	} {
		if got := TypeOf(json.RawMessage(raw)); got != want {
			t.Errorf("%s is %b, want %b", raw, got, want)
		}
	}
}
