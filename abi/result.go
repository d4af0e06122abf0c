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
	Status Status          `json:"status"`
	Output json.RawMessage `json:"output,omitempty"` // done
	State  json.RawMessage `json:"state,omitempty"`  // pending: handed back with the next try
	After  float64         `json:"after,omitempty"`  // pending: seconds until the next try
	Items  Items           `json:"items,omitempty"`  // page: at most MaxItems
	Cursor json.RawMessage `json:"cursor,omitempty"` // page: absent or null on the last one
	Fault  *Fault          `json:"fault,omitempty"`  // fault
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
// that it has a known status, the fields of that status and none of another's.
func DecodeResult(data []byte) (Result, error) {
	var r Result
	if err := decode(data, &r); err != nil {
		return Result{}, fmt.Errorf("result: %w", err)
	}
	if err := r.validate(); err != nil {
		return Result{}, fmt.Errorf("result: %w", err)
	}
	return r, nil
}

func (r *Result) validate() error {
	if err := r.stray(); err != nil {
		return err
	}
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

// stray refuses a field that belongs to another status: such a result has two readings.
func (r *Result) stray() error {
	for _, f := range []struct {
		name   string
		set    bool
		status Status
	}{
		{"output", isSet(r.Output), StatusDone},
		{"state", isSet(r.State), StatusPending},
		{"after", r.After != 0, StatusPending},
		{"items", r.Items != nil, StatusPage},
		{"cursor", isSet(r.Cursor), StatusPage},
		{"fault", r.Fault != nil, StatusFault},
	} {
		if f.set && r.Status.known() && f.status != r.Status {
			return fmt.Errorf("status %s with the field %s, which belongs to %s", r.Status, f.name, f.status)
		}
	}
	return nil
}

func (s Status) known() bool {
	return s == StatusDone || s == StatusPending || s == StatusPage || s == StatusFault
}

// Last reports whether a page says that no other follows.
func (r *Result) Last() bool { return !isSet(r.Cursor) }

// MaxAfter is the longest time, in seconds, that a pending result may ask for: a week.
const MaxAfter = 7 * 24 * 3600

// MaxItems is how many items one page may have.
const MaxItems = 10_000

// Items are the items of one page.
type Items []json.RawMessage

// UnmarshalJSON refuses more than [MaxItems] before there is memory for them: an item of one byte takes thirty here.
func (items *Items) UnmarshalJSON(data []byte) error {
	if longer(data, MaxItems) {
		return fmt.Errorf("a page of more than %d items", MaxItems)
	}
	return json.Unmarshal(data, (*[]json.RawMessage)(items))
}
