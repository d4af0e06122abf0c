package host

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/host/internal/auth"
	"patchbay/host/internal/delivery"
	"patchbay/host/internal/egress"
	"patchbay/host/internal/quota"
	"patchbay/manifest"
)

// requests serves the HTTP requests of a call, in all attempts at it: each waits for the vendor's limits, is judged and
// sent, and repeated where that is safe. What the verdict on the call and the audit log need is remembered: what one
// attempt has done is done for those after it. A guest makes one request at a time.
type requests struct {
	host   *Host
	call   *prepared
	budget *budget
	limits abi.Limits
	policy egress.Policy
	route  delivery.Route
	deny   context.CancelFunc // ends the tries of the request under way
	pauses []func()           // end the pauses that its throttled tries have brought

	mu      sync.Mutex    // guards what follows: a late answer may come after the call
	asked   int           // requests that the guest has made, in all attempts
	tries   int           // at the one under way
	cut     string        // the request that waited when the call ended: method and host
	pending string        // the request under way that must not be made twice
	unclear string        // the last such request that may have taken effect, though no answer says so
	done    string        // the last one that has
	wrote   bool          // there was one
	dead    *abi.Fault    // why the connection's credential cannot be renewed any more
	quotas  *quota.Quotas // where the last request counted
	buckets []string      // and the keys of the buckets it counted in
	trail   trail
}

// noRetries leaves every repetition out.
var noRetries = manifest.Retry{Attempts: -1}

func newRequests(h *Host, p *prepared) *requests {
	q := &requests{host: h, call: p}
	q.route = delivery.Route{
		Connection: p.view.Name, Errors: p.m.Errors, Retry: p.m.Retry, ReadOnly: p.op.ReadOnly,
		IdempotencyHeader: p.op.IdempotencyHeader(), IdempotencyKey: p.key,
		Send: q.send, Renew: q.renew, Pause: q.pause,
	}
	if h.cfg.NoRetries {
		q.route.Retry = &noRetries
	}
	return q
}

// begin makes q ready for another attempt. Nothing of the one before is under way.
func (q *requests) begin(a *attempt) {
	q.note(func() { q.budget, q.cut, q.trail = a.budget, "", trail{} })
	q.limits = a.limits
	q.limits.Wall += a.patience  // waiting is a part of an exchange, and not of the call's own time
	if q.host.cfg.Clock != nil { // the context knows nothing of it
		q.route.Ends = q.host.clock.Now().Add(q.limits.Wall)
	}
}

// arm takes over the credential of the moment. A vendor may yet tell about those before it, which may be good still.
func (q *requests) arm() {
	p := q.call.guarded()
	for _, secret := range q.policy.Secrets {
		if !slices.Contains(p.Secrets, secret) {
			p.Secrets = append(slices.Clip(p.Secrets), secret)
		}
	}
	p.Admit, p.Authorize, p.Record, p.Limits = q.admit, q.authorize, q.recording(), q.limits
	q.policy = p
}

// recording tells the host's recorder which request of the guest an exchange was for, and which try.
func (q *requests) recording() func(egress.Exchange) {
	if q.host.cfg.Record == nil {
		return nil
	}
	return func(e egress.Exchange) {
		q.note(func() { e.Number, e.Try = q.asked, q.tries })
		q.host.cfg.Record(e)
	}
}

// serve makes one request of the guest.
func (q *requests) serve(ctx context.Context, r abi.Request) abi.Response {
	q.note(func() { q.asked, q.tries = q.asked+1, 0 })
	place := r.Method + " " + hostOf(r.URL)
	if !delivery.Idempotent(r.Method) {
		q.note(func() { q.pending, q.wrote = place, true })
	}
	trying, deny := context.WithCancel(ctx)
	defer deny()
	q.deny = deny
	resp, report := q.host.deliverer.Deliver(trying, &q.route, r)
	q.resume()
	q.note(func() {
		if ctx.Err() != nil {
			q.cut = place
		}
		switch {
		case report.Unclear:
			q.unclear = place
		case q.pending != "" && resp.Fault == nil && resp.Failure == nil:
			q.done = place
		}
		q.pending = ""
	})
	return resp
}

func (q *requests) note(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

// send makes the request once.
func (q *requests) send(ctx context.Context, r abi.Request) (abi.Response, bool) {
	q.note(func() { q.tries++ })
	resp, trace := q.host.egress.Do(ctx, r, q.policy)
	q.note(func() { q.trail.add(trace, resp) })
	if resp.Fault == nil && resp.Status != http.StatusUnauthorized && trace.Authorized {
		q.host.auth.Proven(ctx, q.call.acct, q.call.current())
	}
	return resp, trace.Sent
}

// admit waits until the vendor's limits leave room for the request. That time is not the call's own.
func (q *requests) admit(ctx context.Context, o egress.Outgoing) (func(egress.Outcome), error) {
	quotas, buckets := q.host.quotas, q.call.bucketsFor(o)
	if len(buckets) == 0 { // nothing to share with other processes, so nothing to write
		quotas, buckets = q.host.lanes, q.call.unlimited(o)
	}
	q.note(func() { q.quotas, q.buckets = quotas, keysOf(buckets) })
	resume := q.budget.pause()
	defer resume()
	if q.host.cfg.Clock != nil {
		return q.admitHeld(ctx, keysOf(buckets))
	}
	ctx, cancel := context.WithTimeout(ctx, q.call.patience)
	defer cancel()
	ticket, err := quotas.Acquire(ctx, buckets, quota.Claim{Connection: q.call.view.Name, Priority: q.call.priority})
	if err != nil {
		q.deny() // who has no patience left does not want another try
		return nil, err
	}
	return func(o egress.Outcome) { ticket.Release(o.Status, o.Header) }, nil
}

// admitHeld waits as long as the vendor has asked for, by a clock that quotas do not know.
func (q *requests) admitHeld(ctx context.Context, keys []string) (func(egress.Outcome), error) {
	if err := q.host.held.wait(ctx, q.host.clock, keys, q.call.patience); err != nil {
		q.deny()
		return nil, err
	}
	return func(egress.Outcome) {}, nil
}

// authorize attaches the credential of the moment, which a renewal may have replaced.
func (q *requests) authorize(r *http.Request) error { return q.call.current().Authorize(r) }

// renew replaces a credential that the vendor no longer accepts.
func (q *requests) renew(ctx context.Context) (bool, error) {
	renewed, err := q.call.renew(ctx, q.host)
	if renewed {
		q.arm()
	}
	if errors.Is(err, auth.ErrReconnect) {
		q.note(func() { q.dead = abi.AsFault(err) })
	}
	return renewed, err
}

// pause stops all requests that count in the same buckets: what one was told holds for the others.
func (q *requests) pause(d time.Duration) {
	q.note(func() {
		switch {
		case q.host.cfg.Clock != nil:
			q.host.held.hold(q.buckets, q.host.clock.Now().Add(d))
		case q.quotas != nil:
			q.quotas.Pause(q.buckets, d)
		}
	})
	resume := q.budget.pause()
	timer := q.host.clock.AfterFunc(d, resume)
	q.pauses = append(q.pauses, func() { timer.Stop(); resume() })
}

// resume ends the pauses of a request that has its answer: what the guest does with a no is its own time.
func (q *requests) resume() {
	for _, end := range q.pauses {
		end()
	}
	q.pauses = nil
}

// explain says of a fault which request the call waited for, and whether anybody knows what became of it.
func (q *requests) explain(err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		return nil
	}
	f := *abi.AsFault(err)
	if q.dead != nil && f.Code == abi.Unauthorized { // a guest knows only that the vendor said no
		return q.dead
	}
	if q.cut != "" && (f.Code == abi.Timeout || f.Code == abi.Canceled) {
		f.Message += ", while it waited for the answer to " + q.cut
	}
	switch {
	case !uncertain[f.Code]:
	case !q.call.op.Repeatable():
		q.doubt(&f)
	case q.wrote && q.call.op.IdempotencyHeader() != "":
		f.Message += "; to repeat it without doing it twice, give the key " + q.call.key
	}
	if f.Code == abi.AsFault(err).Code && f.Message == abi.AsFault(err).Message {
		return err
	}
	return &f
}

// uncertain are the codes of faults that say nothing about what the vendor has done, and invite to a repetition.
var uncertain = map[abi.Code]bool{
	abi.Unavailable: true, abi.Timeout: true, abi.Canceled: true, abi.Internal: true, abi.LimitExceeded: true, abi.RateLimited: true,
}

// doubt makes f in_doubt if repeating the call could do something twice.
func (q *requests) doubt(f *abi.Fault) {
	switch {
	case q.unclear != "" || q.pending != "":
		f.Message += "; " + cmp.Or(q.unclear, q.pending) + " may have taken effect all the same"
	case q.done != "":
		f.Message += "; by then " + q.done + " had taken effect"
	default:
		return
	}
	f.Code = abi.InDoubt
}

// sent is what the call has sent, for the audit log.
func (q *requests) sent() []audit.Egress {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.trail.lines
}
