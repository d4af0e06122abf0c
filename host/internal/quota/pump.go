package quota

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"time"

	"patchbay/abi"
)

const (
	turnTimeout  = 10 * time.Second // for all reads, and for all writes, of a turn
	closeTimeout = 3 * time.Second
	closeTries   = 8
	againAfter   = 2 * time.Millisecond // slots that were taken back are free for others
	prefix       = "bucket/"            // of the records' keys
)

// rouse wakes the pump.
func (q *Quotas) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pump does what time brings and, with a store, everything else.
func (q *Quotas) pump(ctx context.Context) {
	defer close(q.done)
	defer q.stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-q.wake:
		case <-timer.C:
		case <-q.closing:
			q.flush(ctx)
			return
		}
		q.turn(ctx)
		timer.Reset(q.idle())
	}
}

// attend serves the claims for these ledgers: at once, or with a store in the pump's next turn.
func (q *Quotas) attend(ledgers ...*ledger) {
	at := now()
	if q.store != nil {
		for _, l := range ledgers {
			l.remindAt(at)
		}
		q.rouse()
		return
	}
	granted, _ := q.plan(ledgers, at)
	for _, l := range ledgers {
		l.kept(l.folded)
	}
	for _, cl := range granted {
		cl.answer(nil)
	}
	for _, l := range ledgers {
		for _, n := range l.lanes {
			q.rouseBy(n.due)
		}
	}
}

// rouseBy wakes the pump if it would sleep longer than until t.
func (q *Quotas) rouseBy(t instant) {
	if earlier(q.alarm, t) != q.alarm {
		q.rouse()
	}
}

// idle returns how long the pump may sleep.
func (q *Quotas) idle() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.alarm = 0
	for _, n := range q.lanes {
		q.alarm = earlier(q.alarm, n.due)
	}
	for _, l := range q.ledgers {
		q.alarm = earlier(q.alarm, l.due)
	}
	if q.alarm == 0 {
		return time.Hour
	}
	return max(0, now().until(q.alarm))
}

// earlier returns the earlier one of two times of which 0 is none.
func earlier(a, b instant) instant {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// turn serves whoever is due.
func (q *Quotas) turn(ctx context.Context) {
	touched := q.due()
	if q.store == nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.attend(touched...)
		return
	}
	if len(touched) == 0 {
		return
	}
	var granted []*claim
	for unread := touched; len(unread) > 0; {
		q.load(ctx, unread)
		q.mu.Lock()
		var more []*claim
		more, unread = q.plan(touched, now())
		granted = append(granted, more...)
		for _, l := range unread {
			l.touched = true
		}
		q.mu.Unlock()
		touched = append(touched, unread...)
	}
	q.commit(ctx, touched, granted)
}

// due returns the ledgers that must be looked at.
func (q *Quotas) due() (touched []*ledger) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now()
	touch := func(l *ledger) {
		if !l.touched {
			l.touched = true
			touched = append(touched, l)
		}
	}
	for _, n := range q.lanes {
		if 0 < n.due && n.due <= at {
			n.due = 0
			for _, l := range n.blocked {
				touch(l)
			}
		}
	}
	for _, l := range q.ledgers {
		if 0 < l.due && l.due <= at {
			touch(l)
		}
	}
	for _, l := range touched {
		l.due = 0
		l.touched = q.store != nil
	}
	return touched
}

// load reads the records of ledgers.
func (q *Quotas) load(ctx context.Context, ledgers []*ledger) {
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	for _, l := range ledgers {
		value, revision, err := q.store.GetRevision(ctx, prefix+l.key)
		var r record
		var own holder
		exists := err == nil
		if exists {
			r, own, err = decode(l.key, value, q.process)
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		q.mu.Lock()
		if err != nil {
			q.broken(l, err)
		} else {
			l.record, l.saved, l.exists, l.revision, l.folded, l.stage = r, own, exists, revision, 0, read
		}
		q.mu.Unlock()
	}
}

// broken ends the claims for a ledger that cannot be read or written.
func (q *Quotas) broken(l *ledger, err error) {
	l.stage, l.conflicts = failed, 0
	var fault *abi.Fault
	if !errors.As(err, &fault) {
		fault = abi.Faultf(abi.Unavailable, "quota %s cannot be kept: %v", l.name(), err)
		fault.RetryAfter = retryAfter.Seconds()
	}
	if len(l.lanes) == 0 {
		q.log.Warn("quota cannot be kept", "bucket", l.key, "err", err)
	}
	q.fail(l, fault)
}

// write is a record that is to replace the one that was read.
type write struct {
	ledger *ledger
	value  []byte
	holder holder
	folded int // pending changes that are in it
	err    error
}

// commit stores the touched ledgers, and then tells the claims that they have their slots.
func (q *Quotas) commit(ctx context.Context, touched []*ledger, granted []*claim) {
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	writes := q.prepare(touched)
	for i := range writes {
		w := &writes[i]
		w.err = q.put(ctx, w)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now()
	for _, w := range writes {
		if w.err == nil {
			w.ledger.kept(w.folded)
			w.ledger.saved, w.ledger.conflicts = w.holder, 0
		} else {
			w.ledger.stage = failed
		}
	}
	for i := len(granted) - 1; i >= 0; i-- { // the last one first, since they go back to the front
		q.deliver(granted[i])
	}
	for _, w := range writes {
		if w.err != nil {
			q.refused(w.ledger, w.err, at)
		}
	}
	q.rest(touched, at)
}

// rest ends the turn of ledgers.
func (q *Quotas) rest(touched []*ledger, at instant) {
	for _, l := range touched {
		by := l.writeBy(l.holder(at), at)
		if l.stage == failed && l.conflicts == 0 && by > 0 {
			by = max(by, at.add(retryAfter))
		} else if l.stage == failed && by > 0 {
			by = at.add(rand.N(time.Millisecond << min(l.conflicts, 6)))
		}
		l.remindAt(by)
		l.stage, l.touched = idle, false
		l.turns++
	}
}

// prepare encodes the records that must be written by now, and at the end all that differ.
func (q *Quotas) prepare(touched []*ledger) (writes []write) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now()
	for _, l := range touched {
		if l.stage != read {
			continue
		}
		l.fold(at)
		h := l.holder(at)
		by := l.writeBy(h, at)
		if by == 0 || by > at && !q.closed && len(l.pending) == 0 && h.Used == l.saved.Used {
			continue
		}
		value, err := l.record.encode(q.process, h)
		writes = append(writes, write{ledger: l, value: value, holder: h, folded: l.folded, err: err})
	}
	return writes
}

func (q *Quotas) put(ctx context.Context, w *write) error {
	if w.err != nil {
		return w.err
	}
	if w.ledger.exists {
		return q.store.Update(ctx, prefix+w.ledger.key, w.value, w.ledger.revision)
	}
	return q.store.Create(ctx, prefix+w.ledger.key, w.value)
}

// deliver hands out slots that are stored, or takes them back: for nothing, since nothing was sent.
func (q *Quotas) deliver(cl *claim) {
	stored := true
	for _, l := range cl.ticket.ledgers {
		stored = stored && l.stage != failed
	}
	if stored && !cl.left {
		cl.answer(nil)
		return
	}
	for _, l := range cl.ticket.ledgers {
		l.used--
		l.remindAt(now().add(againAfter))
	}
	switch {
	case cl.left:
	case q.closed:
		cl.answer(errClosed())
	default:
		q.push(cl, true)
	}
}

// refused counts conflicts, after which the turn is repeated; any other error ends the claims.
func (q *Quotas) refused(l *ledger, err error, at instant) {
	if !q.isConflict(err) && !errors.Is(err, fs.ErrExist) {
		q.broken(l, err)
		return
	}
	l.conflicts++
	if l.conflicts >= conflictsInto {
		q.broken(l, abi.Faultf(abi.Unavailable, "quota %s cannot be kept: others changed it %d times in a row", l.name(), conflictsInto))
		return
	}
	l.remindAt(at.add(rand.N(time.Millisecond << min(l.conflicts, 6))))
}

// flush stores what is pending.
func (q *Quotas) flush(ctx context.Context) {
	if q.store == nil {
		return
	}
	for range closeTries {
		open := q.unsaved()
		if len(open) == 0 || ctx.Err() != nil {
			return
		}
		q.load(ctx, open)
		q.commit(ctx, open, nil)
	}
}

// unsaved returns the ledgers that the store does not know everything of.
func (q *Quotas) unsaved() (open []*ledger) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now()
	for _, l := range q.ledgers {
		if h := l.holder(at); len(l.pending) > 0 || h.Used != l.saved.Used || h.Waiting != l.saved.Waiting {
			open = append(open, l)
		}
	}
	return open
}
