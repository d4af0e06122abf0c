package delivery

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// delivery is one use of [Deliverer.Deliver].
type delivery struct {
	*Deliverer
	route      *Route
	req        abi.Request
	circuit    circuit
	retry      manifest.Retry // without zero fields
	repeatable bool

	last    *try // nil before the first
	repeats int  // tries since the first, but for the one after a renewal
	renewed bool
	report  Report
}

// try is what became of sending the request once.
type try struct {
	resp   abi.Response
	sent   bool
	fault  *abi.Fault // what resp means; nil: a success
	looked bool       // an error rule looked into the response
	final  bool       // there is no point in another try
	took   time.Duration
}

func newDelivery(d *Deliverer, rt *Route, req abi.Request) *delivery {
	x := &delivery{Deliverer: d, route: rt, retry: retryOf(rt.Retry), circuit: circuit{connection: rt.Connection}}
	var keyed bool
	x.req, keyed = rt.stamp(req)
	x.repeatable = keyed || rt.ReadOnly || Idempotent(req.Method)
	if u, err := url.Parse(req.URL); err == nil {
		x.circuit.host = u.Host
	}
	return x
}

// try sends the request once. It returns a fault instead if the breaker is open.
func (x *delivery) try(ctx context.Context) (*try, *abi.Fault) {
	probe, fault := x.breakers.enter(x.circuit)
	if fault != nil {
		return nil, fault
	}
	t := &try{}
	defer func() { x.breakers.leave(x.circuit, probe, t.health(ctx)) }() // whatever happens: a probe that never ends would hold back all
	x.report.Attempts++
	start := x.clock.Now()
	t.resp, t.sent = x.route.Send(ctx, x.req)
	t.took = x.clock.Now().Sub(start)
	if t.fault = t.resp.Fault; t.fault == nil {
		t.sent = true
		t.fault, t.looked = Classify(x.route.Errors, x.req, t.resp, x.clock.Now())
	}
	x.last = t
	return t, nil
}

// answered reports whether the vendor has given an answer of that code.
func (t *try) answered(code abi.Code) bool {
	return t.fault != nil && t.resp.Fault == nil && t.fault.Code == code
}

// unclear reports whether the request may have taken effect although it has failed.
func (x *delivery) unclear(t *try) bool {
	switch {
	case t.fault == nil, !t.sent, x.repeatable:
		return false
	case t.resp.Fault != nil, t.fault.Code == abi.InDoubt:
		return true
	case t.looked: // whoever wrote the rule knows what the answer means
		return false
	}
	return unexplained(t.resp.Status) && (t.fault.Code == abi.Unavailable || t.fault.Code == abi.Timeout || t.fault.Code == abi.Internal)
}

// unexplained reports whether a status leaves open what the server has done before it failed.
func unexplained(status int) bool {
	switch status {
	case http.StatusNotImplemented, http.StatusServiceUnavailable, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= 500
}

// renew gets a fresh credential if t's answer asks for one, and reports whether to send the request again. It does so
// once: an unauthorized request was not performed.
func (x *delivery) renew(ctx context.Context, t *try) bool {
	if x.renewed || x.route.Renew == nil || !t.answered(abi.Unauthorized) {
		return false
	}
	x.renewed = true
	fresh, err := x.route.Renew(ctx)
	if err != nil {
		x.explain(t, err)
	}
	t.final = err != nil || !fresh || ctx.Err() != nil
	return !t.final
}

// end gives t's answer back.
func (x *delivery) end(t *try) (abi.Response, Report) {
	resp := t.resp
	x.report.Unclear = x.unclear(t)
	if t.fault == nil {
		return resp, x.report
	}
	f := *t.fault
	if x.report.Attempts > 1 {
		f.Message += tries(x.report.Attempts)
	}
	if x.report.Unclear {
		f.Message += "; the vendor may have done it all the same: look before you repeat it"
		if f.Code.Temporary() {
			f.Code, f.RetryAfter = abi.InDoubt, 0
		}
	}
	if resp.Fault != nil {
		resp.Fault = &f
	} else {
		resp.Failure = &f
	}
	return resp, x.report
}
