package manifest

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"
)

// affordable returns why a value must not be checked: a number that is out of bounds, or too much work.
func (s *Schema) affordable(v any) *problem {
	var bad *problem
	values, text := 0, 0
	each(trail{}, v, func(t trail, v any) {
		values += 1 + t.size/64 // jsonschema copies the pointer of every value
		switch v := v.(type) {
		case string:
			text += len(v)
		case map[string]any:
			for k := range v {
				text += len(k)
			}
		case json.Number:
			if _, ok := float(v); !ok && bad == nil {
				bad = &problem{Diagnostic: Diagnostic{Pointer: t.pointer(), Message: show(v) + " is out of range", Want: "a number that a 64-bit float holds"}}
			}
		}
	})
	if values > maxChecks/max(s.width, 1) || s.program > 0 && text > maxMatches/s.program {
		return &problem{Diagnostic: Diagnostic{Message: "too large to be checked", Want: "fewer items, shorter names, or less text"}}
	}
	return bad
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

// checkNumbers returns the numbers in v that RFC 8785 would change, since its numbers are 64-bit floats.
func checkNumbers(v any) []problem {
	var problems []problem
	each(trail{}, v, func(t trail, v any) {
		n, ok := v.(json.Number)
		if !ok || len(problems) >= maxProblems {
			return
		}
		if _, exact := canonicalNumber(n); !exact {
			problems = append(problems, problem{Diagnostic: Diagnostic{Pointer: t.pointer(), Message: "the number " + show(v) + " loses digits in a 64-bit float", Fix: "write it as text, or with fewer digits"}})
		}
	})
	return problems
}

// respell writes the numbers in v as RFC 8785 does, so that a manifest from YAML and its canonical form are equal.
func respell(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := canonicalNumber(v); ok {
			return n
		}
	case []any:
		for i := range v {
			v[i] = respell(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = respell(v[k])
		}
	}
	return v
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
