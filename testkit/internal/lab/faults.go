package lab

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/testkit/internal/cases"
)

// Trial is a case that was run with one thing gone wrong.
type Trial struct {
	Trace
	Mishap   *Mishap
	Exchange *cases.Exchange // that it happened to
	Index    int             // of the exchange in its case, from 0
	Hits     int             // how often it happened
	Recorded *Trace          // the case without it
}

// Faults runs the cases with everything of some kinds that can go wrong at each of their exchanges in turn, in a host that
// repeats requests as hosts do, by a clock on which that takes no time. What two cases of an operation have in common, a
// request to the same address but for the ids in it, is tried once; cases that do not go as recorded are left out. The
// trials of a kind are made once, and are given in the order of the kinds.
func (l *Lab) Faults(ctx context.Context, kinds ...Kind) ([]Trial, error) {
	var all []Trial
	for _, kind := range kinds {
		if _, ok := l.kept.trials[kind]; !ok {
			made, err := l.faults(ctx, kind)
			if err != nil {
				return nil, err
			}
			l.kept.trials[kind] = made
		}
		all = append(all, l.kept.trials[kind]...)
	}
	return all, nil
}

func (l *Lab) faults(ctx context.Context, kind Kind) ([]Trial, error) {
	h, err := l.harsh(ctx)
	if err != nil {
		return nil, err
	}
	var made []Trial
	for _, s := range l.spots(ctx) {
		for _, m := range l.mishaps(&s.recorded.Case.Exchanges[s.index], kind) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			made = append(made, h.try(ctx, s, &m))
		}
	}
	return made, nil
}

// try makes the call of one trial.
func (l *Lab) try(ctx context.Context, s spot, m *Mishap) Trial {
	if !l.Connects() { // the host knows this vendor by no connection: an answer makes it forget that there was none before
		l.perform(ctx, s.recorded.Case, s.recorded.Case.Call, &erring{all: s.recorded.Case.Exchanges, at: -1})
	}
	k := s.recorded.Case
	v := &erring{all: k.Exchanges, at: s.index, m: m, clock: l.clock}
	t := l.perform(ctx, k, k.Call, v)
	m.answer = nil // trials are kept, and so would be the whole body of every altered answer
	return Trial{Trace: t, Mishap: m, Exchange: &k.Exchanges[s.index], Index: s.index, Hits: v.hits, Recorded: s.recorded}
}

// spot is an exchange at which something may go wrong.
type spot struct {
	recorded *Trace
	index    int
}

// spots are the exchanges to be tried: those of calls that succeed first, and of these the ones that give most, whose
// loss is seen.
func (l *Lab) spots(ctx context.Context) []spot {
	var all []spot
	seen := map[string]bool{}
	for _, t := range tellingFirst(l.Replays(ctx)) {
		times := map[string]int{}
		for n := range t.Case.Exchanges {
			shape := Shape(&t.Case.Exchanges[n])
			times[shape]++
			later := len(t.Case.Call.Cursor) > 0 // a guest may take the failure of a later page for the end
			key := fmt.Sprint(t.Case.Call.Kind, " ", t.Case.Call.Operation, " ", later, " ", shape, " ", times[shape])
			if !seen[key] {
				seen[key], all = true, append(all, spot{t, n})
			}
		}
	}
	return all
}

// tellingFirst orders the calls that went as recorded: success before fault, much before little.
func tellingFirst(replays []Trace) (all []*Trace) {
	for i := range replays {
		if replays[i].Problem == "" {
			all = append(all, &replays[i])
		}
	}
	fault := func(t *Trace) int {
		if t.Case.Want.Fault != nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b *Trace) int {
		return cmp.Or(cmp.Compare(fault(a), fault(b)), cmp.Compare(len(b.Output), len(a.Output)))
	})
	return all
}

// Shape is what requests for different things have in common: method, host, and path and query without what they ask for.
func Shape(x *cases.Exchange) string {
	parts := strings.Split(x.URL.Path, "/")
	for i, p := range parts {
		if i > 0 && strings.ContainsAny(p, "0123456789@:") && len(p) > 2 {
			parts[i] = "*"
		}
	}
	return fmt.Sprint(x.Method, " ", x.URL.Host, strings.Join(parts, "/"), "?", strings.Join(slices.Sorted(maps.Keys(x.URL.Query())), "&"))
}
