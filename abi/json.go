package abi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of the JSON that may cross the boundary.
const (
	MaxDepth  = 128 // levels of arrays and objects
	MaxNumber = 64  // characters of one number
)

// ErrJSON is matched by every error of [CheckJSON].
var ErrJSON = errors.New("invalid JSON")

// CheckJSON reports whether data is one JSON value within the rules of the package comment: valid UTF-8,
// nothing after the value, at most [MaxDepth] levels, no duplicate keys, no number longer than [MaxNumber].
// encoding/json alone accepts all of these. The error names the byte offset and matches [ErrJSON].
func CheckJSON(data []byte) error {
	if i := invalidUTF8(data); i >= 0 {
		return jsonError(int64(i), "invalid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	c := checker{dec: dec}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && c.values > 0 && len(c.open) == 0 {
			return nil
		}
		if err != nil {
			return jsonError(dec.InputOffset(), syntaxText(err))
		}
		if err := c.token(tok); err != nil {
			return err
		}
	}
}

// checker follows the tokens of one document.
type checker struct {
	dec    *json.Decoder
	open   []level
	values int // top-level values begun
}

// level is an open array or object; keys is nil for an array.
type level struct {
	keys  map[string]bool
	isKey bool // the next token is a key
}

func (c *checker) token(tok json.Token) error {
	if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
		c.open = c.open[:len(c.open)-1]
		c.valueDone()
		return nil
	}
	if n := len(c.open); n > 0 && c.open[n-1].isKey {
		return c.key(tok)
	}
	if len(c.open) == 0 {
		if c.values++; c.values > 1 {
			return jsonError(c.dec.InputOffset(), "more than one value")
		}
	}
	switch v := tok.(type) {
	case json.Delim:
		return c.begin(v)
	case json.Number:
		if len(v) > MaxNumber {
			return jsonError(c.dec.InputOffset(), fmt.Sprintf("a number of %d characters, at most %d are allowed", len(v), MaxNumber))
		}
	}
	c.valueDone()
	return nil
}

func (c *checker) begin(d json.Delim) error {
	if len(c.open) == MaxDepth {
		return jsonError(c.dec.InputOffset(), fmt.Sprintf("more than %d levels deep", MaxDepth))
	}
	l := level{}
	if d == '{' {
		l.keys, l.isKey = map[string]bool{}, true
	}
	c.open = append(c.open, l)
	return nil
}

func (c *checker) key(tok json.Token) error {
	l := &c.open[len(c.open)-1]
	k, _ := tok.(string)
	if l.keys[k] {
		return jsonError(c.dec.InputOffset(), fmt.Sprintf("duplicate key %q", k))
	}
	l.keys[k], l.isKey = true, false
	return nil
}

// valueDone notes that the innermost object is ready for its next key.
func (c *checker) valueDone() {
	if n := len(c.open); n > 0 && c.open[n-1].keys != nil {
		c.open[n-1].isKey = true
	}
}

func jsonError(offset int64, what string) error {
	return fmt.Errorf("%w: byte %d: %s", ErrJSON, offset, what)
}

func syntaxText(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "unexpected end"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
