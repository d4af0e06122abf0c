// Package cli is what the commands host and pack share: their streams, the way they print results and
// errors, and their exit codes. Not for use outside this module.
//
// A command writes its result to standard output and everything else (progress, notes, errors) to standard
// error. With --json the result is one JSON document on standard output, and so is an error:
//
//	{"error": {"message": "…", "hint": "…", "exit": 4, "fault": {…}}}
//
// Errors are printed for people as two lines, "host: error: …" and, where there is something to do,
// "host: hint: …".
//
// # Exit codes
//
//	0    done
//	1    error
//	2    the command was typed wrongly
//	3    findings: the checked thing is not in order
//	4    not found
//	5    not trusted: unsigned, signed by somebody else, or changed
//	130  interrupted
package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"
)

// Streams are a command's input and outputs.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	JSON     bool // --json was given
	Terminal bool // a person sits at In and Err

	asking atomic.Pointer[question] // the one that is open
	notes  *bytes.Buffer            // those of a result that is being written
}

// Standard returns the process's own streams.
func Standard() *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Interactive reports whether the command may ask questions.
func (s *Streams) Interactive() bool { return s.Terminal && !s.JSON }

// Note writes one line for people to standard error; with --json it is dropped. Notes that a result's text makes come
// after the result.
func (s *Streams) Note(format string, args ...any) {
	switch {
	case s.JSON:
	case s.notes != nil:
		fmt.Fprintf(s.notes, format+"\n", args...)
	default:
		fmt.Fprintf(s.Err, format+"\n", args...)
	}
}

// Tell writes one line that somebody has to read for the command to go on, to standard error, with --json too.
func (s *Streams) Tell(format string, args ...any) { fmt.Fprintf(s.Err, format+"\n", args...) }

// Progress shows a line on a terminal, in place of the one before; "" takes it away. Elsewhere it shows nothing.
func (s *Streams) Progress(format string, args ...any) {
	if s.Interactive() {
		fmt.Fprintf(s.Err, "\r\x1b[K"+format, args...)
	}
}

// Print writes a result: value as JSON with --json, else what text writes.
func (s *Streams) Print(value any, text func(w io.Writer)) error {
	if !s.JSON {
		out := &keeper{w: bufio.NewWriter(s.Out)}
		s.notes = &bytes.Buffer{}
		text(out)
		err := out.flush()
		_, _ = s.notes.WriteTo(s.Err) // which is where its failure would be told
		s.notes = nil
		return err
	}
	enc := json.NewEncoder(s.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

// keeper keeps the first error of its writer, which those who print lines do not look at: a result that was
// lost must not end with exit code 0.
type keeper struct {
	w   *bufio.Writer
	err error
}

func (k *keeper) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	if k.err == nil {
		k.err = err
	}
	return n, err
}

func (k *keeper) flush() error {
	if err := k.w.Flush(); k.err == nil {
		k.err = err
	}
	return k.err
}
