package netsuite

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sqlToken is a token of SuiteQL. Names and keywords are in lower case.
type sqlToken struct {
	kind rune // 'n' name, 's' string, '0' number, 'o' anything else
	text string
}

// lexSQL splits a query into tokens.
func lexSQL(q string) ([]sqlToken, error) {
	var tokens []sqlToken
	for rest := strings.TrimSpace(q); rest != ""; rest = strings.TrimSpace(rest) {
		var t sqlToken
		first, size := utf8.DecodeRuneInString(rest)
		switch {
		case first == '\'':
			value, n, closed := quoted(rest)
			if !closed {
				return nil, fmt.Errorf("Missing closing quote")
			}
			t, size = sqlToken{'s', value}, n
		case unicode.IsDigit(first):
			size = span(rest, func(r rune) bool { return unicode.IsDigit(r) || r == '.' })
			t = sqlToken{'0', rest[:size]}
		case unicode.IsLetter(first) || first == '_':
			size = span(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.' })
			t = sqlToken{'n', strings.ToLower(rest[:size])}
		default:
			for _, operator := range []string{"<=", ">=", "<>", "!="} {
				if strings.HasPrefix(rest, operator) {
					size = 2
				}
			}
			t = sqlToken{'o', rest[:size]}
		}
		tokens, rest = append(tokens, t), rest[size:]
	}
	return tokens, nil
}

// span is how many bytes at the start belong.
func span(s string, belongs func(rune) bool) int {
	if end := strings.IndexFunc(s, func(r rune) bool { return !belongs(r) }); end >= 0 {
		return end
	}
	return len(s)
}

// quoted reads a string literal, in which two quotes are one, and returns its value and its length.
func quoted(s string) (value string, size int, closed bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 == len(s) || s[i+1] != '\'' {
			return b.String(), i + 1, true
		}
		b.WriteByte('\'')
		i++
	}
	return "", 0, false
}
