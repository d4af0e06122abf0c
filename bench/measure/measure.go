// Package measure times cases in turns, so that whatever else the machine does falls on all of them alike.
package measure

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// Case is one thing to be timed.
type Case struct {
	Name    string
	Payload string
	Do      func(n int) error // timed; n counts its runs, from 0
	Check   func() error      // not timed, after every Do; nil for none
}

// Plan says how long.
type Plan struct {
	Rounds int           // every case has one turn in each
	Turn   time.Duration // length of a turn, which has at least one run
}

// Figures are what was measured of a case. Times are in microseconds.
type Figures struct {
	Name    string  `json:"name"`
	Payload string  `json:"payload"`
	P50     float64 `json:"p50_us"` // median of the turns' medians
	P99     float64 `json:"p99_us"` // of all runs
	Allocs  float64 `json:"allocs"` // a run, of this process alone
	Bytes   float64 `json:"bytes"`  // allocated, likewise
	Runs    int     `json:"runs"`
}

// Run gives every case one turn that is dropped and then plan.Rounds turns: A, B, C, A, B, C. It stops at the
// first run that fails.
func Run(cases []Case, plan Plan) ([]Figures, error) {
	all := make([]series, len(cases))
	for round := -1; round < plan.Rounds; round++ {
		for i := range cases {
			t, err := all[i].turn(&cases[i], plan.Turn)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", cases[i].Name, cases[i].Payload, err)
			}
			if round >= 0 {
				all[i].add(t)
			}
		}
	}
	out := make([]Figures, len(cases))
	for i, c := range cases {
		out[i] = all[i].figures()
		out[i].Name, out[i].Payload = c.Name, c.Payload
	}
	return out, nil
}

// result is one turn.
type result struct {
	times         []time.Duration
	allocs, bytes uint64
}

// series is what all turns of a case add up to.
type series struct {
	n             int             // runs so far
	turnTimes     []time.Duration // of one turn, used again for the next: its growth is not the case's
	medians       []float64
	times         []time.Duration
	allocs, bytes uint64
}

func (s *series) turn(c *Case, length time.Duration) (r result, err error) {
	runtime.GC() // the garbage of the turn before is not this one's
	r.times = s.turnTimes[:0]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for begun := time.Now(); len(r.times) == 0 || time.Since(begun) < length; s.n++ {
		start := time.Now()
		err := c.Do(s.n)
		r.times = append(r.times, time.Since(start))
		if err == nil && c.Check != nil {
			err = c.Check()
		}
		if err != nil {
			return result{}, err
		}
	}
	runtime.ReadMemStats(&after)
	r.allocs, r.bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	s.turnTimes = r.times
	return r, nil
}

func (s *series) add(r result) {
	slices.Sort(r.times)
	s.medians = append(s.medians, microseconds(Quantile(r.times, 0.5)))
	s.times = append(s.times, r.times...)
	s.allocs += r.allocs
	s.bytes += r.bytes
}

func (s *series) figures() Figures {
	slices.Sort(s.medians)
	slices.Sort(s.times)
	runs := float64(max(len(s.times), 1))
	return Figures{
		P50: Quantile(s.medians, 0.5), P99: microseconds(Quantile(s.times, 0.99)),
		Allocs: float64(s.allocs) / runs, Bytes: float64(s.bytes) / runs, Runs: len(s.times),
	}
}

// Quantile returns the value below which the part q of sorted lies, 0 of nothing.
func Quantile[T any](sorted []T, q float64) (v T) {
	if len(sorted) == 0 {
		return v
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
