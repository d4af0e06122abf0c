package quota

import "net/http"

// Ticket is a slot in each of the buckets that were asked for. Release it.
type Ticket struct {
	quotas   *Quotas // nil: there were no buckets
	ledgers  []*ledger
	released bool // guarded by quotas.mu
}

// Release says that the request's answer has come, with its status and header, or that there will be none (status 0
// and a nil header). Only its first call counts. It does not wait for the store.
func (t *Ticket) Release(status int, header http.Header) {
	q := t.quotas
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.released {
		return
	}
	t.released = true
	at := now()
	for _, l := range t.ledgers {
		l.used--
		l.pending = append(l.pending, released(at, l.bucket, status, header))
		if q.store != nil {
			by := l.flushBy(at)
			l.remindAt(by)
			q.rouseBy(by)
		}
	}
	if q.store == nil {
		q.attend(t.ledgers...)
	}
}
