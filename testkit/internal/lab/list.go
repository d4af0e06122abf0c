package lab

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// List is a list of objects within a JSON answer.
type List struct {
	path  []string // keys that lead to it
	Items []any
}

// Name is the list's own key; "" for an answer that is a list.
func (l List) Name() string {
	if len(l.path) == 0 {
		return ""
	}
	return l.path[len(l.path)-1]
}

// Lists finds the lists of objects in an answer, down to four levels, in the order of their keys. Empty ones are lists
// of objects too.
func Lists(body []byte) []List {
	var all []List
	find(decode(body), nil, &all)
	return all
}

func find(v any, path []string, all *[]List) {
	switch v := v.(type) {
	case []any:
		objects := !slices.ContainsFunc(v, func(e any) bool { _, ok := e.(map[string]any); return !ok })
		if objects {
			*all = append(*all, List{path: slices.Clone(path), Items: v})
		}
	case map[string]any:
		if len(path) == 4 {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			find(v[key], append(path, key), all)
		}
	}
}

// In returns the answer with other items in the list. An answer that does not have the list stays as it is.
func (l List) In(body []byte, items []any) []byte {
	made, err := json.Marshal(replaced(decode(body), l.path, items))
	if err != nil || string(made) == "null" {
		return body
	}
	return made
}

// Of returns the list's items in another answer; false if it has no such list.
func (l List) Of(body []byte) ([]any, bool) {
	v := decode(body)
	for _, key := range l.path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		v = m[key]
	}
	items, ok := v.([]any)
	return items, ok
}

func replaced(v any, path []string, items []any) any {
	if len(path) == 0 {
		if _, ok := v.([]any); !ok {
			return v
		}
		return items
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if inner, ok := m[path[0]]; ok {
		m[path[0]] = replaced(inner, path[1:], items)
	}
	return m
}

// decode keeps numbers as they are written.
func decode(body []byte) any {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil
	}
	return v
}
