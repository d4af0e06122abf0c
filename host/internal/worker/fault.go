package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"patchbay/abi"
)

// StartError is why a process did not become ready for calls. It unwraps to the error of a context that ended
// before.
type StartError struct {
	Problem string // in the words of the process, if it could say any
	cause   error
}

func (e *StartError) Error() string { return "start worker: " + e.Problem }
func (e *StartError) Unwrap() error { return e.cause }

var errWall = errors.New("wall limit reached") // cause of a context that our own timer ended

// stopFault says why a call had to stop, in the words of the engine that runs guests in this process.
func stopFault(ctx context.Context, limits abi.Limits) *abi.Fault {
	switch {
	case errors.Is(context.Cause(ctx), errWall):
		return abi.Faultf(abi.Timeout, "the call did not end within its wall limit of %v", limits.Wall)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return abi.Faultf(abi.Timeout, "the call did not end before its caller's deadline")
	}
	return abi.Faultf(abi.Canceled, "the call was cancelled by its caller")
}

func faultClosed() *abi.Fault {
	return abi.Faultf(abi.Unavailable, "the program is closed, load it again")
}

func faultDefect() *abi.Fault {
	return abi.Faultf(abi.Internal, "the host has a defect, its log says more")
}

func faultMalformed(err error) *abi.Fault {
	return abi.Faultf(abi.Internal, "the host made a malformed call: %v", err)
}

func faultStart(err error) *abi.Fault {
	return abi.Faultf(abi.Unavailable, "the connector's process cannot be started again: %v", err)
}

// faultBackOff and faultOpen are for calls that do not wait for the next process.
func faultBackOff(last string, wait time.Duration) *abi.Fault {
	return retry(wait, fmt.Sprintf("the connector's process %s, and is not started again at once", last))
}

func faultOpen(last string, wait time.Duration) *abi.Fault {
	return retry(wait, fmt.Sprintf("the connector's process dies again and again, and rests for a while; last time it %s", last))
}

func retry(wait time.Duration, message string) *abi.Fault {
	f := abi.Faultf(abi.Unavailable, "%s", message)
	f.RetryAfter = math.Ceil(wait.Seconds()*1000) / 1000
	return f
}

// fault is for the calls of a process that is gone.
func (w *worker) fault() *abi.Fault {
	w.mu.Lock()
	f := abi.Faultf(abi.Unavailable, "the connector's process %s", w.how())
	w.mu.Unlock()
	if _, stderr := w.process.describe(); stderr != "" {
		f.Details, _ = json.Marshal(map[string]string{"stderr": stderr}) // a map of strings always encodes
	}
	return f
}
