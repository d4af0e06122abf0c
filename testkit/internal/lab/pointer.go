package lab

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"patchbay/manifest"
)

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// segments are the names that a JSON pointer goes along.
func segments(pointer string) []string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, p := range parts {
		parts[i] = unescape.Replace(p)
	}
	return parts
}

// deepest is how deep in an answer properties are looked for: nothing that anybody reads lies deeper.
const deepest = 24

// properties are the JSON pointers of the first properties that are wanted, those nearest to the root first. Of an array
// the first element stands for all.
func properties(v any, most int, wanted func(pointer string, value any) bool) []string {
	type node struct {
		pointer string
		value   any
	}
	var found []string
	see := func(p string, value any) node {
		if len(found) < most && wanted(p, value) {
			found = append(found, p)
		}
		return node{p, value}
	}
	level := []node{{"", v}}
	for depth := 0; depth < deepest && len(level) > 0 && len(found) < most; depth++ {
		var next []node
		for _, n := range level {
			switch v := n.value.(type) {
			case map[string]any:
				for _, name := range slices.Sorted(maps.Keys(v)) {
					next = append(next, see(n.pointer+"/"+manifest.EscapePointer(name), v[name]))
				}
			case []any:
				if len(v) > 0 {
					next = append(next, node{n.pointer + "/0", v[0]})
				}
			}
		}
		level = next
	}
	return found
}

// at finds the value that a pointer leads to.
func at(v any, pointer string) (any, bool) {
	for _, name := range segments(pointer) {
		switch c := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = c[name]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(c) {
				return nil, false
			}
			v = c[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// put sets the value that a pointer leads to, and makes the way there.
func put(v any, pointer string, value json.RawMessage) any {
	return set(v, segments(pointer), value)
}

func set(v any, path []string, value json.RawMessage) any {
	if len(path) == 0 {
		return value
	}
	if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < 100 {
		list, isList := v.([]any)
		if isList || v == nil {
			for len(list) <= i {
				list = append(list, map[string]any{})
			}
			list[i] = set(list[i], path[1:], value)
			return list
		}
	}
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[path[0]] = set(m[path[0]], path[1:], value)
	return m
}

// drop takes the property away that a pointer leads to.
func drop(v any, pointer string) any {
	i := strings.LastIndexByte(pointer, '/')
	parent := v
	if i > 0 {
		parent, _ = at(v, pointer[:i])
	}
	if m, ok := parent.(map[string]any); ok {
		delete(m, unescape.Replace(pointer[i+1:]))
	}
	return v
}

// extended has a property more in every object that has two at least: one with a single property may be a wrapper, or a
// reference to be told by it.
func extended(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			v[name] = extended(e)
		}
		if len(v) > 1 {
			v[Marker] = Marker
		}
	case []any:
		for i, e := range v {
			v[i] = extended(e)
		}
	}
	return v
}
