package guesttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm"
)

// refusing is a fake engine that loads nothing.
type refusing struct {
	*fake
	err error
}

func (r refusing) Load(context.Context, guest.Module) (guest.Program, error) { return nil, r.err }

// TestAttackTrialsCanFail tries an attack on engines that contain it, and on others.
func TestAttackTrialsCanFail(t *testing.T) {
	t.Parallel()
	module := func(yield func([]byte) bool) { yield([]byte("module")) }
	refuse := Attack{Name: "a/b", Want: []Verdict{Refused}, Modules: module}
	stop := Attack{Name: "a/c", Want: stopped, Modules: module, Benign: true}
	lets := func(a answerer) guest.Engine { return &fake{answer: a} }
	// Benign calls have a long envelope.
	unless := func(a answerer) answerer {
		return func(ctx context.Context, c guest.Call) (any, error) {
			if len(c.Envelope.Input) > threshold {
				return true, nil
			}
			return a(ctx, c)
		}
	}
	timeout := fails("any", abi.Timeout, "took too long")
	refusal := &wasm.Error{Kind: wasm.ErrLimit, Problem: "too much", Fix: "less", Offset: -1, Entry: -1}
	tests := []struct {
		name   string
		attack Attack
		engine guest.Engine
		want   string // part of what it is failed for; none: it passes
	}{
		{"refused", refuse, refusing{err: refusal}, ""},
		{"refused without a reason", refuse, refusing{err: errors.New("no")}, "want a *wasm.Error"},
		{"let in", refuse, lets(always(true)), "answers (<nil>), want one of [refused]"},
		{"stopped", stop, lets(unless(timeout)), ""},
		{"refused, but wanted in", stop, refusing{err: refusal}, "refused"},
		{"answered", stop, lets(always(true)), "answers"},
		{"another fault", stop, lets(unless(fails("any", abi.Internal, "trapped"))), "internal"},
		{"stopped late", stop, lets(unless(func(ctx context.Context, c guest.Call) (any, error) {
			<-time.After(c.Limits.Wall + time.Second)
			return timeout(ctx, c)
		})), "after its limit"},
		{"stopped late, but not again", stop, lets(unless(lateOnce(timeout))), ""},
		{"no fault", stop, lets(unless(func(context.Context, guest.Call) (any, error) { return nil, errors.New("no") })), "want a fault"},
		{"no benign answer afterwards", stop, lets(func(ctx context.Context, c guest.Call) (any, error) {
			if len(c.Envelope.Input) > threshold {
				return false, nil
			}
			return timeout(ctx, c)
		}), "benign"},
		{"no module", Attack{Name: "a/d", Want: stopped, Modules: func(func([]byte) bool) {}}, lets(timeout), "nothing was tried"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := try(t, tt.attack, tt.engine, &fake{answer: always(1)}, bounds{late: 500 * time.Millisecond, load: time.Minute, pause: time.Hour, memory: 1 << 40})
			if tt.want == "" && len(got) > 0 || tt.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tt.want) }) {
				t.Errorf("failed with %q, want %q", got, tt.want)
			}
		})
	}
	if got := try(t, stop, lets(unless(timeout)), &fake{answer: always(2)}, theBounds()); len(got) == 0 {
		t.Error("another connector that does not work any more passes")
	}
}

// lateOnce has the first call end late, as on a machine that had other things to do.
func lateOnce(a answerer) answerer {
	n := 0
	return func(ctx context.Context, c guest.Call) (any, error) {
		if n++; n == 1 {
			<-time.After(c.Limits.Wall + time.Second)
		}
		return a(ctx, c)
	}
}

func try(t *testing.T, a Attack, e guest.Engine, good guest.Program, b bounds) []string {
	w := startWatch()
	defer w.stop()
	return failures(t, func(tb testing.TB) {
		tr := &attackTrial{TB: tb, engine: e, good: good, watch: w, bounds: b, f: Finding{Attack: a}}
		tr.run()
	})
}

// TestWatch sees that a watch notices what it is for: a pause, and memory that comes and goes.
func TestWatch(t *testing.T) {
	a := Attack{Name: "a/b", Want: answers, Modules: func(yield func([]byte) bool) { yield(nil) }}
	hungry := &fake{answer: func(context.Context, guest.Call) (any, error) {
		memory := make([]byte, 256<<20)
		for i := 0; i < len(memory); i += 4096 {
			memory[i] = 1
		}
		<-time.After(100 * time.Millisecond)
		return len(memory) > 0, nil
	}}
	good := &fake{answer: always(1)}
	if resident() == 0 {
		t.Skip("there is no /proc here, so nothing to read memory from")
	}
	if got := try(t, a, hungry, good, bounds{late: time.Hour, load: time.Hour, pause: time.Hour, memory: 128 << 20}); len(got) != 1 || !strings.Contains(got[0], "MiB") {
		t.Errorf("256 MiB of a limit of 128: failed with %q", got)
	}
	if got := try(t, a, &fake{answer: always(true)}, good, bounds{late: time.Hour, load: time.Hour, pause: -time.Hour, memory: 1 << 40}); len(got) != 1 || !strings.Contains(got[0], "stood still") {
		t.Errorf("a pause over its limit: failed with %q", got)
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	got := parseStat([]byte("77 (a ) b) S 5 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 100 4096000 3 18446744073709551615 1 1"))
	if got.parent != 5 || got.resident <= 0 || got.resident%3 != 0 {
		t.Errorf("got %+v, want parent 5 and 3 pages", got)
	}
	if got := parseStat([]byte("77 (x) Z 5")); got != (processStat{}) {
		t.Errorf("got %+v of a line that is too short", got)
	}
	stats := map[int]processStat{1: {parent: 0}, 5: {parent: 1}, 7: {parent: 5}, 8: {parent: 1}, 9: {parent: 9}}
	for pid, want := range map[int]bool{5: true, 7: true, 8: false, 1: false, 9: false, 99: false} {
		if descends(stats, pid, 5) != want {
			t.Errorf("process %d comes from 5: %v, want %v", pid, !want, want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	got := Table([]Finding{
		{Attack: Attack{Name: "count/a|b"}, Modules: 1, Verdicts: []Verdict{Refused}, Load: 1500 * time.Microsecond},
		{Attack: Attack{Name: "loop/c"}, Modules: 3, Verdicts: []Verdict{"timeout", Answers}, Load: time.Millisecond, Call: time.Second, Pause: 2 * time.Millisecond, Memory: 3 << 20},
	})
	want := `| attack | verdict | load | call | pause | memory |
|---|---|--:|--:|--:|--:|
| count/a\|b | refused | 1.5 ms | - | - | 0 MiB |
| loop/c (3 modules) | timeout, answers | 1.0 ms | 1000.0 ms | 2.0 ms | 3 MiB |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	got := Summary([]Finding{
		{Attack: Attack{Class: "loop"}, Modules: 1, Verdicts: []Verdict{"timeout"}, Call: attackWall + time.Millisecond, Memory: 1 << 20},
		{Attack: Attack{Class: "loop", Limits: abi.Limits{Wall: time.Second}}, Modules: 2, Verdicts: []Verdict{"timeout", Answers}, Call: time.Second + 3*time.Millisecond, Pause: 2 * time.Millisecond},
		{Attack: Attack{Class: "sleep"}, Modules: 1, Verdicts: []Verdict{Answers}, Call: time.Millisecond, Memory: 3 << 20},
	})
	want := `| class | attacks | modules | verdicts | late | pause | memory |
|---|--:|--:|---|--:|--:|--:|
| loop | 2 | 3 | timeout, answers | 3.0 ms | 2.0 ms | 1 MiB |
| sleep | 1 | 1 | answers | - | - | 3 MiB |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestGuest sees that the suite's guest is one.
func TestGuest(t *testing.T) {
	t.Parallel()
	if err := admit(Guest(t)); err != nil {
		t.Error(err)
	}
	first, second := Guest(t), Guest(t)
	if &first[0] != &second[0] {
		t.Error("the guest is compiled more than once")
	}
}
