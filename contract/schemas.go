package contract

import (
	"encoding/json"
	"maps"
	"slices"

	"patchbay/manifest"
)

// input compares what an operation takes.
func (c *comparison) input(place string, old, new json.RawMessage) {
	a, b, ok := c.schemas(place, old, new)
	if !ok {
		return
	}
	c.filledIn(place, old, new)
	if gaps := b.Takes(a, false); len(gaps) > 0 {
		for _, g := range gaps {
			c.add(Major, place+g.Place, "the input: %s", g.Why)
		}
		return
	}
	if lost := removed(old, new); len(lost) > 0 {
		for _, at := range lost {
			c.add(Major, place+at, "the input has it no more: what recipes say there has no effect")
		}
		return
	}
	if more := a.Takes(b, false); len(more) > 0 {
		c.add(Minor, place, "the input takes more: %s before", more[0].Why)
		return
	}
	c.add(Patch, place, "the input is described in other words")
}

// output compares what an operation gives.
func (c *comparison) output(place string, old, new json.RawMessage) {
	a, b, ok := c.schemas(place, old, new)
	if !ok {
		return
	}
	if gaps := a.Takes(b, true); len(gaps) > 0 {
		for _, g := range gaps {
			c.add(Major, place+g.Place, "the output is not what it was: %s by a reader of the version before", g.Why)
		}
		return
	}
	for _, at := range removed(old, new) {
		c.add(Major, place+at, "the output has it no more")
	}
	if fewer := b.Takes(a, false); len(fewer) > 0 {
		c.add(Minor, place, "the output says more: %s before", fewer[0].Why)
		return
	}
	if more := a.Takes(b, false); len(more) > 0 {
		c.add(Minor, place, "the output has more: %s before", more[0].Why)
		return
	}
	c.add(Patch, place, "the output is described in other words")
}

// schemas reads both. They are equal, or cannot be compared, when it reports false.
func (c *comparison) schemas(place string, old, new json.RawMessage) (a, b *manifest.Schema, ok bool) {
	if same(old, new) {
		return nil, nil, false
	}
	a, errA := manifest.CompileSchema(or(old))
	b, errB := manifest.CompileSchema(or(new))
	if errA != nil || errB != nil { // manifests are valid, so this does not happen
		c.add(Major, place, "it cannot be proven that nothing breaks: a schema cannot be read")
		return nil, nil, false
	}
	return a, b, true
}

// or is the schema of a function that names none.
func or(schema json.RawMessage) json.RawMessage {
	if len(schema) == 0 {
		return json.RawMessage(`{"type":"object","additionalProperties":false}`)
	}
	return schema
}

// filledIn compares what an input does for whoever fills it in: values that are left out, and pick lists and forms.
func (c *comparison) filledIn(place string, old, new json.RawMessage) {
	var a, b any
	if json.Unmarshal(old, &a) != nil || json.Unmarshal(new, &b) != nil {
		return
	}
	eachProperty(a, b, "", func(at string, old, new any, _ bool) {
		was, okA := old.(map[string]any)
		is, okB := new.(map[string]any)
		if !okA || !okB {
			return
		}
		if !same(was["default"], is["default"]) {
			c.add(Minor, place+at+"/default", "what is left out is %s, not %s", written(is["default"]), written(was["default"]))
		}
		for _, key := range []string{"x-options", "x-schema"} {
			if name, ok := was[key].(string); ok && name != is[key] {
				c.add(Minor, place+at+"/"+key, "%s helps no more to fill it in", name)
			}
		}
	})
}

// written is a default as the manifest has it.
func written(v any) string {
	text, err := json.Marshal(v)
	if v == nil || err != nil {
		return "nothing"
	}
	return string(text)
}

// removed are properties that a schema had and has no more. An output in which they were optional is taken
// without them, but a mapping that reads them finds nothing; an open input takes them still, and nobody looks at them.
func removed(old, new json.RawMessage) (places []string) {
	var a, b any
	if json.Unmarshal(old, &a) != nil || json.Unmarshal(new, &b) != nil {
		return nil
	}
	eachProperty(a, b, "", func(at string, _, _ any, kept bool) {
		if !kept {
			places = append(places, at)
		}
	})
	return places
}

// eachProperty goes through the properties of a schema, at any depth, with what another has in their places.
func eachProperty(old, new any, place string, see func(at string, was, is any, kept bool)) {
	a, okA := old.(map[string]any)
	b, okB := new.(map[string]any)
	if !okA || !okB {
		return
	}
	was, _ := a["properties"].(map[string]any)
	is, _ := b["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		at := place + "/properties/" + manifest.EscapePointer(name)
		_, kept := is[name]
		see(at, was[name], is[name], kept)
		eachProperty(was[name], is[name], at, see)
	}
	eachProperty(a["items"], b["items"], place+"/items", see)
}
