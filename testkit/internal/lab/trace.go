package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/host"
	"patchbay/testkit/internal/cases"
)

// Trace is one call of an operation, as the vendor and the caller saw it.
type Trace struct {
	Case     *cases.Case    // that the call is of
	Requests []Request      // in the order in which they reached the vendor
	Refused  []audit.Egress // what the host did not send, because no grant covers it or it is not as requests must be
	Status   abi.Status
	Output   json.RawMessage // of a call that succeeded; a page's as page.json has it
	Fault    *abi.Fault      // of one that did not
	Logs     string          // of host and guest
	Said     string          // what the guest logged
	Usage    host.Usage
	Leaked   bool   // a planted credential came back in the output, the fault or the log
	Problem  string // how the call was not what its case says; "" for as recorded
}

// err is the fault as an error; nil if there is none.
func (t *Trace) err() error {
	if t.Fault == nil {
		return nil
	}
	return t.Fault
}

// Request is one request as it reached the vendor.
type Request struct {
	Method     string
	URL        *url.URL // without the credential
	Header     http.Header
	Body       []byte
	Credential bool   // it carries a planted credential
	Misplaced  string // what is wrong with where it carries one, or with that it carries none; "" for nothing
	Status     int    // of the answer; 0 for none
}

// vendor answers the requests of one call.
type vendor interface {
	answer(ctx context.Context, r *Request) (*http.Response, error)
}

// perform makes one call at v, with a connection of its own.
func (l *Lab) perform(ctx context.Context, k *cases.Case, c cases.Call, v vendor) Trace {
	return l.performKeyed(ctx, k, c, v, "")
}

// interval is the time from one call to the next. A vendor's limit that a call has used up, or a wait that it was asked for,
// is over by then: calls know nothing of each other.
const interval = 48 * time.Hour

// attempts are enough for whatever a case shows. A vendor that never finishes must not keep a certification from its end.
const attempts = 100

// performKeyed is perform with the key by which vendors know repeated calls; "" for a new one.
func (l *Lab) performKeyed(ctx context.Context, k *cases.Case, c cases.Call, v vendor, key string) (t Trace) {
	t.Case = k
	if err := l.Spent(); err != nil {
		t.Problem = err.Error()
		return t
	}
	defer func() { l.opts.budget.spend(&t) }()
	l.clock.Advance(interval)
	l.calls++
	name := ""
	if l.Connects() { // what one connection's vendor has done is not held against the next
		name = fmt.Sprint("case-", l.calls)
	}
	planted, err := l.connect(ctx, name, c)
	if err != nil {
		t.Problem = err.Error()
		return t
	}
	o := &observer{planted: planted, vendor: v}
	l.wire.use(o)
	defer l.wire.use(nil)
	l.logs.reset()
	l.said.reset()
	l.trail.take()
	result, err := l.host.Run(ctx, host.Call{
		Connector: l.m.Ref(), Connection: name, Kind: c.Kind, Operation: c.Operation, Input: c.Input, Cursor: c.Cursor, Usage: &t.Usage, Key: key,
		Attempts: attempts,
	})
	t.Requests, t.Refused, t.Logs, t.Said = o.seen(), l.trail.take(), l.logs.String(), l.said.String()
	t.Leaked = planted.leaked(result, err, t.Logs)
	if err != nil {
		t.Fault = abi.AsFault(err)
		return t
	}
	t.Status, t.Output = result.Status, host.Output(result)
	return t
}
