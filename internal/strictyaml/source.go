package strictyaml

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// source checks the characters of a document, before any of them has a meaning, and splits it into lines.
func source(data []byte) (lines [][]rune, err error) {
	if len(data) > MaxSize {
		return nil, Errors{{Position{1, 1}, fmt.Sprintf("the document has %d bytes", len(data)), fmt.Sprintf("at most %d are read", MaxSize)}}
	}
	pos := Position{1, 1}
	var line []rune
	indent := true
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if bad := refused(r, n, indent); bad != "" {
			return nil, Errors{{pos, bad, ""}}
		}
		i += n
		if r == '\n' {
			lines = append(lines, line)
			line, indent, pos = nil, true, Position{pos.Line + 1, 1}
			continue
		}
		indent = indent && r == ' '
		line = append(line, r)
		pos.Column++
	}
	return append(lines, line), nil
}

// refused says why a character of size bytes may not stand in a document, or nothing.
func refused(r rune, size int, indent bool) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "invalid UTF-8"
	case r == '\t' && indent:
		return "a tab in the indentation: use spaces"
	case r == '\n' || r == '\t':
		return ""
	case r < 0x20 || r >= 0x7F && r < 0xA0:
		return fmt.Sprintf("the control character %U: write it as an escape in double quotes", r)
	case Invisible(r):
		return fmt.Sprintf("the invisible character %U, which hides or reorders the text around it", r)
	}
	return ""
}

// Invisible reports whether r breaks, hides or reorders text without being seen: Unicode line separators,
// bidirectional controls (UAX 9), zero width space and byte order mark.
func Invisible(r rune) bool {
	switch {
	case r == 0x2028, r == 0x2029, r == 0x200B, r == 0xFEFF, r == 0x061C, r == 0x200E, r == 0x200F:
		return true
	}
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// plainText undoes what editors on some systems add: a byte order mark and CR LF line ends.
func plainText(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}
