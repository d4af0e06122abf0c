package manifest

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// objects compares what objects may have.
func (c *comparison) objects(v view, narrow []*jsonschema.Schema, w *jsonschema.Schema) (found []Gap) {
	if !v.types["object"] {
		return nil
	}
	required, names := map[string]bool{}, map[string]bool{}
	for _, n := range narrow {
		for _, name := range n.Required {
			required[name] = true
		}
		for name := range n.Properties {
			names[name] = true
		}
	}
	for _, name := range w.Required {
		if !required[name] {
			found = append(found, gap(w, "an object without %q is not taken", name))
		}
	}
	if least := greatest(narrow, func(s *jsonschema.Schema) int { return s.MinProperties }); w.MinProperties > max(least, len(required), 0) {
		found = append(found, gap(w, "an object with fewer than %d properties is not taken", w.MinProperties))
	}
	if most := smallest(narrow, func(s *jsonschema.Schema) int { return s.MaxProperties }); w.MaxProperties >= 0 && (most < 0 || most > w.MaxProperties) {
		found = append(found, gap(w, "an object with more than %d properties is not taken", w.MaxProperties))
	}
	for name := range w.Properties {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		found = append(found, c.property(name, property(narrow, name), w)...)
	}
	return append(found, c.others(others(narrow), w)...)
}

// property compares one property that has a name in one of the schemas.
func (c *comparison) property(name string, narrow []*jsonschema.Schema, w *jsonschema.Schema) []Gap {
	if viewOf(narrow).never() {
		return nil
	}
	if p, ok := w.Properties[name]; ok {
		return c.gaps(narrow, p)
	}
	return c.unnamed(narrow, w, "the property "+name+" is not taken")
}

// others compares the properties that no schema names.
func (c *comparison) others(narrow []*jsonschema.Schema, w *jsonschema.Schema) []Gap {
	if viewOf(narrow).never() {
		return nil
	}
	return c.unnamed(narrow, w, "properties that are not named are not taken")
}

// unnamed compares a property that w does not name.
func (c *comparison) unnamed(narrow []*jsonschema.Schema, w *jsonschema.Schema, why string) []Gap {
	switch a := w.AdditionalProperties.(type) {
	case bool:
		if !a && !c.open {
			return []Gap{gap(w, "%s", why)}
		}
	case *jsonschema.Schema:
		return c.gaps(narrow, a)
	}
	return nil
}

// property returns what a property of that name is to be valid under.
func property(all []*jsonschema.Schema, name string) (parts []*jsonschema.Schema) {
	for _, s := range all {
		if p, ok := s.Properties[name]; ok {
			parts = append(parts, flat(p)...)
		} else {
			parts = append(parts, additional(s)...)
		}
	}
	return parts
}

// others returns what a property that nobody names is to be valid under.
func others(all []*jsonschema.Schema) (parts []*jsonschema.Schema) {
	for _, s := range all {
		parts = append(parts, additional(s)...)
	}
	return parts
}

var nothing = &jsonschema.Schema{Always: new(bool)}

// additional is what a schema says of properties that it does not name. Where patterns name some, that is left out:
// less said allows more.
func additional(s *jsonschema.Schema) []*jsonschema.Schema {
	if len(s.PatternProperties) > 0 {
		return nil
	}
	switch a := s.AdditionalProperties.(type) {
	case bool:
		if !a {
			return []*jsonschema.Schema{nothing}
		}
	case *jsonschema.Schema:
		return flat(a)
	}
	return nil
}

// arrays compares what arrays may have.
func (c *comparison) arrays(v view, narrow []*jsonschema.Schema, w *jsonschema.Schema) (found []Gap) {
	if !v.types["array"] {
		return nil
	}
	if least := greatest(narrow, func(s *jsonschema.Schema) int { return s.MinItems }); w.MinItems > max(least, 0) {
		found = append(found, gap(w, "a list of fewer than %d items is not taken", w.MinItems))
	}
	most := smallest(narrow, func(s *jsonschema.Schema) int { return s.MaxItems })
	if w.MaxItems >= 0 && (most < 0 || most > w.MaxItems) {
		found = append(found, gap(w, "a list of more than %d items is not taken", w.MaxItems))
	}
	if w.UniqueItems && !slices.ContainsFunc(narrow, func(s *jsonschema.Schema) bool { return s.UniqueItems }) && (most < 0 || most > 1) {
		found = append(found, gap(w, "a list with equal items is not taken"))
	}
	longest := len(w.PrefixItems)
	for _, n := range narrow {
		longest = max(longest, len(n.PrefixItems))
	}
	for i := range longest + 1 { // the last stands for all that follow
		want := itemOf(w, i)
		if want == nil || most >= 0 && i >= most {
			continue
		}
		var item []*jsonschema.Schema
		for _, n := range narrow {
			item = append(item, flat(itemOf(n, i))...)
		}
		found = append(found, c.gaps(item, want)...)
	}
	return found
}

// itemOf returns what item i is to be valid under, and nil if it may be anything.
func itemOf(s *jsonschema.Schema, i int) *jsonschema.Schema {
	if i < len(s.PrefixItems) {
		return s.PrefixItems[i]
	}
	return s.Items2020
}
