package delivery

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
)

// outcome is what a scripted vendor does with one request.
type outcome struct {
	name   string
	status int // 0: no answer
	header []string
	body   string
	code   abi.Code      // without an answer: of the fault
	unsent bool          // without an answer: nothing has left this machine
	took   time.Duration // or until the call's end
}

func answer(status int, header ...string) outcome { return outcome{status: status, header: header} }

func (o outcome) saying(body string) outcome { o.body = body; return o }

var (
	ok       = answer(200)
	reset    = outcome{name: "reset in the middle of the body", code: abi.Unavailable, took: 20 * time.Millisecond}
	short    = outcome{name: "less body than its length says", code: abi.Unavailable, took: 20 * time.Millisecond}
	drip     = outcome{name: "slow drip", code: abi.Timeout, took: 10 * time.Second}
	silence  = outcome{name: "silence", code: abi.Timeout, took: 30 * time.Second}
	huge     = outcome{name: "body too large", code: abi.LimitExceeded, took: time.Second}
	refused  = outcome{name: "connection refused", code: abi.Unavailable, unsent: true}
	unknownN = outcome{name: "no such host", code: abi.Unavailable, unsent: true, took: 5 * time.Millisecond}
	ungrant  = outcome{name: "no grant", code: abi.Forbidden, unsent: true}
)

// vendor plays outcomes one after the other, the last one again and again.
type vendor struct {
	outcomes []outcome
	seen     []abi.Request
	at       []time.Duration // since start
	start    time.Time
}

func script(outcomes ...outcome) *vendor { return &vendor{outcomes: outcomes, start: time.Now()} }

func (v *vendor) send(ctx context.Context, r abi.Request) (abi.Response, bool) {
	o := v.outcomes[min(len(v.seen), len(v.outcomes)-1)]
	v.seen = append(v.seen, r)
	v.at = append(v.at, time.Since(v.start).Round(time.Millisecond))
	return o.play(ctx, r)
}

func (o outcome) play(ctx context.Context, r abi.Request) (abi.Response, bool) {
	if (clock.Real{}).Sleep(ctx, o.took) != nil {
		code := abi.Timeout
		if ctx.Err() == context.Canceled {
			code = abi.Canceled
		}
		return abi.Response{Fault: abi.Faultf(code, "vendor.example: the call ended while waiting")}, !o.unsent
	}
	if o.status == 0 {
		return abi.Response{Fault: abi.Faultf(o.code, "vendor.example: %s", o.name)}, !o.unsent
	}
	h := http.Header{}
	for i := 0; i < len(o.header); i += 2 {
		h.Add(o.header[i], o.header[i+1])
	}
	return abi.Response{Status: o.status, Headers: h, URL: r.URL, Body: []byte(o.body)}, true
}

func request(method string) abi.Request {
	return abi.Request{Method: method, URL: "https://vendor.example/api/runs?key=hunter2", Headers: map[string][]string{"Accept": {"application/json"}}}
}

// most makes every wait as long as it may be.
func most(d time.Duration) time.Duration { return d }

// bubble runs f with a clock of its own, beside which time costs nothing.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// deliver sends one request to v in a call of 30 seconds.
func deliver(t *testing.T, d *Deliverer, rt *Route, v *vendor, method string) (abi.Response, Report) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rt.Send = v.send
	resp, report := d.Deliver(ctx, rt, request(method))
	if ctx.Err() != nil && time.Since(v.start) > 30*time.Second {
		t.Errorf("it took %v", time.Since(v.start))
	}
	if data, err := resp.Encode(); err != nil {
		t.Errorf("the answer cannot be encoded: %v", err)
	} else if _, err := abi.DecodeResponse(data); err != nil {
		t.Errorf("no guest can read the answer: %v", err)
	}
	return resp, report
}

// verdict is the answer in short: "200", "429 rate_limited", "fault timeout".
func verdict(r abi.Response) string {
	switch {
	case r.Fault != nil:
		return "fault " + string(r.Fault.Code)
	case r.Failure != nil:
		return fmt.Sprintf("%d %s", r.Status, r.Failure.Code)
	}
	return fmt.Sprint(r.Status)
}

func failure(r abi.Response) abi.Fault {
	switch {
	case r.Fault != nil:
		return *r.Fault
	case r.Failure != nil:
		return *r.Failure
	}
	return abi.Fault{}
}
