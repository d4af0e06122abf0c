package worker

import "time"

// policy says how soon a process that has died is started again.
type policy struct {
	first, most time.Duration // back-off: none after one death, then first, doubling up to most
	window      time.Duration // a process that lives as long has made up for those before it
	deaths      int           // so many within the window, and the breaker opens
	open        time.Duration // for which it stays so
}

var defaultPolicy = policy{
	first: 100 * time.Millisecond, most: 10 * time.Second,
	window: time.Minute, deaths: 5, open: 30 * time.Second,
}

// breaker counts the deaths of one program's processes. It is not safe for concurrent use.
type breaker struct {
	policy
	recent    []time.Time // deaths within the window
	streak    int         // deaths, each within the window of the one before
	openUntil time.Time
	trial     bool // it has been open, and no call has ended well since
}

// died notes a death.
func (b *breaker) died(now time.Time) {
	kept := b.recent[:0]
	for _, t := range b.recent {
		if now.Sub(t) < b.window {
			kept = append(kept, t)
		}
	}
	if len(kept) == 0 {
		b.streak = 0
	}
	b.recent = append(kept, now)
	b.streak++
	if b.trial || len(b.recent) >= b.deaths {
		b.openUntil, b.trial = now.Add(b.open), true
	}
}

// served notes that a process has answered a call.
func (b *breaker) served() {
	if b.trial {
		b.trial, b.recent, b.streak = false, nil, 0
	}
}

// next returns how long to wait before the next process may start, and whether that is because the breaker
// is open, where nobody should wait.
func (b *breaker) next(now time.Time) (wait time.Duration, open bool) {
	if wait = b.openUntil.Sub(now); wait > 0 {
		return wait, true
	}
	if len(b.recent) == 0 {
		return 0, false
	}
	last := b.recent[len(b.recent)-1]
	return max(0, b.backoff()-now.Sub(last)), false
}

func (b *breaker) backoff() time.Duration {
	if b.streak < 2 {
		return 0
	}
	d := b.first
	for range b.streak - 2 {
		if d *= 2; d >= b.most {
			return b.most
		}
	}
	return min(d, b.most)
}
