package abi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Code classifies a [Fault]. The list is closed: an unknown code is read as [Internal].
type Code string

// Codes, in the order of the package comment's table.
const (
	InvalidInput  Code = "invalid_input"
	Unauthorized  Code = "unauthorized"
	Forbidden     Code = "forbidden"
	NotFound      Code = "not_found"
	Conflict      Code = "conflict"
	RateLimited   Code = "rate_limited"
	Unavailable   Code = "unavailable"
	Timeout       Code = "timeout"
	InDoubt       Code = "in_doubt"
	LimitExceeded Code = "limit_exceeded"
	Canceled      Code = "canceled"
	Internal      Code = "internal"
)

// Codes lists every code once.
var Codes = []Code{InvalidInput, Unauthorized, Forbidden, NotFound, Conflict, RateLimited, Unavailable,
	Timeout, InDoubt, LimitExceeded, Canceled, Internal}

// verbs says in one word what must happen before the same call may be made again.
var verbs = map[Code]string{
	InvalidInput:  "fix",
	Unauthorized:  "reconnect",
	Forbidden:     "allow",
	NotFound:      "fix",
	Conflict:      "reread",
	RateLimited:   "wait",
	Unavailable:   "wait",
	Timeout:       "wait",
	InDoubt:       "look",
	LimitExceeded: "shrink",
	Canceled:      "repeat",
	Internal:      "report",
}

// Known reports whether c is one of [Codes].
func (c Code) Known() bool {
	for _, k := range Codes {
		if c == k {
			return true
		}
	}
	return false
}

// Retry returns the code's retry verb, one word for a program to act on: fix, reconnect, allow, reread, wait, look,
// shrink, repeat or report, as the package comment's table explains them. An unknown code has that of [Internal].
func (c Code) Retry() string {
	if verb, ok := verbs[c]; ok {
		return verb
	}
	return verbs[Internal]
}

// Temporary reports whether the same call may succeed later without anyone changing anything.
func (c Code) Temporary() bool { return c == RateLimited || c == Unavailable || c == Timeout }

// Fault is an error that crosses the boundary between guest and host. It implements error.
type Fault struct {
	Code       Code            `json:"code"`
	Message    string          `json:"message"`
	Field      string          `json:"field,omitempty"`       // JSON pointer into the input
	RetryAfter float64         `json:"retry_after,omitempty"` // seconds
	Details    json.RawMessage `json:"details,omitempty"`     // any JSON object, for logs
}

// Faultf makes a fault with a formatted message.
func Faultf(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns the message, with the field it is about.
func (f *Fault) Error() string {
	if f == nil {
		return "a fault that is nil"
	}
	var b strings.Builder
	b.WriteString(string(f.Code))
	if f.Field != "" {
		b.WriteString(" at " + f.Field)
	}
	b.WriteString(": " + f.Message)
	return b.String()
}

// AsFault returns the fault in err's tree, or an [Internal] one with err's text.
func AsFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) && f != nil {
		return f
	}
	return &Fault{Code: Internal, Message: err.Error()}
}

// validate checks a fault that came across the boundary. A code of a later version becomes [Internal], the
// one that nobody tries again.
func (f *Fault) validate() error {
	switch {
	case f == nil:
		return errors.New("fault without a fault object")
	case f.Code == "":
		return errors.New("fault without a code")
	case f.Message == "":
		return errors.New("fault without a message")
	case isSet(f.Details) && f.Details[0] != '{':
		return errors.New("fault with details that are no object")
	case f.RetryAfter < 0:
		return fmt.Errorf("fault with a negative retry_after %v", f.RetryAfter)
	}
	if !f.Code.Known() {
		f.Code = Internal
	}
	return nil
}

// At sets the fault's field, a JSON pointer into the input, and returns the fault.
func (f *Fault) At(pointer string) *Fault {
	f.Field = pointer
	return f
}
