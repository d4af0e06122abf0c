package guesttest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

func TestChecksHaveNames(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range checks() {
		if names[c.name] || !strings.Contains(c.name, "/") {
			t.Errorf("check %q: a second one, or without an area", c.name)
		}
		names[c.name] = true
	}
}

// TestChecksCanFail shows checks an engine that does as they ask, and engines that do not.
func TestChecksCanFail(t *testing.T) {
	t.Parallel()
	fault := &abi.Fault{Code: abi.Conflict, Message: "m"}
	pages := func(numbers ...int64) answerer { return always(numbers) }
	tests := []struct {
		check string
		good  answerer
		bad   []answerer
	}{
		{"result/guest's own fault", always(abi.Fail(fault)), []answerer{always(1), fails("fault", abi.Conflict, "m")}},
		{"result/numbers as written", always(abi.Result{Status: abi.StatusPage, Cursor: json.RawMessage("12345678901234567890"),
			Items: []json.RawMessage{json.RawMessage("1.10"), json.RawMessage(`{"b":2,"a":"é"}`)}}), []answerer{
			always(abi.Result{Status: abi.StatusPage, Cursor: json.RawMessage("12345678901234567000"),
				Items: []json.RawMessage{json.RawMessage("1.1"), json.RawMessage(`{"b":2,"a":"é"}`)}})}},
		{"result/overwritten afterwards", always(true), []answerer{always(false)}},
		{"fault/no result", fails("silent", abi.Internal, "the guest gave no result"), []answerer{always(1), fails("silent", abi.Timeout, "no result"), fails("silent", abi.Internal, "oops")}},
		{"limit/fuel", fails("spin", abi.LimitExceeded, "ran out of fuel, its limit is 5000000"), []answerer{always(1), fails("spin", abi.Timeout, "fuel 5000000"), fails("spin", abi.LimitExceeded, "too much")}},
		{"limit/memory, by hand", growing(16), []answerer{growing(17), pages(1, 1, 16, -1, 16, -1, 16)}},
		{"limit/host calls", counting(false), []answerer{counting(true)}},
		{"stop/wall, loop", late(0), []answerer{always(1), late(2 * time.Second), fails("spin", abi.Timeout, "slow")}},
		{"stop/cancel, spin", cancelled(abi.Canceled), []answerer{cancelled(abi.Timeout)}},
		{"host/modules hold replies of their own", pages(0, 8, 8, 0), []answerer{pages(0, 0, 8, 0), pages(0, 8, 8, 8)}},
		{"HTTP/the host keeps a copy", copies(true), []answerer{copies(false)}},
		{"pointer/WASI", pages(slices.Repeat([]int64{21}, 64)...), []answerer{pages(append(slices.Repeat([]int64{21}, 63), 0)...)}},
		{"pointer/call and take", pages(slices.Repeat([]int64{efault}, 48)...), []answerer{pages(append([]int64{0}, slices.Repeat([]int64{efault}, 47)...)...), pages(slices.Repeat([]int64{e2big}, 48)...)}},
		{"state/globals", pages(5, -6, 0x3ff0_0000_0000_0000, 0), []answerer{pages(9, 9, 9, 0)}},
		{"state/a Go guest's variables", always(1), []answerer{always(2)}},
		{"chance/a Go guest", drawing(false), []answerer{drawing(true)}},
		{"clock/monotonic", pages(1, 0, 2, 0, 2), []answerer{pages(0, 0, 0, 0, 0), pages(5, 0, 2, 0, 7), pages(1, 0, 3, 0, 2)}},
		{"world/time", inTheWorld(0), []answerer{inTheWorld(1), always(diary{})}},
		{"world/deadline", always(abi.Envelope{Deadline: 20}), []answerer{always(abi.Envelope{Deadline: 19.999})}},
	}
	for _, tt := range tests {
		t.Run(tt.check, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(checks(), func(c check) bool { return c.name == tt.check })
			if i < 0 {
				t.Fatal("no such check")
			}
			run := func(a answerer) []string {
				f := &fake{answer: a}
				return failures(t, func(tb testing.TB) { checks()[i].run(tb, &session{engine: f, program: f}) })
			}
			if got := run(tt.good); len(got) > 0 {
				t.Errorf("an engine that does as it should fails: %q", got)
			}
			for n, bad := range tt.bad {
				if len(run(bad)) == 0 {
					t.Errorf("wrong engine %d passes", n)
				}
			}
		})
	}
}

// growing answers the two calls of a guest that grows to so many pages, and the one of a guest that traps then.
func growing(pages int64) answerer {
	n := 0
	return func(context.Context, guest.Call) (any, error) {
		if n++; n > 2 {
			return nil, abi.Faultf(abi.LimitExceeded, "ran out of memory, its limit is 1048576 bytes")
		}
		return []int64{1, 1, pages, -1, pages, -1, pages}, nil
	}
}

// counting answers callflood, with a call too many if over is set.
func counting(over bool) answerer {
	return func(_ context.Context, c guest.Call) (any, error) {
		limit := c.Limits.WithDefaults().HostCalls
		if over {
			limit++
		}
		var asked int
		err := json.Unmarshal(c.Envelope.Input, &asked)
		return map[int64]int{0: limit, enospc: asked - limit}, err
	}
}

// late stops a loop so long after its wall limit.
func late(by time.Duration) answerer {
	return func(ctx context.Context, c guest.Call) (any, error) {
		if c.Envelope.Operation != "spin" {
			return 1, nil
		}
		<-time.After(c.Limits.Wall + by)
		return nil, abi.Faultf(abi.Timeout, "the call did not end within its wall limit of %v", c.Limits.Wall)
	}
}

func cancelled(code abi.Code) answerer {
	return func(ctx context.Context, c guest.Call) (any, error) {
		if c.Envelope.Operation != "spin" {
			return 1, nil
		}
		<-ctx.Done()
		return nil, abi.Faultf(code, "stopped")
	}
}

// copies makes the two requests of a guest that writes over its buffer between them.
func copies(copied bool) answerer {
	return func(ctx context.Context, c guest.Call) (any, error) {
		memory := []byte("first body")
		send := func() {
			body := memory
			if copied {
				body = slices.Clone(memory)
			}
			c.HTTP(ctx, abi.Request{Method: "PUT", URL: "https://a.example/", Body: body})
		}
		send()
		copy(memory, "xxxxxxxxxx")
		send()
		return []int64{0}, nil
	}
}

// drawing returns random numbers, one source of which repeats itself if told to.
func drawing(repeats bool) answerer {
	n := 0
	return func(context.Context, guest.Call) (any, error) {
		n++
		out := map[string]string{"crypto/rand": fmt.Sprint("a", n), "math/rand": fmt.Sprint("b", n), "math/rand/v2": fmt.Sprint("c", n), "map": "d"}
		if repeats {
			out["math/rand"] = "b"
		}
		return out, nil
	}
}

// inTheWorld has a clock that runs on by so much while nobody sleeps.
func inTheWorld(drift int64) answerer {
	return func(_ context.Context, c guest.Call) (any, error) {
		const slept = int64(50 * time.Millisecond)
		now := c.World.Now.UnixNano()
		return diary{Before: now, Slept: slept, After: now + slept + drift}, nil
	}
}

func TestConcurrencyChecksCanFail(t *testing.T) {
	t.Parallel()
	hold := func(ctx context.Context, c guest.Call) (any, error) { return c.HTTP(ctx, abi.Request{}).Status, nil }
	i := slices.IndexFunc(checks(), func(c check) bool { return c.name == "concurrency/bounded" })
	run := func(slots int) []string {
		f := &fake{answer: hold, slots: make(chan struct{}, slots)}
		return failures(t, func(tb testing.TB) { checks()[i].run(tb, &session{engine: f, program: f}) })
	}
	if got := run(Concurrency); len(got) > 0 {
		t.Errorf("an engine that runs as many calls as it should fails: %q", got)
	}
	if got := run(2 * Concurrency); len(got) == 0 {
		t.Error("an engine that runs twice as many passes")
	}
}

func TestIsolationCanFail(t *testing.T) {
	t.Parallel()
	// The engine answers searches with n words found, and one more if the search has planted one.
	trial := func(n, bytes int) []string {
		f := &fake{answer: func(ctx context.Context, c guest.Call) (any, error) {
			var in struct {
				Own bool
				End string
			}
			if err := json.Unmarshal(c.Envelope.Input, &in); err != nil {
				return nil, err
			}
			if c.Envelope.Operation == "plant" {
				return endAs(ctx, in.End, c)
			}
			found := n
			if in.Own {
				found++
			}
			return map[string]int{"Found": found, "Bytes": bytes}, nil
		}}
		return failures(t, func(tb testing.TB) { isolation(tb, f, 100) })
	}
	if got := trial(0, 16<<20); len(got) > 0 {
		t.Errorf("an engine that leaves nothing fails: %q", got)
	}
	if got := trial(1, 16<<20); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "found 1 words") }) {
		t.Errorf("an engine that leaves a word: %q", got)
	}
	if got := trial(-1, 16<<20); len(got) == 0 {
		t.Error("a search that finds nothing at all passes")
	}
	if got := trial(0, 1<<20); len(got) == 0 {
		t.Error("a search of a megabyte passes")
	}
}

// endAs ends a call as the trial wants calls of an operation to end.
func endAs(ctx context.Context, operation string, c guest.Call) (any, error) {
	i := slices.IndexFunc(endings, func(e ending) bool {
		return e.operation == operation && e.limits.Fuel == c.Limits.Fuel && e.limits.Wall == c.Limits.Wall
	})
	if len(endings[i].codes) == 0 {
		return "planted", nil
	}
	if endings[i].cancel {
		c.HTTP(ctx, abi.Request{})
		<-ctx.Done()
	}
	return nil, abi.Faultf(endings[i].codes[0], "as wanted")
}
