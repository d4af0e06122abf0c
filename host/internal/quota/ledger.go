package quota

import "time"

const (
	flushAfter    = 50 * time.Millisecond // for what nobody waits for
	pollAfter     = 50 * time.Millisecond // for slots that another process has in use
	renewBefore   = 40 * time.Second      // the lease's end
	countsAfter   = time.Second           // for waiting claims, which are only shown
	freshAfter    = 2 * time.Second       // before others stop standing back
	retryAfter    = time.Second           // for a store that failed
	conflictsInto = 32                    // a failure; with the pauses between them they take about a second
)

// stage is how far a ledger has come in the pump's turn.
type stage int

const (
	idle stage = iota
	read       // the record is as it is in the store
	failed
)

// ledger is a bucket as this process knows it.
type ledger struct {
	key     string
	bucket  Bucket
	record  record          // with what is pending up to folded
	used    int             // tickets that are out, or are being stored
	waiting [priorities]int // claims
	lanes   []*lane
	pending []change // what is not in the store yet
	folded  int

	// With a store.
	stage     stage
	touched   bool // by the turn that is going on
	turns     uint64
	exists    bool
	revision  uint64
	saved     holder  // this process's part in the store
	due       instant // when the pump must look; 0: no time
	conflicts int     // in a row
}

func (b *Bucket) limit() limit {
	return limit{ID: b.ID, Requests: b.Requests, Per: micros(b.Per), Burst: b.Burst, Concurrency: b.Concurrency}
}

// fold brings the record up to date with the time and with what is pending.
func (l *ledger) fold(now instant) {
	if l.bucket.Key != "" {
		l.record.limit = l.bucket.limit()
	}
	for _, c := range l.pending[l.folded:] {
		l.record.apply(c)
	}
	l.folded = len(l.pending)
	l.record.settle(now)
}

// kept forgets the first n pending changes, which the store has.
func (l *ledger) kept(n int) {
	l.pending = append(l.pending[:0], l.pending[n:]...)
	l.folded -= n
}

// inUse counts the slots of all processes.
func (l *ledger) inUse() int {
	n := l.used
	for _, h := range l.record.others {
		n += h.Used
	}
	return n
}

func (l *ledger) free(now instant) int { return l.record.free(l.inUse(), now) }

// elsewhere counts the claims of other processes that wait for nothing but this bucket.
func (l *ledger) elsewhere(now instant) (ready, urgent int) {
	for _, h := range l.record.others {
		if now < h.Until.add(freshFor-lease) {
			ready += h.Ready
			urgent += h.Urgent
		}
	}
	return ready, urgent
}

// reserved returns how many free slots a claim of this process leaves to other processes.
func (l *ledger) reserved(p Priority, now instant) int {
	ready, urgent := l.elsewhere(now)
	left := 0
	if l.record.run >= fairShare-1 {
		if l.record.runner != "" {
			return 0 // it is another process that stands back, for this one
		}
		left = min(ready, 1)
	}
	if p == Bulk && !l.owesBulk() {
		left = max(left, urgent, l.record.spare())
	}
	return left
}

// owesBulk says whether the next slot is for bulk.
func (l *ledger) owesBulk() bool { return l.record.streak >= fairShare-1 }

// paced reports whether a claim must wait because another one of its kind was served just now.
func (l *ledger) paced(p Priority, now instant) bool { return p == Bulk && now < l.record.paced }

// take gives a slot to a claim.
func (l *ledger) take(p Priority, now instant) {
	l.used++
	r := &l.record
	if pace := r.pace(); pace > 0 { // an interactive claim takes the turn of a bulk claim to come
		r.paced = min(max(r.paced, now)+pace, now+r.limit.Per)
	}
	bulk := l.waiting[Bulk] > 0
	for _, h := range r.others {
		bulk = bulk || h.Waiting > h.Urgent
	}
	if p == Interactive && bulk {
		r.streak = min(r.streak+1, fairShare-1)
	} else {
		r.streak = 0
	}
	if r.runner != "" {
		r.runner, r.run = "", 0
	}
	r.run = min(r.run+1, fairShare-1)
}

// takeIdle takes a slot in each ledger for a claim, unless one has none or has claims that wait.
func takeIdle(ledgers []*ledger, p Priority, now instant) bool {
	for _, l := range ledgers {
		l.fold(now)
		if len(l.lanes) > 0 || l.free(now) == 0 || l.paced(p, now) {
			return false
		}
	}
	for _, l := range ledgers {
		l.take(p, now)
	}
	return true
}

// holder returns this process's part as it should be in the store.
func (l *ledger) holder(now instant) holder {
	h := holder{Used: l.used, Waiting: l.waiting[Interactive] + l.waiting[Bulk], Until: now.add(lease)}
	for _, n := range l.lanes {
		if n.opensWith(l, now) {
			h.Urgent += n.lines[Interactive].waiting
			h.Ready += n.lines[Interactive].waiting + n.lines[Bulk].waiting
		}
	}
	return h
}

// opensWith says whether the lane waits for nothing but l.
func (n *lane) opensWith(l *ledger, now instant) bool {
	for _, other := range n.ledgers {
		if other != l && other.free(now) == 0 {
			return false
		}
	}
	return true
}

// writeBy returns when the store must be told of h: 0 if it need not.
func (l *ledger) writeBy(h holder, now instant) instant {
	written := l.saved.Until.add(-lease)
	others := len(l.record.others) > 0
	switch {
	case h.Used > l.saved.Used, others && (h.Ready > 0 && l.saved.Ready == 0 || h.Urgent > 0 && l.saved.Urgent == 0):
		return now
	case len(l.pending) > 0, h.Used < l.saved.Used:
		return l.flushBy(now)
	case h.Ready > 0 && others:
		return written.add(freshAfter)
	case h.Waiting != l.saved.Waiting, h.Ready != l.saved.Ready, h.Urgent != l.saved.Urgent:
		return written.add(countsAfter)
	case h.Used > 0, h.Waiting > 0:
		return l.saved.Until.add(-renewBefore)
	}
	return 0
}

// flushBy returns when a slot that was released now must be in the store.
func (l *ledger) flushBy(now instant) instant {
	full := l.record.concurrency() > 0 && l.inUse() >= l.record.concurrency()-1 // until now, so others may wait
	if full || len(l.lanes) > 0 {
		return now
	}
	for _, h := range l.record.others {
		if h.Waiting > 0 {
			return now
		}
	}
	return now.add(flushAfter)
}

// remindAt lets the pump look at t, or before.
func (l *ledger) remindAt(t instant) {
	if t > 0 && (l.due == 0 || t < l.due) {
		l.due = t
	}
}

// forgettable says whether nothing would be lost without the ledger.
func (l *ledger) forgettable(now instant, stored bool) bool {
	if l.used > 0 || len(l.lanes) > 0 || len(l.pending) > 0 || l.touched || l.saved.Used > 0 || l.saved.Waiting > 0 {
		return false
	}
	l.record.settle(now)
	r := &l.record
	return stored || r.cooling.slots == 0 && max(r.drained, r.paused, r.leftUntil) <= now && r.ceiling == 0
}
