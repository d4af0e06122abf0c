package quota

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
)

// check refuses what cannot be kept.
func check(buckets []Bucket, c Claim) *abi.Fault {
	if c.Priority < 0 || c.Priority >= priorities {
		return abi.Faultf(abi.Internal, "claim of connection %s: there is no priority %d", c.Connection, c.Priority)
	}
	for i := range buckets {
		b := &buckets[i]
		s := stored{Limit: b.limit()}
		if b.Key == "" || b.Per < 0 || s.validate() != nil {
			return abi.Faultf(abi.Internal, "quota %s: the limit makes no sense: %d requests in %v, burst %d, %d at once, key %q",
				b.ID, b.Requests, b.Per, b.Burst, b.Concurrency, b.Key)
		}
	}
	return nil
}

// open returns the ledgers of buckets by key, each once.
func (q *Quotas) open(buckets []Bucket) []*ledger {
	q.sweep()
	ledgers := make([]*ledger, 0, len(buckets))
	for _, b := range buckets {
		l := q.ledger(b.Key)
		l.bucket = b
		if !slices.Contains(ledgers, l) {
			ledgers = append(ledgers, l)
		}
	}
	slices.SortFunc(ledgers, func(a, b *ledger) int { return strings.Compare(a.key, b.key) })
	return ledgers
}

func (q *Quotas) ledger(key string) *ledger {
	l := q.ledgers[key]
	if l == nil {
		l = &ledger{key: key}
		q.ledgers[key] = l
	}
	return l
}

// sweep forgets idle ledgers when there are many.
func (q *Quotas) sweep() {
	if len(q.ledgers) < q.sweepAt {
		return
	}
	at := now()
	for key, l := range q.ledgers {
		if l.forgettable(at, q.store != nil) {
			delete(q.ledgers, key)
		}
	}
	q.sweepAt = max(1024, 2*len(q.ledgers))
}

func (q *Quotas) enqueue(ctx context.Context, t *Ticket, c Claim) *claim {
	cl := &claim{Claim: c, ticket: t, done: make(chan struct{})}
	if d, ok := ctx.Deadline(); ok {
		cl.deadline = instant(d.UnixMicro())
	}
	q.turns++
	q.push(cl, false)
	return cl
}

func (q *Quotas) push(cl *claim, front bool) {
	n := q.lane(cl.ticket.ledgers)
	cl.lane = n
	n.lines[cl.Priority].push(cl, q.turns, front)
	if cl.deadline > 0 && (n.earliest == 0 || cl.deadline < n.earliest) {
		n.earliest = cl.deadline
	}
	for _, l := range n.ledgers {
		l.waiting[cl.Priority]++
	}
}

// lane returns the lane of claims for these ledgers.
func (q *Quotas) lane(ledgers []*ledger) *lane {
	key := ledgers[0].key
	for _, l := range ledgers[1:] {
		key += "\x00" + l.key
	}
	n := q.lanes[key]
	if n == nil {
		n = &lane{key: key, ledgers: ledgers}
		q.lanes[key] = n
		for _, l := range ledgers {
			l.lanes = append(l.lanes, n)
		}
	}
	return n
}

// pull takes a claim out of its lane.
func (q *Quotas) pull(cl *claim) {
	cl.lane.lines[cl.Priority].remove(cl)
	q.pulled(cl)
}

func (q *Quotas) pulled(cl *claim) {
	n := cl.lane
	for _, l := range n.ledgers {
		l.waiting[cl.Priority]--
	}
	if n.empty() {
		delete(q.lanes, n.key)
		for _, l := range n.ledgers {
			l.lanes = slices.DeleteFunc(l.lanes, func(m *lane) bool { return m == n })
		}
	}
}

// plan takes free slots for the claims that wait for one of the ledgers, in their order. It stops at ledgers whose
// records must be read first, and returns them.
func (q *Quotas) plan(touched []*ledger, now instant) (granted []*claim, unread []*ledger) {
	lanes := lanesOf(touched)
	for _, l := range touched {
		l.fold(now)
	}
	for _, n := range lanes {
		for _, l := range n.ledgers {
			l.fold(now)
		}
	}
	for {
		n, p := first(lanes, now)
		if n == nil {
			break
		}
		if unread = q.unread(n.ledgers); len(unread) > 0 {
			return granted, unread
		}
		q.turns++
		cl := n.lines[p].serve(q.turns)
		q.pulled(cl)
		for _, l := range n.ledgers {
			l.take(p, now)
		}
		granted = append(granted, cl)
	}
	for _, n := range lanes {
		q.postpone(n, now)
	}
	return granted, nil
}

func (q *Quotas) unread(ledgers []*ledger) (unread []*ledger) {
	for _, l := range ledgers {
		if q.store != nil && l.stage != read {
			unread = append(unread, l)
		}
	}
	return unread
}

func lanesOf(ledgers []*ledger) (lanes []*lane) {
	if len(ledgers) == 1 {
		return slices.Clone(ledgers[0].lanes) // which changes meanwhile
	}
	seen := map[*lane]bool{}
	for _, l := range ledgers {
		for _, n := range l.lanes {
			if !seen[n] {
				seen[n] = true
				lanes = append(lanes, n)
			}
		}
	}
	return lanes
}

// first returns the lane whose turn it is, and the priority that is served.
func first(lanes []*lane, now instant) (best *lane, priority Priority) {
	var rank int
	var turn uint64
	for _, n := range lanes {
		p, r, ok := n.rank(now)
		if !ok {
			continue
		}
		t := n.lines[p].front().turn
		if best == nil || r < rank || r == rank && t < turn {
			best, priority, rank, turn = n, p, r, t
		}
	}
	return best, priority
}

// postpone says when to look at a lane again, and refuses the claims that cannot wait for so long.
func (q *Quotas) postpone(n *lane, now instant) {
	n.due, n.blocked = 0, n.blocked[:0]
	at := n.next(now)
	if n.earliest > 0 && n.earliest < at {
		n.earliest = 0
		n.each(func(cl *claim) {
			switch {
			case cl.deadline == 0:
			case cl.deadline < at:
				q.pull(cl)
				cl.answer(late(n.ledgers, now))
			case n.earliest == 0 || cl.deadline < n.earliest:
				n.earliest = cl.deadline
			}
		})
	}
	if n.empty() {
		return
	}
	elsewhere := false
	for _, l := range n.ledgers {
		full := l.free(now) <= l.reserved(Bulk, now)
		if full || l.paced(Bulk, now) {
			n.blocked = append(n.blocked, l)
		}
		elsewhere = elsewhere || full && len(l.record.others) > 0
	}
	switch {
	case at > now:
		n.due = at
	case elsewhere:
		n.due = now.add(pollAfter)
	}
}

func (cl *claim) answer(fault *abi.Fault) {
	cl.fault = fault
	close(cl.done)
}

// leave ends a claim whose context has ended, unless it has its answer.
func (q *Quotas) leave(cl *claim, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-cl.done:
		return
	default:
	}
	cl.fault = gaveUp(err, cl.ticket.ledgers, now())
	if cl.place == nil {
		cl.left = true // its slots are being stored; they go back afterwards
		return
	}
	q.pull(cl)
	q.attend(cl.ticket.ledgers...)
}

// fail ends all claims that wait for l.
func (q *Quotas) fail(l *ledger, fault *abi.Fault) {
	for _, n := range slices.Clone(l.lanes) {
		n.each(func(cl *claim) {
			q.pull(cl)
			cl.answer(fault)
		})
	}
}

func gaveUp(err error, ledgers []*ledger, now instant) *abi.Fault {
	if errors.Is(err, context.DeadlineExceeded) {
		return late(ledgers, now)
	}
	return abi.Faultf(abi.Canceled, "canceled while waiting for quota %s", names(ledgers))
}

// late is the answer when a slot comes after the deadline.
func late(ledgers []*ledger, now instant) *abi.Fault {
	wait := now.until(next(ledgers, now))
	f := abi.Faultf(abi.RateLimited, "quota %s: there is no slot before the call's deadline", names(ledgers))
	if wait > 0 {
		f.Message += "; the next one comes in " + wait.Round(time.Millisecond).String()
	}
	f.RetryAfter = max(wait, retryAfter).Seconds()
	return f
}

func names(ledgers []*ledger) string {
	var ids []string
	for _, l := range ledgers {
		ids = append(ids, l.name())
	}
	return strings.Join(ids, ", ")
}

// name is what messages call the bucket.
func (l *ledger) name() string {
	if l.bucket.ID == "" {
		return l.key
	}
	return l.bucket.ID + " (" + l.key + ")"
}

func errClosed() *abi.Fault { return abi.Faultf(abi.Unavailable, "the host is ending") }
