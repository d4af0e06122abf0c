package wasm

import (
	"errors"
	"fmt"
	"strings"
)

// Kinds of [Error], for errors.Is.
var (
	ErrNotWasm     = errors.New("not a WebAssembly module")
	ErrComponent   = errors.New("a WebAssembly component, not a core module")
	ErrMalformed   = errors.New("malformed module")
	ErrUnsupported = errors.New("unsupported WebAssembly feature")
	ErrLimit       = errors.New("module over a limit")
	ErrABI         = errors.New("not a Patchbay guest")
)

// Error says what is wrong with a module, where, and what to do about it. It matches its Kind.
type Error struct {
	Kind    error  // one of the sentinels of this package
	Section string // "import", "code", ...; empty for the file as a whole
	Entry   int    // index of the entry within the section, from 0; -1 when no single one is meant.
	// In the code section it is the function's index, which counts imported functions first.
	Offset  int    // byte of the file; -1 when the problem is something that is not there
	Problem string // what was found and what was expected
	Fix     string // what to do
}

// Error returns everything in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.Error())
	if place := e.Place(); place != "" {
		b.WriteString(": " + place)
	}
	b.WriteString(": " + e.Problem)
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// Place returns where the problem is: "import section, entry 3, byte 42", "code section, function 1234, byte 9876", or "" for the file as a whole.
func (e *Error) Place() string {
	var parts []string
	if e.Section != "" {
		parts = append(parts, e.Section+" section")
	}
	if e.Entry >= 0 {
		what := "entry"
		if e.Section == sectionCode {
			what = "function"
		}
		parts = append(parts, fmt.Sprintf("%s %d", what, e.Entry))
	}
	if e.Offset >= 0 {
		parts = append(parts, fmt.Sprintf("byte %d", e.Offset))
	}
	return strings.Join(parts, ", ")
}

// Unwrap returns the error's kind.
func (e *Error) Unwrap() error { return e.Kind }

// What to do, for the kinds that need one sentence only.
const (
	fixMalformed = "the file is damaged or was not written by a compiler: build it again"
	fixLimit     = "real connectors stay far below this: check what was compiled in"
	fixFeature   = "compile for WebAssembly 2.0 without it"
)
