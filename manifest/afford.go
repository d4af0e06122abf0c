package manifest

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"
)

// scan is what a walk over a value finds out before jsonschema sees it.
type scan struct {
	values int // values, and the length of their pointers, which jsonschema copies for every value
	text   int // bytes of strings and keys
	bad    *problem
}

// affordable returns why a value must not be checked: a number that is out of bounds, or too much work.
func (s *Schema) affordable(v any) *problem {
	var sc scan
	sc.walk("", v)
	if sc.bad != nil {
		return sc.bad
	}
	if sc.values > maxChecks/max(s.width, 1) || s.program > 0 && sc.text > maxMatches/s.program {
		return &problem{Diagnostic: Diagnostic{Message: fmt.Sprintf("too large to be checked: it has %d values and %d bytes of text", sc.values, sc.text)}}
	}
	return nil
}

func (s *scan) walk(at string, v any) {
	s.values += 1 + len(at)/64
	switch v := v.(type) {
	case string:
		s.text += len(v)
	case json.Number:
		if _, ok := float(v); !ok && s.bad == nil {
			s.bad = &problem{Diagnostic: Diagnostic{Pointer: at, Message: show(v) + " is out of range", Want: "a number that a 64-bit float holds"}}
		}
	case []any:
		for i, item := range v {
			s.walk(at+"/"+strconv.Itoa(i), item)
		}
	case map[string]any:
		for k, item := range v {
			s.text += len(k)
			s.walk(at+"/"+escapePointer(k), item)
		}
	}
}

// float returns n as a float, unless it is beyond what one holds. math/big would unfold 1e100000000 digit by digit.
func float(n json.Number) (float64, bool) {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return 0, false
	}
	digits, _, _ := strings.Cut(strings.ToLower(string(n)), "e")
	return f, f != 0 || !strings.ContainsAny(digits, "123456789")
}

// checkNumbers returns the numbers in v that RFC 8785 would change, since its numbers are 64-bit floats. It writes
// all others in its spelling, in place.
func checkNumbers(v any) []problem {
	var problems []problem
	var walk func(at string, v any) any
	walk = func(at string, v any) any {
		switch v := v.(type) {
		case json.Number:
			exact, ok := canonicalNumber(v)
			if !ok {
				problems = append(problems, problem{Diagnostic: Diagnostic{Pointer: at, Message: "the number " + show(v) + " loses digits in a 64-bit float", Fix: "write it as text, or with fewer digits"}})
			}
			return exact
		case []any:
			for i := range v {
				v[i] = walk(at+"/"+strconv.Itoa(i), v[i])
			}
		case map[string]any:
			for _, k := range sortedKeys(v) {
				v[k] = walk(at+"/"+escapePointer(k), v[k])
			}
		}
		return v
	}
	walk("", v)
	return problems
}

func canonicalNumber(n json.Number) (json.Number, bool) {
	f, ok := float(n)
	if !ok {
		return n, false
	}
	text, err := jcs.NumberToJSON(f)
	if err != nil {
		return n, false
	}
	written, ok1 := new(big.Rat).SetString(string(n))
	kept, ok2 := new(big.Rat).SetString(text)
	if !ok1 || !ok2 || written.Cmp(kept) != 0 {
		return n, false
	}
	return json.Number(text), true
}
