package abi

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Status says which kind of [Result] a call gave.
type Status string

// Statuses of a result.
const (
	StatusDone    Status = "done"
	StatusPending Status = "pending"
	StatusPage    Status = "page"
	StatusFault   Status = "fault"
)

// Result is what a guest gives back for one call. Only the fields of its status are set.
type Result struct {
	Status Status            `json:"status"`
	Output json.RawMessage   `json:"output,omitempty"` // done
	State  json.RawMessage   `json:"state,omitempty"`  // pending: handed back with the next try
	After  float64           `json:"after,omitempty"`  // pending: seconds until the next try
	Items  []json.RawMessage `json:"items,omitempty"`  // page
	Cursor json.RawMessage   `json:"cursor,omitempty"` // page: absent or null on the last one
	Fault  *Fault            `json:"fault,omitempty"`  // fault
}

// Done is a finished call's result. A nil output stands for JSON null.
func Done(output json.RawMessage) Result {
	if output == nil {
		output = json.RawMessage("null")
	}
	return Result{Status: StatusDone, Output: output}
}

// Fail is the result of a call that ended with f.
func Fail(f *Fault) Result { return Result{Status: StatusFault, Fault: f} }

// DecodeResult reads a guest's result and checks it: the JSON rules of the package comment first, then
// that it has a known status and the fields of that status.
func DecodeResult(data []byte) (Result, error) {
	if err := CheckJSON(data); err != nil {
		return Result{}, fmt.Errorf("result: %w", err)
	}
	var r Result
	if err := json.Unmarshal(data, &r); err != nil {
		return Result{}, fmt.Errorf("result: %v", err)
	}
	if err := r.validate(); err != nil {
		return Result{}, fmt.Errorf("result: %w", err)
	}
	return r, nil
}

func (r *Result) validate() error {
	switch r.Status {
	case StatusDone:
		if r.Output == nil {
			return errors.New("done without an output")
		}
	case StatusPending:
		if r.After < 0 || r.After > MaxAfter {
			return fmt.Errorf("pending for %v seconds, want 0 to %v", r.After, float64(MaxAfter))
		}
	case StatusPage:
	case StatusFault:
		return r.Fault.validate()
	default:
		return fmt.Errorf("unknown status %q", r.Status)
	}
	return nil
}

// Last reports whether a page says that no other follows.
func (r *Result) Last() bool { return len(r.Cursor) == 0 || string(r.Cursor) == "null" }

// MaxAfter is the longest time, in seconds, that a pending result may ask for: a week.
const MaxAfter = 7 * 24 * 3600
