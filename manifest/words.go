package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
)

func patternWant(schema map[string]any) string {
	if s, ok := schema["patternErrorMessage"].(string); ok {
		return strings.TrimPrefix(s, "Want ")
	}
	return fmt.Sprintf("text that matches %s", cut(fmt.Sprint(schema["pattern"])))
}

func enumWords(v any) (words []string) {
	items, _ := v.([]any)
	for _, item := range items {
		words = append(words, strings.Trim(show(item), `"`))
	}
	return words
}

func unquoted(v any) (words []string) {
	items, _ := v.([]any)
	for _, item := range items {
		words = append(words, fmt.Sprint(item))
	}
	return words
}

var typeNames = map[string]string{"array": "a list", "boolean": "true or false", "integer": "a whole number", "null": "null",
	"number": "a number", "object": "an object", "string": "text"}

func typeWords(v any) string {
	if s, ok := v.(string); ok {
		return typeNames[s]
	}
	var words []string
	for _, s := range unquoted(v) {
		words = append(words, typeNames[s])
	}
	return list(words)
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "text"
	case []any:
		return "a list"
	}
	return "an object"
}

func quoteFix(v any, want string) string {
	switch v.(type) {
	case json.Number, bool:
		if want == "text" {
			return "put it in quotes"
		}
	}
	return ""
}

func formatWords(v any) string {
	switch v {
	case "date":
		return "a date such as 2026-03-01"
	case "date-time":
		return "a time such as 2026-03-01T12:00:00Z (RFC 3339)"
	case "email":
		return "an email address"
	case "uri":
		return "an absolute URI such as https://example.com/x"
	case "uuid":
		return "a UUID"
	}
	return fmt.Sprintf("a valid %v", v)
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i]
	}
	return s
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
