package sdktest

import (
	"encoding/json"
	"fmt"
	"time"

	"patchbay/abi"
	"patchbay/sdk"
)

// Pending is the error of a call that asked to be called again. Give its State to [Resume].
type Pending struct {
	State json.RawMessage
	After time.Duration
}

func (p *Pending) Error() string {
	return fmt.Sprintf("the call is pending, again in %v with state %s", p.After, p.State)
}

// Run runs an action and reads its output. The error is a [*sdk.Fault] if the connector returned one,
// a [*Pending] if it asked to be called again, and anything else if the test is wrong, see [Host.Do].
func Run[Out any](h *Host, action string, input any) (Out, error) {
	return done[Out](h, Call{Operation: action, Input: input})
}

// Resume runs the next try of an action that was pending, with the state it gave.
func Resume[Out any](h *Host, action string, input any, p *Pending) (Out, error) {
	return done[Out](h, Call{Operation: action, Input: input, State: p.State, Attempt: 2})
}

// RunPage runs a paged action for one page. cursor is the Cursor of the page before, nil for the first.
// The cursor of the page returned is a [json.RawMessage], nil on the last page.
func RunPage[T any](h *Host, action string, input, cursor any) (sdk.Page[T], error) {
	return page[T](h, Call{Operation: action, Input: input, Cursor: cursor})
}

// Poll polls a trigger once. cursor is the Cursor of the poll before, nil for the first.
// The cursor returned is a [json.RawMessage], nil if the trigger gave none.
func Poll[Event any](h *Host, trigger string, input, cursor any) (sdk.Page[Event], error) {
	return page[Event](h, Call{Kind: abi.KindTrigger, Operation: trigger, Input: input, Cursor: cursor})
}

// Options runs an options function for one page of choices.
func Options(h *Host, name string, input, cursor any) (sdk.Page[sdk.Option], error) {
	return page[sdk.Option](h, Call{Kind: abi.KindOptions, Operation: name, Input: input, Cursor: cursor})
}

// Schema runs a schema function.
func Schema(h *Host, name string, input any) (json.RawMessage, error) {
	return done[json.RawMessage](h, Call{Kind: abi.KindSchema, Operation: name, Input: input})
}

// Test runs the function that tests a connection.
func Test[Out any](h *Host, name string) (Out, error) {
	return done[Out](h, Call{Kind: abi.KindTest, Operation: name})
}

func done[Out any](h *Host, c Call) (Out, error) {
	var out Out
	r, err := h.expect(c, abi.StatusDone)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(r.Output, &out); err != nil {
		return out, fmt.Errorf("read the output of %s: %w", c.Operation, err)
	}
	return out, nil
}

func page[T any](h *Host, c Call) (sdk.Page[T], error) {
	r, err := h.expect(c, abi.StatusPage)
	if err != nil {
		return sdk.Page[T]{}, err
	}
	p := sdk.Page[T]{Items: make([]T, len(r.Items))}
	for i, item := range r.Items {
		if err := json.Unmarshal(item, &p.Items[i]); err != nil {
			return sdk.Page[T]{}, fmt.Errorf("read item %d of %s: %w", i, c.Operation, err)
		}
	}
	if !r.Last() {
		p.Cursor = r.Cursor
	}
	return p, nil
}

// expect runs a call that should have the given status, and makes errors of the others.
func (h *Host) expect(c Call, want abi.Status) (abi.Result, error) {
	r, err := h.Do(c)
	switch {
	case err != nil:
		return r, err
	case r.Status == abi.StatusFault:
		return r, r.Fault
	case r.Status == want:
		return r, nil
	case r.Status == abi.StatusPending:
		return r, &Pending{State: r.State, After: time.Duration(r.After * float64(time.Second))}
	}
	return r, fmt.Errorf("%s answered with the status %s, not %s", c.Operation, r.Status, want)
}
