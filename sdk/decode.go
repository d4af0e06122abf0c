package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// decodeInput reads the input of an operation. The host has checked it against the manifest's schema, so a
// mismatch means that schema and Go type disagree: the fault names the place. Unknown keys are the schema's
// business and ignored here.
func decodeInput[In any](data json.RawMessage) (In, error) {
	var in In
	if len(data) == 0 {
		return in, nil
	}
	if err := unmarshal(data, &in); err != nil {
		f := Faultf(InvalidInput, "decode the input: %s", reason(err))
		return in, f.At(place(data, err))
	}
	return in, nil
}

// decodeKept reads a cursor or state, which an earlier call of this connector made.
func decodeKept(what string, data json.RawMessage, v any) (bool, error) {
	if len(data) == 0 || string(data) == "null" {
		return false, nil
	}
	if err := unmarshal(data, v); err != nil {
		return false, Faultf(Internal, "decode the %s: %s (an earlier version of the connector may have made it)", what, reason(err))
	}
	return true, nil
}

// unmarshal is json.Unmarshal, except that numbers read into an any are a json.Number with all their digits.
func unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("byte %d: data after the JSON value", dec.InputOffset())
	}
	return nil
}

// reason says what is wrong without Go's type names where JSON has a word.
func reason(err error) string {
	var t *json.UnmarshalTypeError
	if !errors.As(err, &t) {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	return fmt.Sprintf("want %s, got %s", jsonType(t.Type), t.Value)
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Int, reflect.Int64:
		return "an integer"
	}
	return "a number that fits " + t.Kind().String()
}

// place returns the JSON pointer (RFC 6901) of the value that a type error is about, or "". The error has a
// byte offset, which is the end of the first token of that value; its own path knows no array indices.
func place(data []byte, err error) string {
	var t *json.UnmarshalTypeError
	if !errors.As(err, &t) {
		return ""
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var p path
	for {
		tok, err := dec.Token()
		if err != nil {
			return ""
		}
		p.step(tok)
		if dec.InputOffset() >= t.Offset {
			return p.pointer()
		}
	}
}

// path is the way from the document's root to the latest token: the arrays and objects that are open.
type path []element

type element struct {
	object  bool
	begun   bool   // it has a member or element, and the way goes through the latest
	key     string // of that member
	index   int    // of that element
	awaited bool   // the member's key is read, its value is next
}

func (p *path) step(tok json.Token) {
	d, delim := tok.(json.Delim)
	if delim && (d == '}' || d == ']') {
		*p = (*p)[:len(*p)-1]
		return
	}
	if n := len(*p); n > 0 && (*p)[n-1].advance(tok) {
		return
	}
	if delim {
		*p = append(*p, element{object: d == '{'})
	}
}

// advance moves the element on to the value that tok begins, or reports true if tok is only its key.
func (e *element) advance(tok json.Token) bool {
	if e.object && !e.awaited {
		e.key, _ = tok.(string)
		e.begun, e.awaited = true, true
		return true
	}
	e.awaited = false
	if !e.object && e.begun {
		e.index++
	}
	e.begun = true
	return false
}

// pointer is the JSON pointer of the latest value. A container that has only been opened is itself that value.
func (p path) pointer() string {
	var b strings.Builder
	for _, e := range p {
		switch {
		case !e.begun:
		case e.object:
			b.WriteString("/" + escapePointer(e.key))
		default:
			b.WriteString("/" + strconv.Itoa(e.index))
		}
	}
	return b.String()
}

func escapePointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
