package record

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
)

// shape is what a document is like, whatever its values: types, and names of properties.
type shape struct {
	kinds   map[string]bool   // object, array, string, number, boolean, null; or text and nothing, for what is no JSON
	members map[string]*shape // of objects
	element *shape            // of arrays: of all elements together
}

func newShape() *shape { return &shape{kinds: map[string]bool{}, members: map[string]*shape{}} }

// shapeOf is the shape of a body.
func shapeOf(body []byte) *shape {
	s := newShape()
	var v any
	switch {
	case len(strings.TrimSpace(string(body))) == 0:
		s.kinds["nothing"] = true
	case abi.CheckJSON(body) != nil || json.Unmarshal(body, &v) != nil:
		s.kinds["text"] = true
	default:
		s.add(v)
	}
	return s
}

func (s *shape) add(v any) {
	switch v := v.(type) {
	case map[string]any:
		s.kinds["object"] = true
		for name, value := range v {
			if s.members[name] == nil {
				s.members[name] = newShape()
			}
			s.members[name].add(value)
		}
	case []any:
		s.kinds["array"] = true
		for _, value := range v {
			if s.element == nil {
				s.element = newShape()
			}
			s.element.add(value)
		}
	case string:
		s.kinds["string"] = true
	case float64:
		s.kinds["number"] = true
	case bool:
		s.kinds["boolean"] = true
	default:
		s.kinds["null"] = true
	}
}

// kind is the types in words. Null says nothing about what a property is else.
func (s *shape) kind() string {
	kinds := maps.Clone(s.kinds)
	if len(kinds) > 1 {
		delete(kinds, "null")
	}
	return strings.Join(slices.Sorted(maps.Keys(kinds)), " or ")
}

// drifted says how a document's shape differs from what it was. Lists that are empty, and values that are null, say
// nothing about what would be in them.
func drifted(pointer string, was, is *shape) (all []string) {
	at := pointer
	if at == "" {
		at = "the document"
	}
	if a, b := was.kind(), is.kind(); a != b && a != "null" && b != "null" {
		return []string{at + " was " + a + ", is " + b}
	}
	if !was.kinds["object"] || !is.kinds["object"] {
		return elements(pointer, was, is)
	}
	for _, name := range slices.Sorted(maps.Keys(was.members)) {
		if is.members[name] == nil {
			all = append(all, pointer+"/"+manifest.EscapePointer(name)+" went ("+was.members[name].kind()+")")
			continue
		}
		all = append(all, drifted(pointer+"/"+manifest.EscapePointer(name), was.members[name], is.members[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(is.members)) {
		if was.members[name] == nil {
			all = append(all, pointer+"/"+manifest.EscapePointer(name)+" came ("+is.members[name].kind()+")")
		}
	}
	return append(all, elements(pointer, was, is)...)
}

func elements(pointer string, was, is *shape) []string {
	if was.element == nil || is.element == nil {
		return nil
	}
	return drifted(pointer+"/*", was.element, is.element)
}
