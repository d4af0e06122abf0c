package manifest

import (
	"slices"
	"strings"
)

// opaque keeps the keywords that have no plain form, with those that change their meaning.
func (b *shaper) opaque(s *Shape, at, k string, node map[string]any) {
	pick := func(keys ...string) map[string]any {
		some := map[string]any{}
		for _, k := range keys {
			if v, ok := node[k]; ok {
				some[k] = v
			}
		}
		return some
	}
	switch k {
	case "not", "dependentRequired", "dependentSchemas":
		s.Rest = append(s.Rest, b.rest(at, k, pick(k)))
	case "if":
		s.Rest = append(s.Rest, b.rest(at, k, pick("if", "then", "else")))
	case "contains":
		s.Rest = append(s.Rest, b.rest(at, k, pick("contains", "minContains", "maxContains")))
	case "unevaluatedProperties", "unevaluatedItems": // depends on all that is beside it
		s.Rest = append(s.Rest, b.rest(at, k, node))
	case "$ref":
		if ref, _ := node[k].(string); strings.Contains(ref, "%") {
			s.Rest = append(s.Rest, b.rest(at, k, pick(k)))
		}
	}
}

func (b *shaper) rest(at, keyword string, v map[string]any) Rest {
	return Rest{At: at + "/" + keyword, Keyword: keyword, Text: b.text(v)}
}

// text writes a part of the document so that equal texts mean the same. One that refers to other parts may mean anything, so
// it takes the whole document's digest with it.
func (b *shaper) text(v any) string {
	text := string(canonicalText(unannotated(v)))
	if strings.Contains(text, `"$ref"`) {
		text += "\n" + b.whole
	}
	return text
}

var annotations = strings.Fields(`$schema $comment title description default deprecated readOnly writeOnly examples
	contentEncoding contentMediaType patternErrorMessage`)

// unannotated returns a schema, or a list or map of some, without what validation does not look at. What is data, not schema,
// stays as it is.
func unannotated(v any) any {
	switch v := v.(type) {
	case []any:
		var all []any
		for _, item := range v {
			all = append(all, unannotated(item))
		}
		return all
	case map[string]any:
		some := map[string]any{}
		for k, item := range v {
			if !annotates(k) {
				some[k] = unannotatedKeyword(k, item)
			}
		}
		return some
	}
	return v
}

func unannotatedKeyword(k string, v any) any {
	switch k {
	case "enum", "const", "required", "dependentRequired":
		return v
	case "properties", "patternProperties", "$defs", "dependentSchemas":
		all := map[string]any{}
		named, _ := v.(map[string]any)
		for name, item := range named {
			all[name] = unannotated(item)
		}
		return all
	}
	return unannotated(v)
}

func annotates(k string) bool { return strings.HasPrefix(k, "x-") || slices.Contains(annotations, k) }
