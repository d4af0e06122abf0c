package manifest

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"
)

// facts adds the keywords of one sub-schema that hold no other.
func (b *shaper) facts(s *Shape, at string, schema any) {
	if schema == false {
		s.Types = 0
	}
	node, _ := schema.(map[string]any)
	for _, k := range sortedKeys(node) {
		s.fact(k, node[k])
		s.note(k, node[k])
		b.opaque(s, at, k, node)
	}
}

// fact narrows s by a keyword. Those about one type are kept apart, so nothing depends on their order.
func (s *Shape) fact(k string, v any) {
	switch k {
	case "type":
		s.Types &= typesOf(v)
	case "enum":
		s.only(elements(v))
	case "const":
		s.only([]any{v})
	case "minimum", "exclusiveMinimum":
		s.Min = tighter(s.Min, v, k[0] == 'e', 1)
	case "maximum", "exclusiveMaximum":
		s.Max = tighter(s.Max, v, k[0] == 'e', -1)
	case "multipleOf":
		s.Multiples = append(s.Multiples, rational(v))
	case "pattern":
		s.Patterns = with(s.Patterns, v)
	case "format":
		s.Formats = with(s.Formats, v)
	case "required":
		for _, name := range elements(v) {
			s.Required = with(s.Required, name)
		}
	case "uniqueItems":
		s.Unique = s.Unique || v == true
	case "minLength", "maxLength":
		s.Length.narrow(k, v)
	case "minItems", "maxItems":
		s.Count.narrow(k, v)
	case "minProperties", "maxProperties":
		s.Size.narrow(k, v)
	}
}

// note keeps the annotations that mean something; of several, the first.
func (s *Shape) note(k string, v any) {
	text, _ := v.(string)
	switch {
	case k == "default" && s.Default == nil:
		s.Default = canonicalText(v)
	case k == "examples":
		for _, e := range elements(v) {
			s.Examples = append(s.Examples, canonicalText(e))
		}
	case k == "x-options" && s.Options == "":
		s.Options = text
	case k == "x-schema" && s.Schema == "":
		s.Schema = text
	}
}

// settle makes types and enum agree.
func (s *Shape) settle() {
	if s.Enum == nil {
		return
	}
	var types Types
	s.Enum = slices.DeleteFunc(s.Enum, func(raw json.RawMessage) bool { return TypeOf(raw)&s.Types == 0 })
	for _, raw := range s.Enum {
		types |= TypeOf(raw)
	}
	s.Types = types
}

// TypeOf returns the type of a value.
func TypeOf(raw json.RawMessage) Types {
	v, err := decodeAny(raw)
	if err != nil {
		return 0
	}
	switch v := v.(type) {
	case nil:
		return TypeNull
	case bool:
		return TypeBoolean
	case string:
		return TypeString
	case []any:
		return TypeArray
	case json.Number:
		if r := rational(v); r != nil && !r.IsInt() {
			return TypeFraction
		}
		return TypeInteger
	}
	return TypeObject
}

func typesOf(v any) Types {
	names := elements(v)
	if name, ok := v.(string); ok {
		names = []any{name}
	}
	var all Types
	for _, name := range names {
		all |= map[any]Types{
			"null": TypeNull, "boolean": TypeBoolean, "integer": TypeInteger, "number": TypeInteger | TypeFraction,
			"string": TypeString, "array": TypeArray, "object": TypeObject,
		}[name]
	}
	return all
}

func (s *Shape) only(values []any) {
	kept := []json.RawMessage{}
	for _, v := range values {
		raw := canonicalText(v)
		same := func(o json.RawMessage) bool { return string(o) == string(raw) }
		if s.Enum == nil || slices.ContainsFunc(s.Enum, same) {
			kept = append(kept, raw)
		}
	}
	s.Enum = kept
}

// tighter returns the bound that leaves less: the greater of lower ones (sign 1), the smaller of upper ones (-1).
func tighter(b *Bound, v any, open bool, sign int) *Bound {
	n := &Bound{rational(v), open}
	if b == nil {
		return n
	}
	c := n.Value.Cmp(b.Value) * sign
	if c > 0 || c == 0 && open {
		return n
	}
	return b
}

func (s *Span) narrow(k string, v any) {
	number, _ := v.(json.Number)
	n, err := strconv.Atoi(string(number))
	switch {
	case err != nil:
	case strings.HasPrefix(k, "min"):
		s.Min = max(s.Min, n)
	default:
		s.Max = min(s.Max, n)
	}
}

// rational is a number without loss; CompileSchema saw that it is one that a 64-bit float holds.
func rational(v any) *big.Rat {
	n, _ := v.(json.Number)
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return new(big.Rat)
	}
	return r
}

func with(list []string, v any) []string {
	text, _ := v.(string)
	i, found := slices.BinarySearch(list, text)
	if found {
		return list
	}
	return slices.Insert(list, i, text)
}

func canonicalText(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	if written, err := jcs.Transform(data); err == nil {
		return written
	}
	return data
}
