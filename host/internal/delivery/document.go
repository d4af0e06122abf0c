package delivery

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
)

const (
	maxBody  = 1 << 20 // bytes; nobody explains an error at such length, and success may be very long
	maxWords = 1 << 10 // bytes of the vendor's words in a message
)

// document is the body of a response as JSON, read when somebody asks for a part of it and no more than once.
type document struct {
	raw  []byte
	read bool
	root any
}

// at returns the value at a JSON pointer (RFC 6901). A null counts as nothing, and so does a body that is no JSON or
// longer than maxBody.
func (d *document) at(pointer string) (any, bool) {
	if !d.read {
		d.read = true
		d.root = parse(d.raw)
	}
	value := d.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		value = child(value, unescape.Replace(token))
	}
	return value, value != nil
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func parse(raw []byte) (root any) {
	if len(raw) > maxBody {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&root) != nil {
		return nil
	}
	return root
}

func child(value any, token string) any {
	switch v := value.(type) {
	case map[string]any:
		return v[token]
	case []any:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(v) && strconv.Itoa(i) == token {
			return v[i]
		}
	}
	return nil
}

// text is the value at pointer for people, or "".
func (d *document) text(pointer string) string {
	if pointer == "" {
		return ""
	}
	value, _ := d.at(pointer)
	return clean(scalar(value), maxWords)
}

// scalar is a value as text: a string, or a number, true or false as it is written in JSON. Anything else is "".
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// clean makes a stranger's text fit for a message: one line, no control or invisible characters, at most n bytes.
func clean(s string, n int) string {
	const ellipsis = "..."
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n-len(ellipsis)], "") + ellipsis
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
