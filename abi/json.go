package abi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of the JSON that may cross the boundary.
const (
	MaxDepth    = 128 // levels of arrays and objects
	MaxNumber   = 64  // characters of one number
	MaxExponent = 999 // of a number, with either sign
)

// ErrJSON is matched by every error of [CheckJSON].
var ErrJSON = errors.New("invalid JSON")

// CheckJSON reports whether data is one JSON value within the rules of the package comment: valid UTF-8,
// nothing after the value, at most [MaxDepth] levels, no duplicate keys, no number longer than [MaxNumber]
// or with an exponent beyond [MaxExponent]. encoding/json alone accepts most of what this refuses. The error
// names the byte offset, counted from 0, and matches [ErrJSON]. The time is linear in the size.
func CheckJSON(data []byte) error {
	if !utf8.Valid(data) {
		return jsonError(invalidUTF8(data), "invalid UTF-8")
	}
	if !json.Valid(data) {
		return syntaxError(data)
	}
	w := walker{data: data}
	for w.pos < len(data) {
		if err := w.step(); err != nil {
			return err
		}
	}
	return nil
}

// walker goes through a document that is valid JSON, so that it need not look for errors of syntax.
type walker struct {
	data []byte
	pos  int
	open []level
}

// level is an open array or object; keys is nil for an array.
type level struct {
	keys  map[string]bool
	isKey bool // the next string is a key
}

func (w *walker) step() error {
	switch c := w.data[w.pos]; {
	case c == '{' || c == '[':
		return w.begin(c)
	case c == '}' || c == ']':
		w.open = w.open[:len(w.open)-1]
	case c == ',':
		if l := w.top(); l.keys != nil {
			l.isKey = true
		}
	case c == '"':
		return w.text()
	case c == '-' || '0' <= c && c <= '9':
		return w.number()
	}
	w.pos++ // also white space, colons and the letters of true, false and null
	return nil
}

func (w *walker) top() *level { return &w.open[len(w.open)-1] }

func (w *walker) begin(c byte) error {
	if len(w.open) == MaxDepth {
		return jsonError(w.pos, fmt.Sprintf("more than %d levels deep", MaxDepth))
	}
	l := level{}
	if c == '{' {
		l.keys, l.isKey = map[string]bool{}, true
	}
	w.open = append(w.open, l)
	w.pos++
	return nil
}

// text passes a string and, if it is a key, looks for it among the object's others.
func (w *walker) text() error {
	start := w.pos
	escaped := false
	for w.pos++; w.data[w.pos] != '"'; w.pos++ {
		if w.data[w.pos] == '\\' {
			escaped = true
			w.pos++
		}
	}
	w.pos++
	if len(w.open) == 0 || !w.top().isKey {
		return nil
	}
	key := string(w.data[start+1 : w.pos-1])
	if escaped {
		if err := json.Unmarshal(w.data[start:w.pos], &key); err != nil {
			return jsonError(start, err.Error())
		}
	}
	l := w.top()
	if l.keys[key] {
		return jsonError(start, fmt.Sprintf("duplicate key %.80q", key))
	}
	l.keys[key], l.isKey = true, false
	return nil
}

// number passes a number and checks its bounds. The bound of the exponent keeps 1e999999999, a short text,
// from becoming a long number in an implementation with exact arithmetic.
func (w *walker) number() error {
	start := w.pos
	for w.pos < len(w.data) && strings.IndexByte("+-.0123456789eE", w.data[w.pos]) >= 0 {
		w.pos++
	}
	n := string(w.data[start:w.pos])
	if len(n) > MaxNumber {
		return jsonError(start, fmt.Sprintf("a number of %d characters, at most %d are allowed", len(n), MaxNumber))
	}
	if i := strings.IndexAny(n, "eE"); i >= 0 {
		exponent := strings.TrimLeft(strings.TrimLeft(n[i+1:], "+-"), "0")
		if len(exponent) > len("999") {
			return jsonError(start, fmt.Sprintf("a number with the exponent %s, at most %d is allowed", exponent, MaxExponent))
		}
	}
	return nil
}

// longer reports whether data, which is valid JSON, is an array of more than n elements. It stops at that one.
func longer(data []byte, n int) bool {
	w := walker{data: data} // opens nothing, and so has no keys to compare
	for depth := 0; w.pos < len(data); w.pos++ {
		switch data[w.pos] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 1 {
				n--
			}
		case '"':
			_ = w.text()
			w.pos-- // on the closing quote
		}
		if n == 0 {
			return data[0] == '['
		}
	}
	return false
}

func jsonError(offset int, what string) error {
	return fmt.Errorf("%w: byte %d: %s", ErrJSON, offset, what)
}

// syntaxError lets encoding/json say what is wrong with data, which is not valid.
func syntaxError(data []byte) error {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(data, &raw), &syntax) {
		return jsonError(0, "not a JSON value")
	}
	at := int(syntax.Offset) - 1
	if strings.HasSuffix(syntax.Error(), "exceeded max depth") { // its own, of 10,000 levels
		return jsonError(at, fmt.Sprintf("more than %d levels deep", MaxDepth))
	}
	// Within a word or number encoding/json tells the end by a space that is not there.
	early := strings.HasPrefix(syntax.Error(), "invalid character ' '") && data[at] != ' '
	if early || strings.HasPrefix(syntax.Error(), "unexpected end") {
		return jsonError(len(data), "unexpected end")
	}
	return jsonError(at, syntax.Error())
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}
