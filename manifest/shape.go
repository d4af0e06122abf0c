package manifest

import (
	"encoding/json"
	"math"
	"math/big"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Shape is a JSON Schema in plain form, for whoever compares two or makes values: references are followed, and what allOf
// and references add up to is one shape. It is exact but for Rest.
//
// A value is valid when it has one of the Types, is in the Enum if there is one, keeps the bounds of its type, is valid
// under one of each of the Groups (exactly one, where a group says so), and does not break what Rest holds. A
// keyword speaks of values of its type only, as in JSON Schema: MinLength does not concern a number.
//
// Recursive schemas make shapes that contain themselves: whoever walks one bounds the depth, or remembers where it
// was. A shape is not changed after it was made, and safe for any number of goroutines.
type Shape struct {
	At    string            // JSON pointer of the schema within its document; the first, where several add up
	Types Types             // what a value may be; none: nothing is valid
	Enum  []json.RawMessage // the only values, as RFC 8785 writes them; nil: any

	Min, Max  *Bound     // of a number; nil: none
	Multiples []*big.Rat // a number is a multiple of each

	Length   Span     // characters (code points) of text
	Patterns []string // text matches each, anywhere (RE2)
	Formats  []string // text has each

	Properties map[string]*Shape // each with everything that applies to it, patterns and additionalProperties too
	Matching   []Matching        // properties that are in no Properties, by name; all that match apply
	Additional *Shape            // properties that are in neither; nil: anything
	Names      *Shape            // names of properties; nil: any
	Required   []string          // sorted
	Size       Span              // number of properties

	Prefix []*Shape // the first items, each; nil: anything
	Items  *Shape   // the others; nil: anything
	Count  Span     // number of items
	Unique bool     // no two items are equal

	Groups []Group // anyOf and oneOf
	Rest   []Rest  // what has no plain form

	Default  json.RawMessage   // nil: none
	Examples []json.RawMessage // valid or not
	Options  string            // x-options: the options function that lists its values
	Schema   string            // x-schema: the schema function that describes it

	checks func() []*jsonschema.Schema
}

// Matching is the shape of the properties whose name a pattern matches.
type Matching struct {
	Pattern string
	Shape   *Shape
}

// Group is a choice. Each of the alternatives holds all that its surroundings ask for but their other groups.
type Group struct {
	At  string   // JSON pointer of the keyword
	One bool     // oneOf: exactly one is valid; else one at least
	Of  []*Shape // in the order of the document
	// Text is equal for two groups only if they mean the same; annotations do not count.
	Text string
}

// Rest is a keyword without a plain form: not, if, contains, dependentRequired, dependentSchemas, unevaluatedItems,
// unevaluatedProperties; patternProperties where allOf brings it together with another schema's additionalProperties; and
// "size" in the place of all, where the schema has too many shapes.
type Rest struct {
	At      string // JSON pointer of the keyword
	Keyword string
	// Text is equal for two of them only if they mean the same; annotations do not count.
	Text string
}

// Bound is the end of a range of numbers.
type Bound struct {
	Value *big.Rat
	Open  bool // the value itself is outside
}

// Span is a range of lengths, both ends within. Max is [Unbounded] where there is none.
type Span struct{ Min, Max int }

// Unbounded is the length that no value exceeds.
const Unbounded = math.MaxInt

// Types is a set of types. JSON Schema's number is [TypeInteger] and [TypeFraction].
type Types uint8

// The types of JSON. 1.0 is an integer, as JSON Schema has it.
const (
	TypeNull Types = 1 << iota
	TypeBoolean
	TypeInteger
	TypeFraction // a number that is not whole
	TypeString
	TypeArray
	TypeObject

	AllTypes = TypeNull | TypeBoolean | TypeInteger | TypeFraction | TypeString | TypeArray | TypeObject
)

// Never reports whether it is plain that no value is valid.
func (s *Shape) Never() bool { return s.Types == 0 }

// Allows reports whether a value, from whoever, is valid under the shape, by the validator itself. An alternative of a
// group is held to the groups around it too.
func (s *Shape) Allows(value json.RawMessage) bool {
	v, err := decodeAny(value)
	if err != nil {
		return false
	}
	for _, c := range s.checks() {
		if c.Validate(v) != nil {
			return false
		}
	}
	return true
}

// ShapeOf reads a JSON Schema as [CompileSchema] does, and gives it its plain form.
func ShapeOf(schema json.RawMessage) (*Shape, error) {
	compiled, err := CompileSchema(schema)
	if err != nil {
		return nil, err
	}
	b, err := newShaper(compiled.doc)
	if err != nil {
		return nil, err
	}
	return b.shape([]conjunct{{}}), nil
}
