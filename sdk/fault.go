package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"time"

	"patchbay/abi"
)

// Fault is an error that crosses the boundary to the host, see [abi.Fault]. Return one from a handler to
// say what went wrong and who may try again.
type Fault = abi.Fault

// Code classifies a [Fault].
type Code = abi.Code

// Codes, see package abi for who may try again after each.
const (
	InvalidInput  = abi.InvalidInput
	Unauthorized  = abi.Unauthorized
	Forbidden     = abi.Forbidden
	NotFound      = abi.NotFound
	Conflict      = abi.Conflict
	RateLimited   = abi.RateLimited
	Unavailable   = abi.Unavailable
	Timeout       = abi.Timeout
	InDoubt       = abi.InDoubt
	LimitExceeded = abi.LimitExceeded
	Canceled      = abi.Canceled
	Internal      = abi.Internal
)

// Faultf makes a fault with a formatted message. Say what happened and what to do; never put a credential in it.
// Name the input field at fault with [abi.Fault.At]: Faultf(InvalidInput, "no such list").At("/list_id").
func Faultf(code Code, format string, args ...any) *Fault {
	return abi.Faultf(code, format, args...)
}

// Pending is returned by an action, in place of an error, when the vendor goes on working: the host stores
// state (any value that encodes to JSON) and calls the action again after the given time with the same
// input. The next try reads the state with [Call.State]. At most a week.
func Pending(state any, after time.Duration) error {
	return &pending{state: state, after: after}
}

// pending is an error only so that a handler needs no third result.
type pending struct {
	state any
	after time.Duration
}

func (p *pending) Error() string {
	return "pending: ask again in " + p.after.String()
}

func (p *pending) result() (abi.Result, error) {
	if p.after < 0 || p.after.Seconds() > abi.MaxAfter {
		return abi.Result{}, Faultf(Internal, "pending for %v, want 0 to %v", p.after, abi.MaxAfter*time.Second)
	}
	state, err := encode("state", p.state)
	if err != nil {
		return abi.Result{}, err
	}
	return abi.Result{Status: abi.StatusPending, State: state, After: p.after.Seconds()}, nil
}

// errorResult turns a handler's error into a result.
func errorResult(err error) abi.Result {
	var p *pending
	if errors.As(err, &p) {
		r, perr := p.result()
		if perr == nil {
			return r
		}
		err = perr
	}
	return abi.Fail(presentable(abi.AsFault(err)))
}

// presentable returns f, or a copy without whatever the host would refuse, so that a mistake in a fault
// never hides the fault.
func presentable(f *Fault) *Fault {
	c := *f
	if !c.Code.Known() {
		c.Message = "(" + string(c.Code) + ") " + c.Message
		c.Code = Internal
	}
	if c.Message == "" {
		c.Message = "no message"
	}
	if !(c.RetryAfter >= 0) || math.IsInf(c.RetryAfter, 1) {
		c.RetryAfter = 0
	}
	if !json.Valid(c.Details) || bytes.TrimSpace(c.Details)[0] != '{' {
		c.Details = nil
	}
	return &c
}
