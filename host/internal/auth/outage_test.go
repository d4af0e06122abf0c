package auth

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
)

// refusals answers every request alike.
func refusals(status int, body any) func(abi.Request, seen) *abi.Response {
	return func(abi.Request, seen) *abi.Response {
		r := reply(status, body)
		return &r
	}
}

// A vendor that is out of order for hours ends nothing: the old token is used to its end, requests become rare, and then it
// goes on.
func TestPrepare_VendorOutOfOrder(t *testing.T) {
	t.Parallel()
	answers := map[string]func(abi.Request, seen) *abi.Response{
		"500":                refusals(500, "<html>"),
		"503 invalid_grant":  refusals(503, map[string]any{"error": "invalid_grant"}),
		"429":                refusals(429, ""),
		"html 401":           refusals(401, "<html>proxy</html>"),
		"unknown code":       refusals(400, map[string]any{"error": "canary"}),
		"200 without token":  refusals(200, map[string]any{"hello": 1}),
		"not a bearer token": refusals(200, map[string]any{"access_token": "x", "token_type": "mac"}),
		"redirect":           refusals(302, ""),
		"timeout": func(abi.Request, seen) *abi.Response {
			return &abi.Response{Fault: abi.Faultf(abi.Timeout, "no answer")}
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				acct := account(codeMethod)
				w.connect(t, acct)
				a := w.process(t)
				w.intercept = answer
				begun := time.Now()
				for time.Since(begun) < 3*time.Hour {
					c, err := a.Prepare(t.Context(), acct)
					switch alive := time.Since(begun) < time.Hour; {
					case alive && (err != nil || bearer(t, c) != "Bearer access-1"):
						t.Fatalf("after %s: %v", time.Since(begun), err)
					case !alive && (err == nil || errors.Is(err, ErrReconnect)):
						t.Fatalf("after %s: %v", time.Since(begun), err)
					}
					time.Sleep(time.Second)
				}
				if n := w.count(); n < 120 || n > 150 { // from 80-90 % of the first hour, once a minute
					t.Errorf("%d requests in 3 hours", n)
				}
				w.intercept = nil
				time.Sleep(time.Minute)
				if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" {
					t.Errorf("it did not go on: %v", err)
				}
			})
		})
	}
}

func TestPrepare_RetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		a := w.process(t)
		w.secrets.put("acme", map[string]string{})
		w.intercept = func(abi.Request, seen) *abi.Response {
			r := reply(429, "")
			r.Headers["Retry-After"] = []string{"300"}
			return &r
		}
		for range 290 {
			_, err := a.Prepare(t.Context(), account(clientMethod))
			if f := abi.AsFault(err); f.Code != abi.RateLimited || f.RetryAfter < 5 || f.RetryAfter > 300 {
				t.Fatal(f.RetryAfter, err)
			}
			time.Sleep(time.Second)
		}
		if w.count() != 1 {
			t.Errorf("%d requests", w.count())
		}
	})
}

// A vendor that takes 14 seconds: calls go on with the old token after three, and wait for the new one when there is none.
func TestPrepare_SlowVendor(t *testing.T) {
	t.Parallel()
	for _, alive := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			acct := account(codeMethod)
			w.connect(t, acct)
			w.slow = 14 * time.Second
			time.Sleep(map[bool]time.Duration{true: 55 * time.Minute, false: 2 * time.Hour}[alive])
			a, b := w.process(t), w.process(t)
			want := map[bool]string{true: "Bearer access-1", false: "Bearer access-2"}[alive]
			begun := time.Now()
			if tokens := crowd(t, []*Auth{a, b}, func(a *Auth) (*Credential, error) { return a.Prepare(t.Context(), acct) }); tokens[want] != 400 {
				t.Error(tokens)
			}
			if took := time.Since(begun); alive && took > 3*time.Second || took > 15*time.Second {
				t.Error(took)
			}
			a.Close()
			b.Close()
			if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" || w.count() != 1 {
				t.Errorf("%v, %d requests", err, w.count())
			}
		})
	}
}

// A token that is renewed under a call's hands, whose time is up: the answer is stored all the same.
func TestPrepare_CallEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		w.slow = 5 * time.Second
		time.Sleep(2 * time.Hour)
		a := w.process(t)
		ctx, cancel := contextWithTimeout(t, time.Second)
		defer cancel()
		if _, err := a.Prepare(ctx, acct); abi.AsFault(err).Code != abi.Timeout {
			t.Error(err)
		}
		a.Close()
		if c, err := a.Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" || w.count() != 1 {
			t.Errorf("%v, %d requests", err, w.count())
		}
	})
}

// The waits between failures grow, and a success makes them short again.
func TestPrepare_BackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.secrets.put("acme", map[string]string{})
		w.life = 1
		a, acct := w.process(t), account(clientMethod)
		fails := refusals(500, "")
		failures := func(seconds int) int {
			before := w.count()
			w.intercept = fails
			for range seconds {
				_, _ = a.Prepare(t.Context(), acct)
				time.Sleep(time.Second)
			}
			return w.count() - before
		}
		if n := failures(200); n != 9 { // after 0 1 3 7 15 31 63 123 and 183 seconds
			t.Errorf("%d requests", n)
		}
		w.intercept = nil
		time.Sleep(time.Minute)
		if _, err := a.Prepare(t.Context(), acct); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := failures(3); n != 2 {
			t.Errorf("%d requests in the three seconds after a success", n)
		}
	})
}

// A call loses its patience a moment after the old token has ended: it waits on.
func TestPrepare_EndsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		w.slow = 10 * time.Second
		time.Sleep(time.Hour - 2*time.Second)
		if c, err := w.process(t).Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-2" {
			t.Error(err)
		}
	})
}

// A call loses its patience after somebody has stored other tokens: it takes those, and not what it began with.
func TestPrepare_ChangesWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		acct := account(codeMethod)
		w.connect(t, acct)
		w.slow = 10 * time.Second
		time.Sleep(55 * time.Minute)
		time.AfterFunc(time.Second, func() {
			m := map[string]string{}
			record{Set: "other", Access: "access-other"}.write(m)
			w.secrets.put("acme", m)
		})
		if c, err := w.process(t).Prepare(t.Context(), acct); err != nil || bearer(t, c) != "Bearer access-other" {
			t.Error(err)
		}
	})
}
