package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"patchbay/abi"
)

// Exit codes, as the package comment lists them.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitUsage       = 2
	ExitFindings    = 3
	ExitNotFound    = 4
	ExitNotTrusted  = 5
	ExitInterrupted = 130
)

// Error is an error with advice and an exit code.
type Error struct {
	Err  error
	Hint string // what to do or type next; may be empty
	Exit int    // 0: found from Err, see [Exit]
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Hint adds advice to err, keeping its exit code. A nil err stays nil.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Err: err, Hint: fmt.Sprintf(format, args...)}
}

// Advise is [Hint] for errors that may bear advice already: the more particular advice stays.
func Advise(err error, advice string) error {
	if err == nil || hint(err) != "" {
		return err
	}
	return &Error{Err: err, Hint: advice}
}

// Usage is an error of a command that was typed wrongly.
func Usage(format string, args ...any) error {
	return &Error{Err: fmt.Errorf(format, args...), Exit: ExitUsage}
}

// WithExit gives err an exit code. A nil err stays nil.
func WithExit(err error, code int) error {
	if err == nil {
		return nil
	}
	return &Error{Err: err, Exit: code}
}

// Printed marks an error that the command's own result already says, so that with --json nothing but the
// result is printed. A nil err stays nil.
func Printed(err error) error {
	if err == nil {
		return nil
	}
	return &printed{err}
}

type printed struct{ error }

func (p *printed) Unwrap() error { return p.error }

// Exit returns the exit code for err: the outermost one that was given, else one by what err matches.
func Exit(err error) int {
	if err == nil {
		return ExitOK
	}
	code := 0
	search(err, func(e *Error) bool { code = e.Exit; return code != 0 })
	if code != 0 {
		return code
	}
	var f *abi.Fault
	errors.As(err, &f)
	switch {
	case errors.Is(err, context.Canceled), f != nil && f.Code == abi.Canceled:
		return ExitInterrupted
	case errors.Is(err, fs.ErrNotExist), f != nil && f.Code == abi.NotFound:
		return ExitNotFound
	}
	return ExitError
}

// hint returns the outermost advice in err's tree.
func hint(err error) (advice string) {
	search(err, func(e *Error) bool { advice = e.Hint; return advice != "" })
	return advice
}

// search shows every [Error] in err's tree to found, the outermost first, until found says that it has it.
// errors.As would stop at the first one of joined errors.
func search(err error, found func(*Error) bool) bool {
	if e, ok := err.(*Error); ok && found(e) {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return search(e.Unwrap(), found)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if search(err, found) {
				return true
			}
		}
	}
	return false
}

// report prints err for the command name and returns its exit code.
func report(s *Streams, name string, err error) int {
	code := Exit(err)
	var done *printed
	if s.JSON && !errors.As(err, &done) {
		reportJSON(s, err, code)
	}
	fmt.Fprintf(s.Err, "%s: error: %s\n", name, indent(err.Error()))
	if h := hint(err); h != "" {
		fmt.Fprintf(s.Err, "%s: hint: %s\n", name, indent(h))
	}
	return code
}

func reportJSON(s *Streams, err error, code int) {
	body := struct {
		Message string     `json:"message"`
		Hint    string     `json:"hint,omitempty"`
		Exit    int        `json:"exit"`
		Fault   *abi.Fault `json:"fault,omitempty"`
		Retry   string     `json:"retry,omitempty"` // the fault's retry verb
	}{Message: err.Error(), Hint: hint(err), Exit: code}
	if errors.As(err, &body.Fault) {
		body.Retry = body.Fault.Code.Retry()
	}
	enc := json.NewEncoder(s.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	// Standard output may be gone; the text on standard error is still printed.
	_ = enc.Encode(map[string]any{"error": body})
}

// indent keeps the lines of a longer text together, and takes out what a stranger's words may do to a terminal.
func indent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n  ")
}
