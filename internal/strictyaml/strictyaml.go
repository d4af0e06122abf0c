package strictyaml

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of a document.
const (
	MaxSize   = 1 << 20 // bytes
	MaxDepth  = 64      // levels of mappings and sequences
	MaxNumber = 64      // characters of one number
)

// Position is a place in the text. Lines and columns count from 1; a column counts characters, not bytes.
type Position struct {
	Line, Column int
}

// Document is a YAML document as data, with the place of everything in it.
type Document struct {
	// Value is built of map[string]any, []any, string, json.Number, bool and nil.
	Value any

	root *node
}

// node is the place of one value and of those within it.
type node struct {
	key, at Position
	fields  map[string]*node
	items   []*node
}

// Position returns the place of the value that the JSON pointer (RFC 6901) names. Where there is no such
// value it is the place of the nearest one around it.
func (d *Document) Position(pointer string) Position {
	return d.find(pointer).at
}

// Key returns the place of the key under which the value stands that the JSON pointer names. A value without
// a key, such as a list's item, answers with its own place.
func (d *Document) Key(pointer string) Position {
	n := d.find(pointer)
	if n.key == (Position{}) {
		return n.at
	}
	return n.key
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func (d *Document) find(pointer string) *node {
	n := d.root
	for pointer != "" {
		var name string
		name, pointer, _ = strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
		if pointer != "" {
			pointer = "/" + pointer
		}
		next := n.child(unescape.Replace(name))
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func (n *node) child(name string) *node {
	if n.fields != nil {
		return n.fields[name]
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.items) {
		return n.items[i]
	}
	return nil
}

// Error is one reason why a document was refused.
type Error struct {
	Position
	Message string // what is wrong
	Fix     string // what to do about it, may be empty
}

func (e Error) Error() string {
	s := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	if e.Fix != "" {
		s += ": " + e.Fix
	}
	return s
}

// Errors are the reasons why a document was refused, in the order of the text. There is at least one.
type Errors []Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}
