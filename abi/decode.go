package abi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// decode checks a document of the boundary and reads it into v, a pointer to a struct of this package.
// Unknown keys are ignored. Numbers that end in an any are a [json.Number].
func decode(data []byte, v any) error {
	if err := CheckJSON(data); err != nil {
		return err
	}
	if err := exactKeys(data, reflect.TypeOf(v)); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// exactKeys refuses a key that only differs from a known one in case. encoding/json would take it for that
// one, and so read "Status" beside "status" as its duplicate, where other implementations ignore it.
func exactKeys(data []byte, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var object map[string]json.RawMessage
	if t.Kind() != reflect.Struct || json.Unmarshal(data, &object) != nil {
		return nil // no object: the decoder says so
	}
	for key, value := range object {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if key != name {
				if name != "-" && strings.EqualFold(key, name) {
					return fmt.Errorf("key %q must be written %q", key, name)
				}
				continue
			}
			if err := exactKeys(value, f.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

// isSet reports whether an optional value is there: absent and null are the same.
func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
