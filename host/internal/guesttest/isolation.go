package guesttest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// Isolation makes n calls, or if n is 0 a thousand (ten thousand in a full trial), that plant a random word in
// every place where a guest can keep something, give it to the host as well, and end in every way there is.
// Every few calls another searches all of its own memory, before and after growing it, for the words of all
// others. Calls run at the same time.
func Isolation(t *testing.T, e guest.Engine, n int) {
	if n == 0 {
		n = 1000
		if full() {
			n = 10_000
		}
	}
	isolation(t, e, n)
}

// ending is how a planting call ends. Codes are the faults that it may end with; none: it ends well.
type ending struct {
	name, operation string
	limits          abi.Limits
	cancel          bool // by the caller, at the guest's request
	codes           []abi.Code
}

const trialMemory = 32 << 20

var endings = []ending{
	{name: "result", operation: "ok"},
	{name: "own fault", operation: "fault"},
	{name: "trap", operation: "trap", codes: []abi.Code{abi.Internal}},
	{name: "panic", operation: "panic", codes: []abi.Code{abi.Internal}},
	{name: "exit", operation: "exit", codes: []abi.Code{abi.Internal}},
	{name: "no result", operation: "nothing", codes: []abi.Code{abi.Internal}},
	{name: "deadlock", operation: "lock", codes: []abi.Code{abi.Internal}},
	{name: "out of memory", operation: "memory", codes: []abi.Code{abi.LimitExceeded}},
	{name: "deep recursion", operation: "descend", codes: []abi.Code{abi.LimitExceeded, abi.Internal}},
	{name: "out of fuel", operation: "spin", limits: abi.Limits{Fuel: 20_000_000}, codes: []abi.Code{abi.LimitExceeded}},
	// On a busy machine a call may be stopped before it has planted anything; most are not.
	{name: "out of time", operation: "spin", limits: abi.Limits{Wall: 60 * time.Millisecond}, codes: []abi.Code{abi.Timeout}},
	{name: "cancelled", operation: "spin", cancel: true, codes: []abi.Code{abi.Canceled}},
}

// trial is what the calls of one trial share.
type trial struct {
	testing.TB
	program guest.Program
	mark    uint64 // first half of every word
	serial  atomic.Uint64
	ends    [16]atomic.Int64 // calls by ending
	scans   atomic.Int64
}

// searchEvery is how many planting calls there are for each one that searches.
const searchEvery = 8

func isolation(tb testing.TB, e guest.Engine, n int) {
	tb.Helper()
	tr := &trial{TB: tb, mark: rand.Uint64(), program: load(tb, e, guest.Module{Code: Guest(tb),
		WarmUp: []abi.Envelope{Action("random", nil).Envelope}})}
	tr.search(true)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range Concurrency {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n) && !tb.Failed(); i = next.Add(1) {
				if i%searchEvery == 0 {
					tr.search(false)
				} else {
					tr.plant(rand.N(len(endings)))
				}
			}
		})
	}
	wg.Wait()
	tr.search(false)
	tr.search(true)
	tr.report(n)
}

// plant makes a call that plants a word of its own.
func (tr *trial) plant(i int) {
	end := endings[i]
	tr.ends[i].Add(1)
	ctx, cancel := context.WithCancel(tr.Context())
	defer cancel()
	c := Action("plant", map[string]any{"Mark": ^tr.mark, "Serial": ^tr.serial.Add(1), "End": end.operation})
	c.Limits = end.limits
	c.Limits.Memory = trialMemory
	c.HTTP = func(_ context.Context, r abi.Request) abi.Response {
		if end.cancel {
			time.AfterFunc(5*time.Millisecond, cancel)
		}
		return abi.Response{Status: 200, Body: r.Body}
	}
	c.Log = func(abi.LogRecord) {}
	_, err := tr.program.Call(ctx, c)
	switch {
	case err == nil && end.codes != nil:
		tr.Errorf("%s: the call ended well, want a fault of %v", end.name, end.codes)
	case err != nil && !slices.Contains(end.codes, abi.AsFault(err).Code):
		tr.Errorf("%s: %v, want a fault of %v", end.name, err, end.codes)
	}
}

// search makes a call that looks for words. With own set it plants one first, which it has to find.
func (tr *trial) search(own bool) {
	tr.scans.Add(1)
	c := Action("scan", map[string]any{"Mark": ^tr.mark, "Own": own})
	c.Limits = abi.Limits{Memory: trialMemory, Wall: time.Minute, Fuel: 1 << 40}
	c.HTTP = answer(200)
	outcome, err := tr.program.Call(tr.Context(), c)
	if err != nil {
		tr.Errorf("search: %v", err)
		return
	}
	got := decode[struct{ Found, Bytes int }](tr.TB, outcome.Result.Output)
	if got.Bytes < 8<<20 {
		tr.Errorf("searched %d bytes only", got.Bytes)
	}
	if own != (got.Found > 0) {
		tr.Errorf("found %d words in %d bytes, one of them of this call: %v", got.Found, got.Bytes, own)
	}
}

// report says what was done, and fails a trial that has left out a way to end.
func (tr *trial) report(n int) {
	for i, end := range endings {
		if tr.ends[i].Load() == 0 && n >= 500 && !tr.Failed() {
			tr.Errorf("no call ended with: %s", end.name)
		}
		tr.Logf("%5d calls: %s", tr.ends[i].Load(), end.name)
	}
	tr.Logf("%5d searches", tr.scans.Load())
}
