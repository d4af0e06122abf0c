package quota

import (
	"container/list"

	"patchbay/abi"
)

// claim is one that waits, or waits to hear that it need not wait any more.
type claim struct {
	Claim
	ticket   *Ticket
	deadline instant // 0: none
	lane     *lane
	place    *list.Element // in its queue; nil: it was given its slots, which may still have to be stored
	left     bool          // its caller has gone

	done  chan struct{} // closed when it has an answer
	fault *abi.Fault
}

// lane is the claims that wait for the same buckets. The pump looks at it when it is due, because one of those that
// blocked it may be open then.
type lane struct {
	key      string
	ledgers  []*ledger
	lines    [priorities]line
	earliest instant // no deadline is earlier; 0: there is none
	due      instant // 0: something else has to happen first
	blocked  []*ledger
}

// line is the claims of one priority. The queue in front was served longest ago.
type line struct {
	queues  list.List // of *queue, none of them empty
	of      map[string]*queue
	waiting int
}

// queue is one connection's claims, in the order in which they came.
type queue struct {
	connection string
	claims     list.List // of *claim
	place      *list.Element
	turn       uint64 // when it was served last, or joined
}

// push puts a claim at the end of its connection's queue, or, when it comes back, in front of all.
func (n *line) push(cl *claim, turn uint64, front bool) {
	n.waiting++
	qu := n.of[cl.Connection]
	if qu == nil {
		qu = &queue{connection: cl.Connection, turn: turn}
		if n.of == nil {
			n.of = map[string]*queue{}
		}
		n.of[cl.Connection] = qu
		qu.place = n.queues.PushBack(qu)
	}
	if front {
		qu.turn = 0
		n.queues.MoveToFront(qu.place)
		cl.place = qu.claims.PushFront(cl)
		return
	}
	cl.place = qu.claims.PushBack(cl)
}

// front returns the queue whose turn it is.
func (n *line) front() *queue { return n.queues.Front().Value.(*queue) }

// serve takes the claim whose turn it is.
func (n *line) serve(turn uint64) *claim {
	qu := n.front()
	cl := qu.claims.Front().Value.(*claim)
	qu.turn = turn
	n.queues.MoveToBack(qu.place)
	n.remove(cl)
	return cl
}

func (n *line) remove(cl *claim) {
	n.waiting--
	qu := n.of[cl.Connection]
	qu.claims.Remove(cl.place)
	cl.place = nil
	if qu.claims.Len() == 0 {
		n.queues.Remove(qu.place)
		delete(n.of, cl.Connection)
	}
}

// each calls f for every claim, which f may remove.
func (n *line) each(f func(*claim)) {
	for e := n.queues.Front(); e != nil; {
		qu := e.Value.(*queue)
		e = e.Next()
		for c := qu.claims.Front(); c != nil; {
			cl := c.Value.(*claim)
			c = c.Next()
			f(cl)
		}
	}
}

func (n *lane) empty() bool { return n.lines[Interactive].waiting+n.lines[Bulk].waiting == 0 }

// each calls f for every claim, which f may remove.
func (n *lane) each(f func(*claim)) {
	for p := range n.lines {
		n.lines[p].each(f)
	}
}

// rank says which priority may take slots now, and before which other lanes, the lowest first; false if none may.
func (n *lane) rank(now instant) (Priority, int, bool) {
	owed := false
	for _, l := range n.ledgers {
		owed = owed || l.owesBulk()
	}
	switch {
	case owed && n.open(Bulk, now):
		return Bulk, 0, true
	case n.open(Interactive, now):
		return Interactive, 1, true
	case n.open(Bulk, now):
		return Bulk, 2, true
	}
	return 0, 0, false
}

// open says whether a claim of priority p waits and may take a slot.
func (n *lane) open(p Priority, now instant) bool {
	if n.lines[p].waiting == 0 {
		return false
	}
	for _, l := range n.ledgers {
		if l.stage == failed || l.free(now) <= l.reserved(p, now) || l.paced(p, now) {
			return false
		}
	}
	return true
}

// next returns a time before which the lane cannot open.
func (n *lane) next(now instant) instant {
	at := next(n.ledgers, now)
	if n.lines[Interactive].waiting > 0 {
		return at
	}
	for _, l := range n.ledgers {
		at = max(at, l.record.paced)
		if spare := l.record.spare(); spare > 0 && l.free(now) <= spare {
			at = max(at, l.record.next(l.inUse()+spare, now))
		}
	}
	return at
}

func next(ledgers []*ledger, now instant) instant {
	at := now
	for _, l := range ledgers {
		if l.free(now) == 0 {
			at = max(at, l.record.next(l.inUse(), now))
		}
	}
	return at
}
