package worker

import (
	"encoding/json"
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
