package host

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/internal/virtual"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// timed is a world whose clock is virtual, with a vendor that keeps the times of its requests.
type timed struct {
	*world
	clock *virtual.Clock
	seen  []time.Duration // since the epoch
}

// newTimed connects the store to a vendor that answers each request with the next of the answers, and then with the last.
func newTimed(t *testing.T, answers ...roundTripper) *timed {
	t.Helper()
	w := &timed{clock: virtual.New(epoch)}
	w.world = newWorld(t, func(c *Config) { c.Clock, c.Now, c.World = w.clock, nil, &World{Now: epoch} })
	w.wire = func(r *http.Request) (*http.Response, error) {
		answer := answers[min(len(w.seen), len(answers)-1)]
		w.seen = append(w.seen, w.clock.Now().Sub(epoch))
		return answer(r)
	}
	w.install(t, store)
	w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
	return w
}

// run makes requests in one call.
func (w *timed) run(t *testing.T, action string, requests ...string) (Usage, error) {
	t.Helper()
	w.engine.call = sending(requests...)
	var usage Usage
	began := time.Now()
	_, err := w.Run(t.Context(), Call{Connector: "store", Operation: action, Usage: &usage})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the call took %v, of real time", took)
	}
	return usage, err
}

func (w *timed) saw(t *testing.T, want ...time.Duration) {
	t.Helper()
	if diff := cmp.Diff(want, w.seen); diff != "" {
		t.Errorf("times of requests: %s", diff)
	}
}

func answer(status int, header ...string) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp, nil
	}
}

// after is a vendor that takes its time, as long as somebody waits.
func (w *timed) after(d time.Duration, then roundTripper) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		if err := w.clock.Sleep(r.Context(), d); err != nil {
			return nil, err
		}
		return then(r)
	}
}

func TestClock_Throttled(t *testing.T) {
	t.Parallel()
	w := newTimed(t, answer(429, "Retry-After", "20"), answer(200))
	usage, err := w.run(t, "plain", "POST /ok")
	if err != nil {
		t.Fatal(err)
	}
	w.saw(t, 0, 20*time.Second)
	if usage.Waited != 20*time.Second || usage.Wall != 0 {
		t.Errorf("waited %v and ran for %v, want 20s and none", usage.Waited, usage.Wall)
	}
}

// TestClock_Date has the vendor name an instant, which counts from the virtual now.
func TestClock_Date(t *testing.T) {
	t.Parallel()
	w := newTimed(t, answer(429, "Retry-After", epoch.Add(7*time.Second).Format(http.TimeFormat)), answer(200))
	if _, err := w.run(t, "plain", "POST /ok"); err != nil {
		t.Fatal(err)
	}
	w.saw(t, 0, 7*time.Second)
}

// TestClock_Held: a vendor that asked for more time than a call has is left alone until then.
func TestClock_Held(t *testing.T) {
	t.Parallel()
	w := newTimed(t, answer(429, "Retry-After", "600"), answer(200))
	for range 2 {
		_, err := w.run(t, "plain", "POST /ok")
		if f := abi.AsFault(err); f.Code != abi.RateLimited || f.RetryAfter != 600 {
			t.Errorf("fault %+v, want rate_limited for 600 s", f)
		}
	}
	w.saw(t, 0)
	w.clock.Advance(570 * time.Second)
	if usage, err := w.run(t, "plain", "POST /ok"); err != nil || usage.Waited != 30*time.Second {
		t.Errorf("waited %v (%v), want 30s", usage.Waited, err)
	}
	w.saw(t, 0, 600*time.Second)
}

// TestClock_BackOff has no jitter in a fixed world.
func TestClock_BackOff(t *testing.T) {
	t.Parallel()
	w := newTimed(t, answer(503))
	usage, err := w.run(t, "read", "GET /busy")
	if f := abi.AsFault(err); f.Code != abi.Unavailable {
		t.Errorf("fault %v, want unavailable", f)
	}
	w.saw(t, 0, time.Second, 3*time.Second)
	if usage.Wall != 3*time.Second || usage.Waited != 0 {
		t.Errorf("ran for %v and waited %v, want 3s and none: the call's own time runs", usage.Wall, usage.Waited)
	}
}

// TestClock_TimeUp has a vendor that takes 8 s for each answer: the call's 30 s end while it waits for the fourth.
func TestClock_TimeUp(t *testing.T) {
	t.Parallel()
	w := newTimed(t)
	slow := w.after(8*time.Second, answer(200))
	w.wire = func(r *http.Request) (*http.Response, error) {
		w.seen = append(w.seen, w.clock.Now().Sub(epoch))
		return slow(r)
	}
	usage, err := w.run(t, "plain", "GET /ok", "GET /ok", "GET /ok", "GET /ok", "GET /ok")
	if f := abi.AsFault(err); f.Code != abi.Timeout || !strings.Contains(f.Message, "the call's time was up") {
		t.Errorf("fault %v, want timeout", f)
	}
	if passed := w.clock.Now().Sub(epoch); passed != 30*time.Second || usage.Wall != 30*time.Second {
		t.Errorf("ended after %v and ran for %v, want 30s", passed, usage.Wall)
	}
}

// TestClock_Hangs has vendors fall silent: what stops the request is what would stop it on the real network.
func TestClock_Hangs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vendor func(w *timed) roundTripper
		action string
		code   abi.Code
		want   string
		after  time.Duration
	}{
		"before the first byte": {func(w *timed) roundTripper { return w.after(time.Hour, answer(200)) }, "read", abi.Timeout,
			"the call's time was up, while it waited for the answer to GET", 30 * time.Second},
		"before the first byte of a write": {func(w *timed) roundTripper { return w.after(time.Hour, answer(200)) }, "plain", abi.InDoubt,
			"the call's time was up, while it waited for the answer to POST", 30 * time.Second},
		"in the body": {func(w *timed) roundTripper { return drip(w, 3, time.Hour) }, "plain", abi.InDoubt,
			"nothing came for 10s while reading the response's body", 13 * time.Second},
		"an error of its own": {func(w *timed) roundTripper {
			return w.after(4*time.Second, func(*http.Request) (*http.Response, error) { return nil, timeout{} })
		}, "read", abi.Timeout, "no answer in time", 15 * time.Second},
		"closed": {func(w *timed) roundTripper {
			return func(*http.Request) (*http.Response, error) { return nil, io.EOF }
		}, "plain", abi.InDoubt, "closed the connection before its response was complete, while waiting for the first byte", 0},
		"not reached": {func(w *timed) roundTripper { return unreachable }, "plain", abi.Unavailable, "cannot be reached", 3 * time.Second},
		"refused":     {func(w *timed) roundTripper { return refused }, "plain", abi.Unavailable, "refused the connection", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTimed(t)
			w.wire = c.vendor(w)
			method := map[string]string{"read": "GET", "plain": "POST"}[c.action]
			_, err := w.run(t, c.action, method+" /ok")
			if f := abi.AsFault(err); f.Code != c.code || !strings.Contains(f.Message, c.want) {
				t.Errorf("fault %v, want %s with %q", f, c.code, c.want)
			}
			if passed := w.clock.Now().Sub(epoch); passed != c.after {
				t.Errorf("ended after %v, want %v", passed, c.after)
			}
		})
	}
}

type timeout struct{}

func (timeout) Error() string   { return "the vendor's own timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

// refused is a vendor that nobody listens for, told as net/http does.
func refused(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).GetConn(r.URL.Host)
	return nil, syscall.ECONNREFUSED
}

// unreachable is a vendor that no connection comes to.
func unreachable(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).GetConn(r.URL.Host)
	return nil, syscall.EHOSTUNREACH
}

// drip is a vendor that sends n bytes at once, and each later one after a time.
func drip(w *timed, n int, d time.Duration) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := answer(200)(r)
		resp.Body = io.NopCloser(&drops{w: w, ctx: r.Context(), n: n, every: d})
		return resp, err
	}
}

type drops struct {
	w     *timed
	ctx   context.Context
	n     int
	every time.Duration
}

func (d *drops) Read(p []byte) (int, error) {
	if d.n--; d.n < 0 {
		if err := d.w.clock.Sleep(d.ctx, d.every); err != nil {
			return 0, err
		}
		return 0, errors.New("nobody was to wait so long")
	}
	return copy(p, "x"), d.w.clock.Sleep(d.ctx, time.Second)
}

// TestClock_Breaker has a breaker open after five failures and close 30 virtual seconds later.
func TestClock_Breaker(t *testing.T) {
	t.Parallel()
	w := newTimed(t, answer(500), answer(500), answer(500), answer(500), answer(500), answer(200))
	for range 5 {
		w.run(t, "plain", "POST /broken")
	}
	_, err := w.run(t, "plain", "POST /ok")
	if f := abi.AsFault(err); f.Code != abi.Unavailable || f.RetryAfter < 24 || len(w.seen) != 5 {
		t.Errorf("%+v after %d requests, want the breaker's fault after 5", f, len(w.seen))
	}
	w.clock.Advance(30 * time.Second)
	if _, err := w.run(t, "plain", "POST /ok"); err != nil {
		t.Error(err)
	}
}

func TestClock_Pending(t *testing.T) {
	t.Parallel()
	w := newTimed(t, answer(200))
	w.engine.call = func(_ context.Context, env abi.Envelope, _ func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		if env.Attempt == 1 {
			return abi.Result{Status: abi.StatusPending, After: 3600, State: json.RawMessage(`1`)}, nil
		}
		return abi.Done(json.RawMessage(`{}`)), nil
	}
	if _, err := w.Run(t.Context(), Call{Connector: "store", Operation: "plain"}); err != nil {
		t.Fatal(err)
	}
	if passed := w.clock.Now().Sub(epoch); passed != time.Hour {
		t.Errorf("%v have passed, want the hour that the guest asked for", passed)
	}
}

// TestClock_Token has a token of the vendor end, and its authorization server hang, by the same clock.
func TestClock_Token(t *testing.T) {
	t.Parallel()
	w := &timed{clock: virtual.New(epoch)}
	w.world = newWorld(t, func(c *Config) { c.Clock, c.Now = w.clock, nil })
	tokens, hangs := 0, false
	w.wire = func(r *http.Request) (*http.Response, error) {
		resp, err := answer(200, "Content-Type", "application/json")(r)
		switch {
		case r.URL.Host != "login.shop.example":
		case hangs:
			return nil, w.clock.Sleep(r.Context(), time.Hour)
		default:
			tokens++
			resp.Body = io.NopCloser(strings.NewReader(`{"access_token":"a-token-of-the-vendor","token_type":"bearer","expires_in":3600}`))
		}
		return resp, err
	}
	w.install(t, shop)
	w.connect(t, ConnectRequest{Connector: "shop", Auth: "oauth", Values: map[string]string{"region": "eu", "client_id": "me", "client_secret": "a-secret"}})
	w.engine.call = func(context.Context, abi.Envelope, func(context.Context, abi.Request) abi.Response, func(abi.LogRecord)) (abi.Result, error) {
		return abi.Done(json.RawMessage(`{"id": 1}`)), nil
	}
	run := func() error {
		_, err := w.Run(t.Context(), Call{Connector: "shop", Operation: "get_order", Input: json.RawMessage(`{"id": 1}`)})
		return err
	}
	for _, passed := range []time.Duration{0, time.Minute, time.Hour} {
		w.clock.Advance(passed)
		if err := run(); err != nil {
			t.Fatal(err)
		}
	}
	if tokens != 2 {
		t.Errorf("%d tokens, want one for each hour", tokens)
	}
	hangs = true
	w.clock.Advance(time.Hour)
	before := w.clock.Now()
	err := run()
	if f := abi.AsFault(err); f.Code != abi.Unavailable && f.Code != abi.Timeout || w.clock.Now().Sub(before) != tokenTime {
		t.Errorf("%v after %v, want a fault that can pass after %v", err, w.clock.Now().Sub(before), tokenTime)
	}
}

// TestClock_Rings has real guests wait for a vendor by a virtual clock, in vain and not.
func TestClock_Rings(t *testing.T) {
	t.Parallel()
	for _, ring := range []Isolation{InProcess, Process} {
		t.Run(string(ring), func(t *testing.T) {
			t.Parallel()
			w := &timed{clock: virtual.New(epoch)}
			vendor := answer(429, "Retry-After", "20")
			h := newReal(t, Config{World: &World{Now: epoch}, Clock: w.clock, Isolation: ring, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				now := vendor
				vendor = answer(200)
				return now(r)
			})})
			call := Call{Connector: "churning", Operation: "churn", Input: json.RawMessage(`{"Rounds": 2}`), Usage: &Usage{}}
			if _, err := h.Run(t.Context(), call); err != nil || call.Usage.Waited != 20*time.Second || call.Usage.Wall != 0 {
				t.Errorf("waited %v and ran for %v (%v), want 20s and none", call.Usage.Waited, call.Usage.Wall, err)
			}
			vendor = w.after(time.Hour, answer(200))
			before := w.clock.Now()
			_, err := h.Run(t.Context(), call)
			if f := abi.AsFault(err); f.Code != abi.Timeout || !strings.Contains(f.Message, "the call's time was up") {
				t.Errorf("fault %v, want timeout", f)
			}
			if took := w.clock.Now().Sub(before); took != 30*time.Second {
				t.Errorf("ended after %v, want 30s", took)
			}
		})
	}
}

// walls keeps how much time its calls were given.
type walls struct {
	fakeEngine
	given []time.Duration
}

func (e *walls) load(context.Context, Isolation, guest.Module) (guest.Program, error) { return e, nil }

func (e *walls) Call(_ context.Context, c guest.Call) (guest.Outcome, error) {
	e.given = append(e.given, c.Limits.Wall)
	return guest.Outcome{Result: abi.Done(json.RawMessage(`{}`))}, nil
}

// TestClock_Wall: a guest may not sleep, by its own clock, for what its call may wait for others.
func TestClock_Wall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		clock Clock
		want  time.Duration
	}{{nil, 90 * time.Second}, {virtual.New(epoch), 30 * time.Second}} {
		w, e := newWorld(t, func(cfg *Config) { cfg.Clock = c.clock }), &walls{}
		w.guests = e
		w.install(t, store)
		w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
		if _, err := w.Run(t.Context(), Call{Connector: "store", Operation: "plain", Patience: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if len(e.given) != 1 || e.given[0] != c.want {
			t.Errorf("the guest was given %v, want %v", e.given, c.want)
		}
	}
}

func TestHeld(t *testing.T) {
	t.Parallel()
	var l held
	l.hold([]string{"a", "b"}, epoch.Add(time.Minute))
	l.hold([]string{"b"}, epoch.Add(time.Hour))
	l.hold([]string{"b"}, epoch.Add(time.Second)) // who wants less, changes nothing
	for keys, want := range map[string]time.Duration{"a": time.Minute, "b": time.Hour, "b a": time.Hour, "c a": time.Minute} {
		if got := l.ends(strings.Fields(keys)).Sub(epoch); got != want {
			t.Errorf("%s: free after %v, want %v", keys, got, want)
		}
	}
	c := virtual.New(epoch)
	ctx, cancel := context.WithCancel(t.Context())
	c.AfterFunc(time.Second, cancel)
	if f := abi.AsFault(l.wait(ctx, c, []string{"a"}, time.Hour)); f.Code != abi.Canceled {
		t.Errorf("fault %v, want canceled", f)
	}
}
