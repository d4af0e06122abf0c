package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/manifest"
)

// switchboard is a vendor whose state the test changes, and a deliverer that tries everything once.
type switchboard struct {
	*Deliverer
	now outcome
	n   int
}

func newSwitchboard() *switchboard { return &switchboard{Deliverer: New(Config{})} }

func (s *switchboard) route(connection string) *Route {
	return &Route{Connection: connection, Retry: &manifest.Retry{Statuses: []int{599}}, Send: func(ctx context.Context, r abi.Request) (abi.Response, bool) {
		s.n++
		return s.now.play(ctx, r)
	}}
}

// call makes one request that nobody repeats and returns what came of it.
func (s *switchboard) call(t *testing.T, connection string) abi.Response {
	resp, _ := s.Deliver(t.Context(), s.route(connection), request("POST"))
	return resp
}

func (s *switchboard) calls(t *testing.T, n int) (verdicts []string) {
	for range n {
		verdicts = append(verdicts, verdict(s.call(t, "acme")))
	}
	return verdicts
}

// state reports whether the breaker is open.
func (s *switchboard) open() bool {
	s.breakers.mu.Lock()
	defer s.breakers.mu.Unlock()
	b := s.breakers.all[circuit{"acme", "vendor.example"}]
	return b != nil && !b.until.IsZero()
}

func TestBreaker(t *testing.T) {
	bubble(t, "opens after five, says when it closes, and closes after a probe", func(t *testing.T) {
		s := newSwitchboard()
		s.now = answer(500)
		s.calls(t, 5)
		time.Sleep(10 * time.Second)
		got := s.call(t, "acme")
		want := &abi.Fault{Code: abi.Unavailable, RetryAfter: 20, Message: "vendor.example failed 5 times in a row, so requests to it are held back: " +
			"the next one may go in 20s, at 00:00:30 UTC"}
		if diff := cmp.Diff(want, got.Fault); diff != "" || s.n != 5 {
			t.Errorf("after %d requests: %s", s.n, diff)
		}
		s.now = ok
		if got := verdict(s.call(t, "other")); got != "200" {
			t.Errorf("another connection: %s", got)
		}
		time.Sleep(19999 * time.Millisecond)
		if got := s.call(t, "acme"); got.Fault == nil || got.Fault.RetryAfter != 0.001 {
			t.Errorf("a millisecond before: %+v", got.Fault)
		}
		time.Sleep(time.Millisecond)
		if diff := cmp.Diff([]string{"200", "200"}, s.calls(t, 2)); diff != "" || s.open() {
			t.Errorf("when the vendor is back: %s", diff)
		}
		// Closed means closed: it takes five failures again.
		s.now = answer(500)
		if s.calls(t, 4); s.open() {
			t.Error("open after four failures")
		}
		if s.calls(t, 1); !s.open() {
			t.Error("closed after five failures")
		}
	})
	bubble(t, "opens again after a probe that fails", func(t *testing.T) {
		s := newSwitchboard()
		s.now = answer(500)
		s.calls(t, 5)
		time.Sleep(31 * time.Second)
		if diff := cmp.Diff([]string{"500 in_doubt", "fault unavailable"}, s.calls(t, 2)); diff != "" {
			t.Error(diff)
		}
		if f := s.call(t, "acme").Fault; f == nil || f.RetryAfter != 30 {
			t.Errorf("%+v, want another 30 s", f)
		}
	})
	bubble(t, "lets one probe through", func(t *testing.T) {
		s := newSwitchboard()
		s.now = answer(500)
		s.calls(t, 5)
		time.Sleep(time.Minute)
		s.now = outcome{status: 200, took: 5 * time.Second}
		var wg sync.WaitGroup
		wg.Go(func() { s.call(t, "acme") })
		synctest.Wait()
		got := s.call(t, "acme")
		if got.Fault == nil || got.Fault.RetryAfter != 1 || s.n != 6 {
			t.Errorf("beside a probe: %+v after %d requests", got.Fault, s.n)
		}
		wg.Wait()
		if s.open() {
			t.Error("open after a probe that was answered")
		}
	})
	bubble(t, "takes the next probe when one says nothing", func(t *testing.T) {
		s := newSwitchboard()
		s.now = answer(500)
		s.calls(t, 5)
		time.Sleep(time.Minute)
		s.now = ungrant
		s.calls(t, 1)
		s.now = ok
		if got := s.calls(t, 1); got[0] != "200" {
			t.Errorf("got %s", got[0])
		}
	})
	bubble(t, "survives a probe that panics", func(t *testing.T) {
		s := newSwitchboard()
		s.now = answer(500)
		s.calls(t, 5)
		time.Sleep(time.Minute)
		rt := s.route("acme")
		rt.Send = func(context.Context, abi.Request) (abi.Response, bool) { panic("boom") }
		func() {
			defer func() { _ = recover() }()
			s.Deliver(t.Context(), rt, request("POST"))
		}()
		s.now = ok
		if got := s.calls(t, 1); got[0] != "200" {
			t.Errorf("got %s", got[0])
		}
	})
	bubble(t, "heeds no answer to what was sent before it opened", func(t *testing.T) {
		s := newSwitchboard()
		s.now = outcome{status: 200, took: 2 * time.Second}
		var wg sync.WaitGroup
		wg.Go(func() { s.call(t, "acme") })
		synctest.Wait()
		s.now = answer(500)
		s.calls(t, 5)
		wg.Wait()
		if !s.open() {
			t.Error("closed by an answer that is older than the failures")
		}
	})
	bubble(t, "gives the last answer of a request that it interrupts", func(t *testing.T) {
		s := newSwitchboard()
		s.now = answer(503)
		s.calls(t, 3)
		rt := s.route("acme")
		rt.Retry = nil
		resp, report := s.Deliver(t.Context(), rt, request("GET"))
		if verdict(resp) != "503 unavailable" || report.Attempts != 2 || !s.open() {
			t.Errorf("%s after %d tries", verdict(resp), report.Attempts)
		}
	})
}

// What counts as a failure.
func TestBreaker_Counts(t *testing.T) {
	always := func(n int, o outcome) (list []outcome) {
		for range n {
			list = append(list, o)
		}
		return list
	}
	after := func(o outcome, d time.Duration) outcome { o.took = d; return o }
	throttle := []manifest.ErrorRule{{Status: 503, Code: "rate_limited"}}
	for _, tt := range []struct {
		name     string
		outcomes []outcome
		rules    []manifest.ErrorRule
		timeout  time.Duration
		cancel   bool
		open     bool
	}{
		{"500", always(5, answer(500)), nil, 0, false, true},
		{"four", always(4, answer(500)), nil, 0, false, false},
		{"resets", always(5, reset), nil, 0, false, true},
		{"refused", always(5, refused), nil, 0, false, true},
		{"drips", always(5, after(drip, time.Second)), nil, 0, false, true},
		{"an answer between", append(always(4, answer(500)), answer(404), answer(500)), nil, 0, false, false},
		{"within 30 s", always(5, after(answer(500), 7400*time.Millisecond)), nil, 0, false, true},
		{"not within 30 s", always(6, after(answer(500), 7600*time.Millisecond)), nil, 0, false, false},
		{"429", always(9, answer(429)), nil, 0, false, false},
		{"503 that throttles", always(9, answer(503)), throttle, 0, false, false},
		{"401", always(9, answer(401)), nil, 0, false, false},
		{"forbidden", always(9, ungrant), nil, 0, false, false},
		{"too large", always(9, huge), nil, 0, false, false},
		{"calls of half a second", always(9, silence), nil, 500 * time.Millisecond, false, false},
		{"calls of two seconds", always(9, silence), nil, 2 * time.Second, false, true},
		{"calls that are cancelled", always(9, silence), nil, 2 * time.Second, true, false},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			s := newSwitchboard()
			for _, s.now = range tt.outcomes {
				rt := s.route("acme")
				rt.Errors = tt.rules
				rt.Retry = &manifest.Retry{Attempts: 1}
				ctx, cancel := context.WithCancel(t.Context())
				if tt.cancel {
					time.AfterFunc(tt.timeout, cancel)
				} else if tt.timeout > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), tt.timeout)
				} else {
					ctx, cancel = context.WithTimeout(t.Context(), s.now.took+room/2) // no time to repeat anything
				}
				s.Deliver(ctx, rt, request("POST"))
				cancel()
			}
			if s.open() != tt.open {
				t.Errorf("open is %v", s.open())
			}
		})
	}
}

// Hosts that failed long ago take no memory for ever.
func TestBreaker_Forgets(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		d := New(Config{})
		for i := range 2 * breakMany {
			rt := &Route{Send: script(answer(500)).send}
			req := request("POST")
			req.URL = fmt.Sprintf("https://h%d.example/", i)
			d.Deliver(t.Context(), rt, req)
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(d.breakers.all); n > breakMany {
			t.Errorf("%d breakers are kept", n)
		}
	})
}

// Many calls at once share the breakers without a race.
func TestBreaker_Parallel(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		d := New(Config{})
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				v := script(answer(500), reset, ok)
				resp, _ := d.Deliver(t.Context(), &Route{Connection: "acme", Send: v.send}, request([]string{"GET", "POST"}[i%2]))
				if s := verdict(resp); !strings.Contains("200, 500 unavailable, 500 in_doubt, fault unavailable", s) {
					t.Errorf("got %s", s)
				}
			})
		}
		wg.Wait()
	})
}
