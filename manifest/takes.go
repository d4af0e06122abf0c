package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Gap is a reason why one schema may not take what another allows.
type Gap struct {
	Place string // JSON pointer into the schema that should take it
	Why   string
}

// maxSteps bounds a comparison, which nested alternatives multiply.
const maxSteps = 20_000

// Takes says why a value that is valid under narrow may not be valid under s. No gap means that every such value is
// valid, for sure; a gap may only mean that it could not be proven. With open, properties that s does not name are
// taken, as by a reader that ignores what it does not know.
func (s *Schema) Takes(narrow *Schema, open bool) []Gap {
	if equalJSON(s.doc, narrow.doc) {
		return nil
	}
	c := &comparison{open: open, seen: map[string]bool{}, steps: new(int), wide: s.doc, narrow: narrow.doc}
	return c.gaps(flat(narrow.compiled), s.compiled)
}

// comparison is one look at whether a schema takes all that others allow together.
type comparison struct {
	open         bool
	seen         map[string]bool // pairs that are being compared, and so taken for granted
	steps        *int
	wide, narrow any // the documents
}

// gaps compares what narrow's schemas allow together with what wide takes.
func (c *comparison) gaps(narrow []*jsonschema.Schema, wide *jsonschema.Schema) []Gap {
	key := fmt.Sprintf("%p", wide)
	for _, n := range narrow {
		key += fmt.Sprintf(" %p", n)
	}
	if c.seen[key] {
		return nil
	}
	if *c.steps++; *c.steps > maxSteps {
		return []Gap{gap(wide, "it cannot be proven: there are too many alternatives")}
	}
	c.seen[key] = true
	v := viewOf(narrow)
	if v.never() {
		return nil
	}
	if v.enum != nil {
		return refusals(v.enum, wide)
	}
	before := maps.Clone(c.seen)
	found := c.direct(narrow, v, wide)
	if len(found) == 0 {
		return nil
	}
	c.seen = before // what a failed look has taken for granted is not
	if c.each(narrow, wide) {
		return nil
	}
	return found
}

// direct compares without a look at narrow's alternatives.
func (c *comparison) direct(narrow []*jsonschema.Schema, v view, wide *jsonschema.Schema) (found []Gap) {
	for _, w := range flat(wide) {
		switch {
		case w.Always != nil && *w.Always:
			continue
		case w.Always != nil:
			return []Gap{gap(w, "nothing is taken any more")}
		}
		found = slices.Concat(found, typeGaps(v, w), textGaps(v, narrow, w), numberGaps(v, narrow, w), c.objects(v, narrow, w), c.arrays(v, narrow, w), c.opaque(narrow, w))
		if len(w.AnyOf) > 0 && !slices.ContainsFunc(w.AnyOf, func(a *jsonschema.Schema) bool { return c.holds(narrow, a) }) {
			found = append(found, gap(w, "it cannot be proven that one of anyOf takes it"))
		}
		if len(w.OneOf) > 0 && !c.exactlyOne(narrow, w.OneOf) {
			found = append(found, gap(w, "it cannot be proven that exactly one of oneOf takes it"))
		}
	}
	return found
}

// holds tries a comparison whose failure says nothing yet. What it takes for granted is forgotten.
func (c *comparison) holds(narrow []*jsonschema.Schema, wide *jsonschema.Schema) bool {
	trial := *c
	trial.seen = maps.Clone(c.seen)
	return len(trial.gaps(narrow, wide)) == 0
}

// each compares every alternative that narrow has, each together with the rest of it.
func (c *comparison) each(narrow []*jsonschema.Schema, wide *jsonschema.Schema) bool {
	for i, n := range narrow {
		alternatives := n.AnyOf
		if len(alternatives) == 0 {
			alternatives = n.OneOf
		}
		if len(alternatives) == 0 {
			continue
		}
		rest := *n
		rest.AnyOf, rest.OneOf = nil, nil
		others := slices.Concat(narrow[:i:i], []*jsonschema.Schema{&rest}, narrow[i+1:])
		return !slices.ContainsFunc(alternatives, func(a *jsonschema.Schema) bool {
			return !c.holds(slices.Concat(others, flat(a)), wide)
		})
	}
	return false
}

// exactlyOne reports whether one alternative takes all that narrow allows, and no other any of it.
func (c *comparison) exactlyOne(narrow []*jsonschema.Schema, alternatives []*jsonschema.Schema) bool {
	for i, a := range alternatives {
		if !c.holds(narrow, a) {
			continue
		}
		others := slices.Concat(alternatives[:i:i], alternatives[i+1:])
		return !slices.ContainsFunc(others, func(o *jsonschema.Schema) bool { return !apart(narrow, o) })
	}
	return false
}

// apart reports whether no value is valid under both, as far as types and required properties with fixed values tell.
func apart(narrow []*jsonschema.Schema, o *jsonschema.Schema) bool {
	both := slices.Concat(narrow, flat(o))
	v := viewOf(both)
	if v.never() {
		return true
	}
	if len(v.types) != 1 || !v.types["object"] {
		return false
	}
	for _, n := range both {
		for _, name := range n.Required {
			if viewOf(property(both, name)).never() {
				return true
			}
		}
	}
	return false
}

// opaque is what is not looked into: it must be as it was.
func (c *comparison) opaque(narrow []*jsonschema.Schema, w *jsonschema.Schema) []Gap {
	if !hidden(w) {
		return nil
	}
	text := c.text(c.wide, w)
	for _, n := range narrow {
		if text != "" && !strings.Contains(text, `"$ref"`) && c.text(c.narrow, n) == text {
			return nil
		}
	}
	return []Gap{gap(w, "it cannot be proven: a part with not, if, patternProperties, dependencies, contains or unevaluated is not as it was")}
}

func hidden(s *jsonschema.Schema) bool {
	return s.Not != nil || s.If != nil || s.PropertyNames != nil || len(s.PatternProperties) > 0 || len(s.Dependencies) > 0 ||
		len(s.DependentRequired) > 0 || len(s.DependentSchemas) > 0 || s.UnevaluatedProperties != nil || s.UnevaluatedItems != nil ||
		s.Contains != nil || s.ContentEncoding != "" || s.ContentMediaType != "" || s.ContentSchema != nil || s.DynamicRef != nil || s.RecursiveRef != nil
}

// text is a sub-schema as its document has it.
func (c *comparison) text(doc any, s *jsonschema.Schema) string {
	data, err := json.Marshal(lookup(doc, placeOf(s)))
	if err != nil {
		return ""
	}
	return string(data)
}

func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func gap(w *jsonschema.Schema, why string, args ...any) Gap {
	return Gap{Place: placeOf(w), Why: fmt.Sprintf(why, args...)}
}

// placeOf is where a sub-schema stands in its document.
func placeOf(s *jsonschema.Schema) string {
	_, pointer, _ := strings.Cut(s.Location, "#")
	return pointer
}

// flat is a schema with those that it is to be valid under beside itself.
func flat(s *jsonschema.Schema) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	var add func(*jsonschema.Schema)
	add = func(s *jsonschema.Schema) {
		if s == nil || slices.Contains(all, s) {
			return
		}
		all = append(all, s)
		add(s.Ref)
		for _, part := range s.AllOf {
			add(part)
		}
	}
	add(s)
	return all
}
