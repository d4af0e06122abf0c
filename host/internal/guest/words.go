package guest

import "strings"

// MaxWords is how many bytes [LastWords] keeps.
const MaxWords = 4 << 10

// LastWords keeps what a guest or its process has printed last or, once a runtime has said why it gives up, what
// it printed from there on: Go says first why, and then where each goroutine is, for more than fits.
type LastWords struct {
	kept   []byte
	reason string
}

// reasons begin the lines with which runtimes give up, those of Go and of Rust.
var reasons = []string{"panic: ", "fatal error: ", "thread '", outOfMemory}

// outOfMemory is how Rust's says that memory is used up; Go's has it within a fatal error.
const outOfMemory = "memory allocation of "

// Add takes a line, or the beginning or a part of one.
func (w *LastWords) Add(text string) {
	for _, start := range reasons {
		if strings.HasPrefix(text, start) {
			w.reason, w.kept = text, w.kept[:0]
		}
	}
	w.kept = append(w.kept, text...)
	if extra := len(w.kept) - MaxWords; extra > 0 && w.reason == "" {
		w.kept = append(w.kept[:0], w.kept[extra:]...)
	} else if extra > 0 {
		w.kept = w.kept[:MaxWords]
	}
}

// Text returns what is kept. It may begin or end within a character.
func (w *LastWords) Text() string { return string(w.kept) }

// Reason returns the line that says why the runtime gave up; empty if it has not.
func (w *LastWords) Reason() string { return w.reason }
