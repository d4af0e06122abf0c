package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/manifest"
)

// Text is something that the manifest says to people.
type Text struct {
	Place string // JSON pointer
	Key   string // title, description, reason
	Text  string
}

// Texts returns everything that the manifest says to people, in the order of their places: titles, descriptions and
// reasons, those in schemas too.
func (s *Subject) Texts() []Text {
	return Once(s, textsKey{}, func() []Text {
		var doc any
		if err := json.Unmarshal(s.Contents.Manifest, &doc); err != nil {
			return nil // the bundle was read: it is JSON
		}
		return texts(doc, "", nil)
	})
}

type textsKey struct{}

func texts(v any, place string, all []Text) []Text {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			at := place + "/" + Escape(key)
			if text, ok := v[key].(string); ok && spoken(key, place) {
				all = append(all, Text{at, key, text})
				continue
			}
			all = texts(v[key], at, all)
		}
	case []any:
		for i, item := range v {
			all = texts(item, fmt.Sprintf("%s/%d", place, i), all)
		}
	}
	return all
}

// spoken reports whether the text under key is for people: a sample's or a default's is data.
func spoken(key, place string) bool {
	if strings.Contains(place, "/samples/") || strings.HasSuffix(place, "/properties") || strings.HasSuffix(place, "/default") {
		return false
	}
	return key == "title" || key == "description" || key == "reason"
}

// Escape writes a key as a part of a JSON pointer.
func Escape(key string) string { return manifest.EscapePointer(key) }
