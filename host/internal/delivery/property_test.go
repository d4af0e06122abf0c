package delivery

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"patchbay/abi"
	"patchbay/manifest"
)

// repeatedly are methods whose requests may be repeated by themselves.
var repeatedly = []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}

// scene is a vendor that is drawn at random, and what it has seen.
type scene struct {
	t         *rapid.T
	sends     int
	performed bool // the request may have taken effect, and no answer has denied it
	waiting   time.Time
	waited    time.Duration
	twice     bool
}

// send draws what becomes of a request. performed is what a vendor may have done, not what the package makes of it.
func (s *scene) send(ctx context.Context, r abi.Request) (abi.Response, bool) {
	if s.sends++; s.sends > 1 {
		s.waited += time.Since(s.waiting)
	}
	s.twice = s.twice || s.performed
	defer func() { s.waiting = time.Now() }()
	draw := rapid.SampledFrom([]outcome{ok, reset, short, drip, silence, huge, refused, unknownN, ungrant, answer(400), answer(401), answer(404), answer(408),
		answer(409), answer(429), answer(500), answer(501), answer(502), answer(503), answer(504), answer(599), answer(302),
		answer(400).saying(`{"code":"BUSY"}`), answer(200).saying(`{"code":"BUSY"}`), answer(200).saying(`{"code":"LOGIN"}`), answer(500).saying(`{"code":"LOST"}`)})
	o := draw.Draw(s.t, "outcome")
	if o.status == 429 || o.status == 503 {
		value := rapid.SampledFrom([]string{"", "0", "1", "2.5", "10", "40", "-1", "x", "1000000000", "Sat, 01 Jan 2000 00:00:09 GMT"}).Draw(s.t, "Retry-After")
		o.header = []string{"Retry-After", value}
	}
	o.took += time.Duration(rapid.IntRange(0, 3000).Draw(s.t, "latency")) * time.Millisecond
	resp, sent := o.play(ctx, r)
	switch {
	case resp.Fault != nil:
		s.performed = sent
	case o.body == `{"code":"BUSY"}`, o.body == `{"code":"LOGIN"}`:
		s.performed = false
	default: // an answer below 500 says no, or that all is done
		s.performed = o.status < 400 || o.status >= 500
	}
	return resp, sent
}

// inBubble hides the test's deadline, which nobody may ask for in a bubble.
type inBubble struct{ rapid.TB }

// Whatever a vendor does, a request that is not repeatable is never sent again once it may have been performed, no
// request is sent more often than allowed, waits end before the deadline, and the answer does not lie.
func TestDeliver_Properties(t *testing.T) {
	rules := []manifest.ErrorRule{
		{Status: 200, Pointer: "/code", Equals: "BUSY", Code: "rate_limited"},
		{Status: 200, Pointer: "/code", Equals: "LOGIN", Code: "unauthorized"},
		{Status: 400, Pointer: "/code", Equals: "BUSY", Code: "rate_limited"},
		{Pointer: "/code", Equals: "LOST", Code: "in_doubt"},
	}
	synctest.Test(t, func(t *testing.T) {
		var doubts, repeats int
		check := func(t *rapid.T) {
			s := &scene{t: t}
			method := rapid.SampledFrom([]string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"}).Draw(t, "method")
			rt := &Route{Errors: rules, Send: s.send}
			rt.Retry = &manifest.Retry{Attempts: rapid.IntRange(0, 6).Draw(t, "attempts")}
			if rapid.Bool().Draw(t, "keyed") {
				rt.IdempotencyHeader, rt.IdempotencyKey = "Idempotency-Key", "k"
			}
			rt.ReadOnly = rapid.Bool().Draw(t, "read only")
			if rapid.Bool().Draw(t, "renewable") {
				rt.Renew = func(context.Context) (bool, error) { return rapid.Bool().Draw(t, "renewed"), nil }
			}
			budget := time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second
			ctx, cancel := context.WithTimeout(context.Background(), budget)
			defer cancel()
			start := time.Now()
			resp, report := New(Config{}).Deliver(ctx, rt, request(method))

			repeatable := slices.Contains(repeatedly, method) || rt.ReadOnly || rt.IdempotencyHeader != ""
			if s.twice && !repeatable {
				t.Fatal("a request that may have been performed was sent again")
			}
			most := 1 + retryOf(rt.Retry).Attempts
			if rt.Renew != nil {
				most++
			}
			if s.sends > most || report.Attempts != s.sends {
				t.Fatalf("%d tries, %d of them reported, want at most %d", s.sends, report.Attempts, most)
			}
			if took := time.Since(start); took > budget || s.waited > budget || report.Throttled > s.waited {
				t.Fatalf("%v and %v of waiting (%v because of throttling) in a call of %v", took, s.waited, report.Throttled, budget)
			}
			failed := resp.Fault != nil || resp.Failure != nil
			if report.Unclear && (repeatable || !s.performed || !failed) {
				t.Fatalf("in doubt about a request that is repeatable (%v), was not performed (%v) or has succeeded (%v)", repeatable, !s.performed, !failed)
			}
			lost := resp.Fault != nil || resp.Status == 500 || resp.Status == 502 || resp.Status == 504 || resp.Status == 599
			if !repeatable && s.performed && lost && !report.Unclear {
				t.Fatal("nobody is told that the request may have been performed")
			}
			if report.Unclear {
				doubts++
			}
			if s.sends > 1 {
				repeats++
			}
		}
		for range 5 { // a hundred scenes may be tame by chance
			if rapid.Check(inBubble{t}, check); doubts > 0 && repeats > 0 {
				break
			}
		}
		if doubts == 0 || repeats == 0 {
			t.Errorf("%d doubts and %d repetitions: the scenes are too tame", doubts, repeats)
		}
	})
}
