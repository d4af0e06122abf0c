package guest

import (
	"strings"
	"unicode"

	"patchbay/abi"
)

// Printable returns s without what can play tricks on whoever reads it in a log or on a terminal: control
// characters but for line feed and tab, and those that change the direction of writing. Bytes that are not
// UTF-8 become U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// PrintableRecord returns a log record all of whose texts are [Printable]. It may change r's attributes.
func PrintableRecord(r abi.LogRecord) abi.LogRecord {
	r.Message = Printable(r.Message)
	if r.Attrs != nil {
		r.Attrs = printableValue(r.Attrs).(map[string]any)
	}
	return r
}

// printableValue makes all strings of a decoded JSON value printable.
func printableValue(v any) any {
	switch v := v.(type) {
	case string:
		return Printable(v)
	case []any:
		for i := range v {
			v[i] = printableValue(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, value := range v {
			clean[Printable(key)] = printableValue(value)
		}
		return clean
	}
	return v
}

// maxShort is how many bytes of a text [Shorten] keeps.
const maxShort = 200

// Shorten bounds what a guest or its process can put into a message: to 200 bytes, and three dots if there
// were more.
func Shorten(s string) string {
	if len(s) <= maxShort {
		return s
	}
	return strings.ToValidUTF8(s[:maxShort], "") + "..."
}
