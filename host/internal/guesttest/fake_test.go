package guesttest

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// answerer is what a fake guest does in a call: it returns the output, or the engine's verdict.
type answerer func(ctx context.Context, c guest.Call) (output any, _ error)

// fake is an engine that runs no guest, and its own program, one at a time. It takes any module.
type fake struct {
	answer answerer
	usage  guest.Usage
	slots  chan struct{} // nil: as many calls at a time as come

	mu     sync.Mutex
	closed bool
}

func (f *fake) Load(context.Context, guest.Module) (guest.Program, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = false
	return f, nil
}

func (f *fake) Close(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *fake) Call(ctx context.Context, c guest.Call) (guest.Outcome, error) {
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return guest.Outcome{}, abi.Faultf(abi.Unavailable, "the program is closed")
	}
	if f.slots != nil {
		select {
		case f.slots <- struct{}{}:
			defer func() { <-f.slots }()
		case <-ctx.Done():
			return guest.Outcome{}, abi.Faultf(abi.Timeout, "no slot before its caller's deadline")
		}
	}
	output, err := f.answer(ctx, c)
	if err != nil {
		return guest.Outcome{Usage: f.usage}, err
	}
	if r, ok := output.(abi.Result); ok {
		return guest.Outcome{Result: r, Usage: f.usage}, nil
	}
	data, err := json.Marshal(output)
	return guest.Outcome{Result: abi.Done(data), Usage: f.usage}, err
}

// always answers every call with the same.
func always(output any) answerer {
	return func(context.Context, guest.Call) (any, error) { return output, nil }
}

// fails gives every call of the operation the same verdict, and counts to 1 in all others.
func fails(operation string, code abi.Code, message string) answerer {
	return func(_ context.Context, c guest.Call) (any, error) {
		if c.Envelope.Operation == operation {
			return nil, abi.Faultf(code, "%s", message)
		}
		return 1, nil
	}
}

// recorderTB is a test that is expected to fail.
type recorderTB struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorderTB) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorderTB) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorderTB) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorderTB) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

func (r *recorderTB) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

func (r *recorderTB) Logf(string, ...any) {}

func (r *recorderTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// failures runs f and returns in what it has failed.
func failures(t *testing.T, f func(testing.TB)) []string {
	r := &recorderTB{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() { f(r) })
	wg.Wait()
	for _, cleanup := range slices.Backward(r.cleanups) {
		cleanup()
	}
	return r.failures
}
