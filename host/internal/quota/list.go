package quota

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"
)

// State is a bucket at a moment. A limit that is zero is none.
type State struct {
	Key         string        `json:"key"`
	ID          string        `json:"id,omitempty"`
	Requests    int           `json:"requests,omitempty"` // in Per
	Per         time.Duration `json:"per,omitempty"`      // in nanoseconds
	Burst       int           `json:"burst,omitempty"`
	Concurrency int           `json:"concurrency,omitempty"` // as declared
	// Used is how many of Requests (of Burst, if there is one) are taken: in use, or used within the last Per.
	Used int `json:"used"`
	// InUse is how many requests are on their way, for all processes.
	InUse int `json:"in_use"`
	// Ceiling is how many may be, after the vendor has throttled. Zero: Concurrency.
	Ceiling int `json:"ceiling,omitempty"`
	// Left is how many requests are left until LeftUntil, as the vendor says. It counts only until then.
	Left      int       `json:"left,omitempty"`
	LeftUntil time.Time `json:"left_until,omitzero"`
	// Free is how many slots can be taken now; -1 if nothing limits them.
	Free int `json:"free"`
	// Waiting is how many claims wait, for all processes. What other processes say is up to a second old.
	Waiting int `json:"waiting"`
	// NextSlot is when a slot comes free. Zero: now, or, if Free is 0, as soon as a request is answered.
	NextSlot time.Time `json:"next_slot,omitzero"`
	// PausedUntil is zero when the bucket is not paused.
	PausedUntil time.Time `json:"paused_until,omitzero"`
}

// List returns all buckets, sorted by key: with a Store all in it, else those that this process has in use, or used
// not long ago.
func (q *Quotas) List(ctx context.Context) ([]State, error) {
	states := []State{}
	if q.store == nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		at := now()
		for _, l := range q.ledgers {
			l.fold(at)
			states = append(states, l.state(at))
		}
		slices.SortFunc(states, func(a, b State) int { return cmp.Compare(a.Key, b.Key) })
		return states, nil
	}
	keys, err := q.store.Keys(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("list quotas: %w", err)
	}
	for _, key := range keys {
		s, err := q.look(ctx, strings.TrimPrefix(key, prefix))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list quotas: %w", err)
		}
		states = append(states, s)
	}
	return states, nil
}

// How often a bucket is looked at while the pump is writing it, and how long it is given between two looks.
const (
	looks     = 100
	lookAgain = 2 * time.Millisecond
)

// look reads one bucket's record and adds what this process has not stored yet. What the pump has just written, and not
// yet taken off the list, must not count twice: then it looks again.
func (q *Quotas) look(ctx context.Context, key string) (State, error) {
	for i := 1; ; i++ {
		before, quiet := q.turnOf(key)
		value, _, err := q.store.GetRevision(ctx, prefix+key)
		if err != nil {
			return State{}, err
		}
		r, _, err := decode(key, value, q.process)
		if err != nil {
			return State{}, err
		}
		if after, still := q.turnOf(key); quiet && still && before == after || i == looks {
			return q.stateOf(key, r), nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return State{}, ctx.Err()
		}
	}
}

// turnOf says how many turns the pump has ended with a bucket, and whether it is not at one now.
func (q *Quotas) turnOf(key string) (turns uint64, quiet bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.ledgers[key]
	if l == nil {
		return 0, true
	}
	return l.turns, !l.touched
}

// stateOf is the state that a record shows, with what is not in the store yet.
func (q *Quotas) stateOf(key string, r record) State {
	seen := ledger{key: key, record: r}
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.ledgers[key]; l != nil {
		seen.bucket, seen.used, seen.waiting, seen.pending = l.bucket, l.used, l.waiting, l.pending
	}
	at := now()
	seen.fold(at)
	return seen.state(at)
}

func (l *ledger) state(now instant) State {
	r := &l.record
	s := State{
		Key: l.key, ID: r.limit.ID,
		Requests: r.limit.Requests, Per: time.Duration(r.limit.Per) * time.Microsecond,
		Burst: r.limit.Burst, Concurrency: r.limit.Concurrency,
		InUse: l.inUse(), Ceiling: r.ceiling, Free: l.free(now),
		Waiting: l.waiting[Interactive] + l.waiting[Bulk],
	}
	for _, h := range r.others {
		s.Waiting += h.Waiting
	}
	s.Used = s.InUse + r.cooling.slots
	if r.limit.Burst > 0 {
		s.Used = s.InUse + r.level(now)
	}
	if s.Free == math.MaxInt {
		s.Free = -1
	}
	if now < r.leftUntil {
		s.Left, s.LeftUntil = r.left, r.leftUntil.time()
	}
	if now < r.paused {
		s.PausedUntil = r.paused.time()
	}
	if at := r.next(s.InUse, now); s.Free == 0 && at > now {
		s.NextSlot = at.time()
	}
	return s
}
