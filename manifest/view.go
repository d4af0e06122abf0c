package manifest

import (
	"encoding/json"
	"math/big"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// view is what several schemas allow together, as far as types and fixed values go.
type view struct {
	types map[string]bool // null, boolean, object, array, string, integer, and number for one that is no integer
	enum  []any           // the only values; nil: any
	none  bool            // no value at all
}

func (v view) never() bool { return v.none || len(v.types) == 0 || v.enum != nil && len(v.enum) == 0 }

func viewOf(all []*jsonschema.Schema) view {
	v := view{types: map[string]bool{"null": true, "boolean": true, "object": true, "array": true, "string": true, "integer": true, "number": true}}
	for _, s := range all {
		if s.Always != nil && !*s.Always {
			v.none = true
		}
		if s.Types != nil {
			v.narrow(s.Types)
		}
		if values := fixed(s); values != nil && v.enum == nil {
			v.enum = slices.DeleteFunc(slices.Clone(values), func(x any) bool { return !validUnderAll(all, x) })
		}
	}
	return v
}

// narrow keeps the types that are in names too.
func (v *view) narrow(names []string) {
	for t := range v.types {
		if !slices.Contains(names, t) && (t != "integer" || !slices.Contains(names, "number")) {
			delete(v.types, t)
		}
	}
}

// fixed returns the values that a schema lists, and nil if it lists none.
func fixed(s *jsonschema.Schema) []any {
	if len(s.Constant) > 0 {
		return s.Constant[:1]
	}
	return s.Enum
}

func validUnderAll(all []*jsonschema.Schema, v any) bool {
	return !slices.ContainsFunc(all, func(s *jsonschema.Schema) bool { return s.Validate(v) != nil })
}

// refusals are those of the only values that wide does not take.
func refusals(values []any, wide *jsonschema.Schema) (found []Gap) {
	for _, v := range values {
		if wide.Validate(v) != nil {
			text, _ := json.Marshal(v) // a value that came from JSON
			found = append(found, gap(wide, "%.80s is not taken", text))
		}
	}
	return found
}

// typeGaps compares types and fixed values.
func typeGaps(v view, w *jsonschema.Schema) (found []Gap) {
	if w.Types != nil {
		left := view{types: map[string]bool{}}
		for t := range v.types {
			left.types[t] = true
		}
		for _, t := range w.Types {
			delete(left.types, t)
			if t == "number" {
				delete(left.types, "integer")
			}
		}
		for _, t := range listed(left.types) {
			found = append(found, gap(w, "a value of type %s is not taken", t))
		}
	}
	if values := fixed(w); values != nil && !slices.Equal(listed(v.types), []string{"null"}) {
		found = append(found, gap(w, "only %d values are taken", len(values)))
	} else if values != nil && w.Validate(nil) != nil {
		found = append(found, gap(w, "null is not taken"))
	}
	return found
}

func textGaps(v view, narrow []*jsonschema.Schema, w *jsonschema.Schema) (found []Gap) {
	if !v.types["string"] {
		return nil
	}
	if least := greatest(narrow, func(s *jsonschema.Schema) int { return s.MinLength }); w.MinLength > max(least, 0) {
		found = append(found, gap(w, "text of fewer than %d characters is not taken", w.MinLength))
	}
	if most := smallest(narrow, func(s *jsonschema.Schema) int { return s.MaxLength }); w.MaxLength >= 0 && (most < 0 || most > w.MaxLength) {
		found = append(found, gap(w, "text of more than %d characters is not taken", w.MaxLength))
	}
	if w.Pattern != nil && !slices.ContainsFunc(narrow, func(s *jsonschema.Schema) bool { return s.Pattern != nil && s.Pattern.String() == w.Pattern.String() }) {
		found = append(found, gap(w, "text that does not match %.80s is not taken", w.Pattern))
	}
	if w.Format != "" && !slices.ContainsFunc(narrow, func(s *jsonschema.Schema) bool { return s.Format == w.Format }) {
		found = append(found, gap(w, "text that is no %s is not taken", w.Format))
	}
	return found
}

func numberGaps(v view, narrow []*jsonschema.Schema, w *jsonschema.Schema) (found []Gap) {
	if !v.types["integer"] && !v.types["number"] {
		return nil
	}
	some := func(ok func(*jsonschema.Schema) bool) bool { return slices.ContainsFunc(narrow, ok) }
	if w.Minimum != nil && !some(func(s *jsonschema.Schema) bool {
		return above(s.Minimum, w.Minimum) || above(s.ExclusiveMinimum, w.Minimum)
	}) {
		found = append(found, gap(w, "a number below %s is not taken", w.Minimum.RatString()))
	}
	if w.ExclusiveMinimum != nil && !some(func(s *jsonschema.Schema) bool {
		return above(s.ExclusiveMinimum, w.ExclusiveMinimum) || s.Minimum != nil && s.Minimum.Cmp(w.ExclusiveMinimum) > 0
	}) {
		found = append(found, gap(w, "a number up to %s is not taken", w.ExclusiveMinimum.RatString()))
	}
	if w.Maximum != nil && !some(func(s *jsonschema.Schema) bool {
		return above(w.Maximum, s.Maximum) || above(w.Maximum, s.ExclusiveMaximum)
	}) {
		found = append(found, gap(w, "a number above %s is not taken", w.Maximum.RatString()))
	}
	if w.ExclusiveMaximum != nil && !some(func(s *jsonschema.Schema) bool {
		return above(w.ExclusiveMaximum, s.ExclusiveMaximum) || s.Maximum != nil && s.Maximum.Cmp(w.ExclusiveMaximum) < 0
	}) {
		found = append(found, gap(w, "a number from %s is not taken", w.ExclusiveMaximum.RatString()))
	}
	if w.MultipleOf != nil && !some(func(s *jsonschema.Schema) bool {
		return s.MultipleOf != nil && new(big.Rat).Quo(s.MultipleOf, w.MultipleOf).IsInt()
	}) {
		found = append(found, gap(w, "a number that is no multiple of %s is not taken", w.MultipleOf.RatString()))
	}
	return found
}

// above reports whether x is there and not below y, which is there too.
func above(x, y *big.Rat) bool { return x != nil && y != nil && x.Cmp(y) >= 0 }

// greatest of what schemas say, where less than 0 says nothing.
func greatest(all []*jsonschema.Schema, of func(*jsonschema.Schema) int) int {
	n := -1
	for _, s := range all {
		n = max(n, of(s))
	}
	return n
}

// smallest of what schemas say, where less than 0 says nothing.
func smallest(all []*jsonschema.Schema, of func(*jsonschema.Schema) int) int {
	n := -1
	for _, s := range all {
		if x := of(s); x >= 0 && (n < 0 || x < n) {
			n = x
		}
	}
	return n
}

func listed(set map[string]bool) (all []string) {
	for k := range set {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
