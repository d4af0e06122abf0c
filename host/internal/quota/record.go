package quota

import (
	"math"
	"time"
)

// instant is a time in microseconds since 1970, by the wall clock, which is what processes have in common. A time
// that is measured is rounded down, one until which something is taken is rounded up.
type instant int64

func now() instant { return instant(time.Now().UnixMicro()) }

func (t instant) add(d time.Duration) instant { return t + micros(d) }

func (t instant) time() time.Time { return time.UnixMicro(int64(t)) }

func (t instant) until(later instant) time.Duration { return time.Duration(later-t) * time.Microsecond }

func micros(d time.Duration) instant { return instant((d + time.Microsecond - 1) / time.Microsecond) }

const (
	lease       = 60 * time.Second // of slots in use, from the last write
	freshFor    = 5 * time.Second  // how long claims stand back for another process that says nothing new
	defaultLeft = time.Minute      // how long a remainder counts that has neither a reset nor a window
	sameReset   = 2 * time.Second  // resets that are so close are one: they come in whole seconds, and late
	fairShare   = 10               // of so many slots in a row one is for bulk, and one for other processes
)

// limit is what a bucket declares.
type limit struct {
	ID          string  `json:"id,omitempty"`
	Requests    int     `json:"requests,omitempty"`
	Per         instant `json:"per,omitempty"`
	Burst       int     `json:"burst,omitempty"`
	Concurrency int     `json:"concurrency,omitempty"`
}

// record is what processes share of a bucket. Its methods are told how many slots are in use, by this process and
// the others together.
type record struct {
	limit     limit
	cooling   cooling
	drained   instant
	paused    instant
	ceiling   int
	left      int
	leftUntil instant
	streak    int
	runner    string // "": this process
	run       int
	paced     instant           // before which bulk claims take nothing
	others    map[string]holder // without this process
}

// holder is a process's part of a bucket.
type holder struct {
	Used    int     `json:"used,omitempty"`
	Waiting int     `json:"waiting,omitempty"`
	Ready   int     `json:"ready,omitempty"`
	Urgent  int     `json:"urgent,omitempty"`
	Until   instant `json:"until"`
}

// change is something that happened to a bucket: a pause, or a slot that was released.
type change struct {
	at     instant
	pause  instant // until when; 0: a slot was released
	cost   int
	served bool
	left   int     // -1: the vendor did not say
	reset  instant // 0: the vendor did not say
}

// free returns how many slots can be taken now.
func (r *record) free(used int, now instant) int {
	if now < r.paused {
		return 0
	}
	n := math.MaxInt
	switch {
	case r.limit.Burst > 0:
		n = r.limit.Burst - used - r.level(now)
	case r.limit.Requests > 0:
		n = r.limit.Requests - used - r.cooling.slots
	}
	if c := r.concurrency(); c > 0 {
		n = min(n, c-used)
	}
	if now < r.leftUntil {
		n = min(n, r.left-used)
	}
	return max(n, 0)
}

// next returns a time before which no slot can come free: now if it is up to who has slots in use.
func (r *record) next(used int, now instant) instant {
	at := max(now, r.paused)
	switch l := r.limit; {
	case l.Burst > used:
		at = max(at, r.drained-instant(l.Burst-used-1)*r.interval())
	case l.Burst > 0: // the first one released begins to leak then
		at = max(at, now+r.interval())
	case l.Requests > 0:
		at = max(at, r.cooling.freed(used+r.cooling.slots+1-l.Requests, now+l.Per))
	}
	if r.left == 0 {
		at = max(at, r.leftUntil)
	}
	return at
}

// concurrency returns the limit for now, 0 for none.
func (r *record) concurrency() int {
	if r.ceiling > 0 {
		return min(r.ceiling, r.limit.Concurrency)
	}
	return r.limit.Concurrency
}

// interval is the time that one request takes, evenly spread: in it a leaky bucket leaks one.
func (r *record) interval() instant {
	n := instant(r.limit.Requests)
	return (r.limit.Per + n - 1) / n
}

// longestPaced is the longest window in which bulk claims are paced: in one of an hour it would take the hour to use
// what there is, and whoever comes after that waits anyway.
const longestPaced = 5 * time.Minute

// pace is the time between two bulk claims, 0 for none: a window that bulk claims use up at once has nothing left for
// anybody until it is over. It is a fiftieth longer than the rate allows, since a slot comes free later than Per after it
// was taken: by the request's latency, and by up to a 128th of Per.
func (r *record) pace() instant {
	if r.limit.Requests == 0 || r.limit.Burst > 0 || r.limit.Per > micros(longestPaced) {
		return 0
	}
	return r.interval() + r.interval()/50
}

// spare is how many slots of a paced window bulk claims leave alone: answers take longer or shorter, so without any the
// window is full from time to time.
func (r *record) spare() int {
	if r.pace() == 0 {
		return 0
	}
	return r.limit.Requests / 100
}

// level is how full a leaky bucket is, without what is in use.
func (r *record) level(now instant) int {
	if r.drained <= now {
		return 0
	}
	return int((r.drained - now + r.interval() - 1) / r.interval())
}

// settle lets go what time has freed, and what dead processes had in use.
func (r *record) settle(now instant) {
	for id, h := range r.others {
		if h.Until <= now {
			r.charge(h.Used, h.Until)
			delete(r.others, id)
		}
	}
	r.cooling.settle(now)
}

func (r *record) apply(c change) {
	if c.pause > 0 {
		r.throttle(c)
		return
	}
	r.charge(c.cost, c.at)
	r.narrow(c)
	if c.served && r.ceiling > 0 && c.at >= r.paused {
		r.ceiling++
	}
	if r.ceiling >= r.limit.Concurrency {
		r.ceiling = 0
	}
}

// throttle pauses, and halves the concurrency once for all the claims that met the same limit of the vendor's.
func (r *record) throttle(c change) {
	if c.at >= r.paused && r.limit.Concurrency > 0 {
		r.ceiling = max(1, r.concurrency()/2)
	}
	r.paused = max(r.paused, c.pause)
}

// charge takes slots that were in use until at as the vendor does: for a time.
func (r *record) charge(slots int, at instant) {
	switch l := r.limit; {
	case slots == 0:
	case l.Burst > 0: // a full bucket cannot get fuller, whatever a header says
		full := at + 1 + instant(l.Burst)*r.interval()
		r.drained = min(max(r.drained, at+1)+instant(min(slots, l.Burst))*r.interval(), full)
	case l.Requests > 0:
		r.cooling.add(at+1+l.Per, min(slots, l.Requests), l.Per)
	}
}

// narrow learns what is left. Answers overtake each other, so of reports on the same time the smallest counts.
func (r *record) narrow(c change) {
	known := c.at < r.leftUntil
	if c.left < 0 {
		if known {
			r.left = max(0, r.left-c.cost)
		}
		return
	}
	until := c.reset
	if until == 0 {
		r.left, r.leftUntil = c.left, c.at+max(r.limit.Per, 1)
		if r.limit.Per == 0 {
			r.leftUntil = c.at.add(defaultLeft)
		}
		return
	}
	switch {
	case until <= c.at || known && until < r.leftUntil-micros(sameReset): // about a time that is over
	case known && until <= r.leftUntil+micros(sameReset):
		r.left = min(r.left, c.left)
	default:
		r.left, r.leftUntil = c.left, until
	}
}
