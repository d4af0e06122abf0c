package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/manifest"
)

// What a vendor does to a request, what comes of it, and how often it was sent: with a method that may be repeated,
// with one that may not, and with that one and a key.
func TestDeliver_Faults(t *testing.T) {
	throttled := answer(400).saying(`{"code":"CONCURRENCY_LIMIT_EXCEEDED"}`)
	rules := []manifest.ErrorRule{
		{Pointer: "/code", Equals: "CONCURRENCY_LIMIT_EXCEEDED", Code: "rate_limited"},
		{Status: 409, Pointer: "/code", Equals: "LOCKED", Code: "unavailable"},
		{Status: 200, Pointer: "/ok", Equals: "false", Code: "conflict"},
		{Status: 503, Header: "X-Reason", Equals: "gone", Code: "not_found"},
		{Status: 500, Code: "unavailable", Message: "/text"},
		{Status: 504, Code: "invalid_input"},
		{Status: 507, Code: "internal"},
		{Pointer: "/code", Equals: "BUSY", Code: "unavailable"},
		{Pointer: "/code", Equals: "LOST", Code: "in_doubt"},
	}
	type want struct {
		verdict string
		sent    int
	}
	for _, tt := range []struct {
		name             string
		outcomes         []outcome
		get, post, keyed want
	}{
		{"success", []outcome{ok}, want{"200", 1}, want{"200", 1}, want{"200", 1}},
		{"redirect", []outcome{answer(307)}, want{"307", 1}, want{"307", 1}, want{"307", 1}},
		{"400", []outcome{answer(400)}, want{"400 invalid_input", 1}, want{"400 invalid_input", 1}, want{"400 invalid_input", 1}},
		{"401", []outcome{answer(401)}, want{"401 unauthorized", 1}, want{"401 unauthorized", 1}, want{"401 unauthorized", 1}},
		{"404", []outcome{answer(404)}, want{"404 not_found", 1}, want{"404 not_found", 1}, want{"404 not_found", 1}},
		{"408 then ok", []outcome{answer(408), ok}, want{"200", 2}, want{"408 timeout", 1}, want{"200", 2}},
		{"429 then ok", []outcome{answer(429), ok}, want{"200", 2}, want{"200", 2}, want{"200", 2}},
		{"429 for ever", []outcome{answer(429)}, want{"429 rate_limited", 5}, want{"429 rate_limited", 5}, want{"429 rate_limited", 5}},
		{"throttled in the body", []outcome{throttled, throttled, ok}, want{"200", 3}, want{"200", 3}, want{"200", 3}},
		{"500 burst", []outcome{answer(500), answer(500), answer(500), ok}, want{"200", 4}, want{"500 in_doubt", 1}, want{"200", 4}},
		{"502 then ok", []outcome{answer(502), ok}, want{"200", 2}, want{"502 in_doubt", 1}, want{"200", 2}},
		{"503 then ok", []outcome{answer(503), ok}, want{"200", 2}, want{"503 unavailable", 1}, want{"200", 2}},
		{"500 for ever", []outcome{answer(500)}, want{"500 unavailable", 5}, want{"500 in_doubt", 1}, want{"500 unavailable", 5}},
		{"504 by a rule", []outcome{answer(504), ok}, want{"200", 2}, want{"504 invalid_input", 1}, want{"200", 2}},
		{"505", []outcome{answer(505)}, want{"505 unavailable", 1}, want{"505 unavailable", 1}, want{"505 unavailable", 1}},
		{"507 by a rule", []outcome{answer(507)}, want{"507 internal", 1}, want{"507 internal", 1}, want{"507 internal", 1}},
		{"a rule says that it was not done", []outcome{answer(502).saying(`{"code":"BUSY"}`), ok}, want{"200", 2}, want{"502 unavailable", 1}, want{"200", 2}},
		{"a rule does not know", []outcome{answer(400).saying(`{"code":"LOST"}`), ok}, want{"400 in_doubt", 1}, want{"400 in_doubt", 1}, want{"400 in_doubt", 1}},
		{"the host's quota on a redirect", []outcome{{name: "quota", code: abi.RateLimited}, ok}, want{"200", 2}, want{"fault in_doubt", 1}, want{"200", 2}},
		{"501", []outcome{answer(501)}, want{"501 unavailable", 1}, want{"501 unavailable", 1}, want{"501 unavailable", 1}},
		{"a rule says that it passes", []outcome{answer(409).saying(`{"code":"LOCKED"}`), ok}, want{"200", 2}, want{"409 unavailable", 1}, want{"200", 2}},
		{"a rule says that it does not pass", []outcome{answer(503, "X-Reason", "gone"), ok}, want{"503 not_found", 1}, want{"503 not_found", 1}, want{"503 not_found", 1}},
		{"error in a success", []outcome{ok.saying(`{"ok":false}`), ok}, want{"200 conflict", 1}, want{"200 conflict", 1}, want{"200 conflict", 1}},
		{"reset then ok", []outcome{reset, ok}, want{"200", 2}, want{"fault in_doubt", 1}, want{"200", 2}},
		{"reset for ever", []outcome{reset}, want{"fault unavailable", 5}, want{"fault in_doubt", 1}, want{"fault unavailable", 5}},
		{"wrong content-length then ok", []outcome{short, ok}, want{"200", 2}, want{"fault in_doubt", 1}, want{"200", 2}},
		{"drip then ok", []outcome{drip, ok}, want{"200", 2}, want{"fault in_doubt", 1}, want{"200", 2}},
		{"drip for ever", []outcome{drip}, want{"fault timeout", 3}, want{"fault in_doubt", 1}, want{"fault timeout", 3}},
		{"silence", []outcome{silence}, want{"fault timeout", 1}, want{"fault in_doubt", 1}, want{"fault timeout", 1}},
		{"too large", []outcome{huge, ok}, want{"fault limit_exceeded", 1}, want{"fault limit_exceeded", 1}, want{"fault limit_exceeded", 1}},
		{"refused then ok", []outcome{refused, refused, ok}, want{"200", 3}, want{"200", 3}, want{"200", 3}},
		{"refused for ever", []outcome{refused}, want{"fault unavailable", 5}, want{"fault unavailable", 5}, want{"fault unavailable", 5}},
		{"refused, then reset", []outcome{refused, reset, ok}, want{"200", 3}, want{"fault in_doubt", 2}, want{"200", 3}},
		{"no such host", []outcome{unknownN, ok}, want{"200", 2}, want{"200", 2}, want{"200", 2}},
		{"no grant", []outcome{ungrant, ok}, want{"fault forbidden", 1}, want{"fault forbidden", 1}, want{"fault forbidden", 1}},
		{"429, then reset", []outcome{answer(429), reset, ok}, want{"200", 3}, want{"fault in_doubt", 2}, want{"200", 3}},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH", "POST with a key", "POST of a reader"} {
				v := script(tt.outcomes...)
				rt := &Route{Connection: "acme", Errors: rules}
				want := tt.get
				name, how, _ := strings.Cut(method, " ")
				switch {
				case how == "with a key":
					rt.IdempotencyHeader, rt.IdempotencyKey, want = "Idempotency-Key", "k", tt.keyed
				case how == "of a reader":
					rt.ReadOnly = true
				case name == "POST" || name == "PATCH":
					want = tt.post
				}
				resp, report := deliver(t, New(Config{Jitter: most}), rt, v, name)
				if got := verdict(resp); got != want.verdict || len(v.seen) != want.sent || report.Attempts != want.sent {
					t.Errorf("%s: %s after %d tries (%d reported), want %s after %d", method, got, len(v.seen), report.Attempts, want.verdict, want.sent)
				}
				once := how == "" && (name == "POST" || name == "PATCH")
				lost := tt.name == "too large" || tt.name == "507 by a rule" // in doubt, though another code says more
				if report.Unclear != (once && (failure(resp).Code == abi.InDoubt || lost)) {
					t.Errorf("%s: unclear is %v for %s", method, report.Unclear, verdict(resp))
				}
			}
		})
	}
}

// Waits double up to the cap; what the vendor asks for goes before, in each of its forms.
func TestDeliver_Waits(t *testing.T) {
	const date = "Fri, 20 Nov 2026 19:00:00 GMT" // another clock than the bubble's, which shows the year 2000
	ms := func(list ...int) (waits []time.Duration) {
		for _, n := range list {
			waits = append(waits, time.Duration(n)*time.Millisecond)
		}
		return waits
	}
	inBody := []manifest.ErrorRule{{Status: 429, Code: "rate_limited", RetryAfter: "/error/wait"}}
	for _, tt := range []struct {
		name  string
		o     outcome
		retry *manifest.Retry
		rules []manifest.ErrorRule
		want  []time.Duration // when the request was sent
		after float64         // of the fault
	}{
		{"back-off", answer(503), nil, nil, ms(0, 500, 1500, 3500, 7500), 0},
		{"cap", answer(503), &manifest.Retry{Cap: manifest.Duration(700 * time.Millisecond)}, nil, ms(0, 500, 1200, 1900, 2600), 0},
		{"base", answer(503), &manifest.Retry{Attempts: 2, Base: manifest.Duration(2 * time.Second)}, nil, ms(0, 2000, 6000), 0},
		{"other statuses", answer(503), &manifest.Retry{Statuses: []int{500}}, nil, ms(0), 0},
		{"seconds", answer(429, "Retry-After", "3"), nil, nil, ms(0, 3000, 6000, 9000, 12000), 3},
		{"decimals", answer(429, "Retry-After", "0.25"), nil, nil, ms(0, 250, 500, 750, 1000), 0.25},
		{"date", answer(429, "Retry-After", "Fri, 20 Nov 2026 19:00:05 GMT", "Date", date), nil, nil, ms(0, 5000, 10000, 15000, 20000), 5},
		{"date of RFC 850", answer(429, "Retry-After", "Friday, 20-Nov-26 19:00:05 GMT", "Date", date), nil, nil, ms(0, 5000, 10000, 15000, 20000), 5},
		{"date of asctime", answer(429, "Retry-After", "Fri Nov 20 19:00:05 2026", "Date", date), nil, nil, ms(0, 5000, 10000, 15000, 20000), 5},
		{"date by our own clock", answer(429, "Retry-After", "Sat, 01 Jan 2000 00:00:20 GMT"), nil, nil, ms(0, 20000, 21000, 23000, 27000), 0},
		{"date in the past", answer(429, "Retry-After", "Fri, 20 Nov 2026 18:00:05 GMT", "Date", date), nil, nil, ms(0, 500, 1500, 3500, 7500), 0},
		{"zero", answer(429, "Retry-After", "0"), nil, nil, ms(0, 500, 1500, 3500, 7500), 0},
		{"negative", answer(429, "Retry-After", "-5"), nil, nil, ms(0, 500, 1500, 3500, 7500), 0},
		{"garbage", answer(429, "Retry-After", "soon"), nil, nil, ms(0, 500, 1500, 3500, 7500), 0},
		{"none", answer(429), nil, nil, ms(0, 500, 1500, 3500, 7500), 0},
		{"503 with a time", answer(503, "Retry-After", "7"), nil, nil, ms(0, 7000, 14000, 21000, 28000), 7},
		{"in the body", answer(429, "Retry-After", "1").saying(`{"error":{"wait":2.5}}`), nil, inBody, ms(0, 2500, 5000, 7500, 10000), 2.5},
		{"in the body as text", answer(429).saying(`{"error":{"wait":"4"}}`), nil, inBody, ms(0, 4000, 8000, 12000, 16000), 4},
		{"not in the body", answer(429, "Retry-After", "1").saying(`{"error":{"wait":[]}}`), nil, inBody, ms(0, 1000, 2000, 3000, 4000), 1},
		{"no time for it", answer(429, "Retry-After", "60"), nil, nil, ms(0), 60},
		{"no time for a second", answer(429, "Retry-After", "20"), nil, nil, ms(0, 20000), 20},
		{"just no time", answer(429, "Retry-After", "29.8"), nil, nil, ms(0), 29.8},
		{"just time", answer(429, "Retry-After", "29.7"), nil, nil, ms(0, 29700), 29.7},
		{"absurd", answer(429, "Retry-After", "1000000000"), nil, nil, ms(0), 3600},
		{"absurd date", answer(429, "Retry-After", "Fri, 20 Nov 2099 19:00:00 GMT", "Date", date), nil, nil, ms(0), 3600},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			v := script(tt.o)
			resp, report := deliver(t, New(Config{Jitter: most}), &Route{Retry: tt.retry, Errors: tt.rules}, v, "GET")
			if diff := cmp.Diff(tt.want, v.at); diff != "" {
				t.Errorf("sent (-want +got)\n%s", diff)
			}
			if got := failure(resp); got.RetryAfter != tt.after || got.Code != abi.RateLimited && got.Code != abi.Unavailable {
				t.Errorf("fault %+v, want retry_after %v", got, tt.after)
			}
			throttled := time.Duration(0)
			if tt.o.status == 429 {
				throttled = v.at[len(v.at)-1]
			}
			if report.Throttled != throttled {
				t.Errorf("throttled for %v, want %v", report.Throttled, throttled)
			}
		})
	}
}

// Without a fixed jitter the waits differ, and stay within their bounds.
func TestDeliver_Jitter(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 50 {
			v := script(answer(503))
			deliver(t, New(Config{}), &Route{}, v, "GET")
			for i, limit := range []time.Duration{500, 1000, 2000, 4000} {
				if wait := v.at[i+1] - v.at[i]; wait < 0 || wait > limit*time.Millisecond+time.Millisecond {
					t.Errorf("wait %d: %v, want at most %v", i+1, wait, limit*time.Millisecond)
				}
			}
			seen[v.at[1]] = true
		}
		if len(seen) < 10 {
			t.Errorf("50 first waits are only %d different ones", len(seen))
		}
	})
}

// The quota is told of throttling, and of nothing else.
func TestDeliver_Pause(t *testing.T) {
	for _, tt := range []struct {
		o    outcome
		want []time.Duration
	}{
		{answer(429, "Retry-After", "3"), []time.Duration{3 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second}},
		{answer(429, "Retry-After", "90"), []time.Duration{90 * time.Second}},
		{answer(429), []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}},
		{answer(503, "Retry-After", "3"), nil},
		{answer(403), nil},
		{ok, nil},
		{outcome{name: "the host's own quota", code: abi.RateLimited, unsent: true}, nil},
	} {
		bubble(t, "", func(t *testing.T) {
			var got []time.Duration
			rt := &Route{Pause: func(d time.Duration) { got = append(got, d) }}
			deliver(t, New(Config{Jitter: most}), rt, script(tt.o), "POST")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%d %s: %s", tt.o.status, tt.o.code, diff)
			}
		})
	}
}

func TestDeliver_Renew(t *testing.T) {
	reconnect := abi.Faultf(abi.Unauthorized, "the connection acme needs to be connected again")
	asleep := abi.Faultf(abi.Unavailable, "the token endpoint does not answer")
	byRule := []manifest.ErrorRule{{Status: 400, Pointer: "/code", Equals: "INVALID_LOGIN", Code: "unauthorized"}}
	for _, tt := range []struct {
		name     string // a method may stand first
		outcomes []outcome
		fresh    bool
		err      error
		want     string
		sent     int
		renewals int
		message  string
	}{
		{"helps", []outcome{answer(401), ok}, true, nil, "200", 2, 1, ""},
		{"helps after a rule", []outcome{answer(400).saying(`{"code":"INVALID_LOGIN"}`), ok}, true, nil, "200", 2, 1, ""},
		{"does not help", []outcome{answer(401)}, true, nil, "401 unauthorized", 2, 1, "answered 401"},
		{"beside the repetitions", []outcome{answer(429), answer(401), answer(429)}, true, nil, "429 rate_limited", 6, 1, ""},
		{"nothing to renew", []outcome{answer(401)}, false, nil, "401 unauthorized", 1, 1, "answered 401"},
		{"needs its owner", []outcome{answer(401)}, false, reconnect, "401 unauthorized", 1, 1, "needs to be connected again"},
		{"cannot be renewed now", []outcome{answer(400).saying(`{"code":"INVALID_LOGIN"}`)}, false, asleep, "400 unavailable", 1, 1, "token endpoint"},
		{"GET cannot be renewed now", []outcome{answer(400).saying(`{"code":"INVALID_LOGIN"}`)}, false, asleep, "400 unavailable", 1, 1, "token endpoint"},
		{"goes wrong", []outcome{answer(401)}, true, errors.New("secret detail"), "401 unauthorized", 1, 1, "answered 401"},
		{"forbidden", []outcome{answer(403)}, true, nil, "403 forbidden", 1, 0, ""},
		{"no answer", []outcome{{name: "credential", code: abi.Unauthorized, unsent: true}}, true, nil, "fault unauthorized", 1, 0, ""},
		{"then a reset", []outcome{answer(401), reset, ok}, true, nil, "fault in_doubt", 2, 1, ""},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			renewals := 0
			rt := &Route{Errors: byRule, Renew: func(context.Context) (bool, error) { renewals++; return tt.fresh, tt.err }}
			v := script(tt.outcomes...)
			method := "POST"
			if strings.HasPrefix(tt.name, "GET ") {
				method = "GET"
			}
			resp, report := deliver(t, New(Config{Jitter: most}), rt, v, method)
			if got := verdict(resp); got != tt.want || report.Attempts != tt.sent || renewals != tt.renewals {
				t.Errorf("%s after %d tries and %d renewals, want %s after %d and %d", got, report.Attempts, renewals, tt.want, tt.sent, tt.renewals)
			}
			if got := failure(resp).Message; !strings.Contains(got, tt.message) || strings.Contains(got, "secret") {
				t.Errorf("message %q, want %q", got, tt.message)
			}
		})
	}
}

// The same key goes with every try of a request, another one with the next request of the call, and again the same ones
// when the call is made again.
func TestDeliver_Keys(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		keys := func(key string) (seen []string) {
			rt := &Route{IdempotencyHeader: "idempotency-key", IdempotencyKey: key}
			for _, method := range []string{"POST", "GET", "DELETE", "PATCH"} {
				v := script(answer(500), reset, ok)
				req := request(method)
				rt.Send = v.send
				New(Config{}).Deliver(t.Context(), rt, req)
				for _, r := range v.seen {
					seen = append(seen, strings.Join(r.Headers["Idempotency-Key"], ","))
				}
				if len(req.Headers) != 1 {
					t.Error("the guest's own request has changed")
				}
			}
			return seen
		}
		got := keys("call-1")
		for i, same := range []int{0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9} {
			if got[i] != got[same] {
				t.Errorf("try %d has the key %s, want %s", i, got[i], got[same])
			}
		}
		distinct := []string{got[0], got[6], got[9]}
		slices.Sort(distinct)
		if len(slices.Compact(distinct)) != 3 || got[3] != "" || len(got[0]) != 36 {
			t.Errorf("keys %q: want three different ones of 36 characters, and none for the GET", got)
		}
		if diff := cmp.Diff(got, keys("call-1")); diff != "" {
			t.Errorf("the call again has other keys: %s", diff)
		}
		if keys("call-2")[0] == got[0] {
			t.Error("two calls have the same key")
		}
	})
}

// A guest that sets the header itself is taken at its word; a header without any key helps nobody.
func TestDeliver_OwnKey(t *testing.T) {
	for _, tt := range []struct {
		own, key, want string
		sent           int
	}{
		{"mine", "k", "mine", 2},
		{"mine", "", "mine", 2},
		{"", "", "", 1},
	} {
		bubble(t, tt.own, func(t *testing.T) {
			v := script(reset, ok)
			rt := &Route{IdempotencyHeader: "Idempotency-Key", IdempotencyKey: tt.key, Send: v.send}
			req := request("POST")
			if tt.own != "" {
				req.Headers["idempotency-key"] = []string{tt.own}
			}
			New(Config{}).Deliver(t.Context(), rt, req)
			if len(v.seen) != tt.sent || strings.Join(header(v.seen[0].Headers, "Idempotency-Key"), ",") != tt.want {
				t.Errorf("%d tries with %v, want %d with %q", len(v.seen), v.seen[0].Headers, tt.sent, tt.want)
			}
		})
	}
}

// A call that is cancelled stops waiting, and what it has seen last is what it gets.
func TestDeliver_Canceled(t *testing.T) {
	bubble(t, "while renewing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		v := script(answer(401), ok)
		renew := func(context.Context) (bool, error) { cancel(); return true, nil }
		resp, report := New(Config{}).Deliver(ctx, &Route{Send: v.send, Renew: renew}, request("GET"))
		if verdict(resp) != "401 unauthorized" || report.Attempts != 1 {
			t.Errorf("%s after %d tries", verdict(resp), report.Attempts)
		}
	})
	bubble(t, "while waiting", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		v := script(answer(503, "Retry-After", "10"), ok)
		resp, report := New(Config{}).Deliver(ctx, &Route{Send: v.send}, request("GET"))
		if verdict(resp) != "503 unavailable" || report.Attempts != 1 || time.Since(v.start) != time.Second {
			t.Errorf("%s after %d tries and %v", verdict(resp), report.Attempts, time.Since(v.start))
		}
	})
	bubble(t, "while sending", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		v := script(silence)
		resp, report := New(Config{}).Deliver(ctx, &Route{Send: v.send}, request("POST"))
		if verdict(resp) != "fault canceled" || !report.Unclear || report.Attempts != 1 {
			t.Errorf("%s, %+v", verdict(resp), report)
		}
	})
}

// An answer is an answer, whatever Send says of it.
func TestDeliver_AnswerUnsent(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		v := script(answer(502), ok)
		send := func(ctx context.Context, r abi.Request) (abi.Response, bool) {
			resp, _ := v.send(ctx, r)
			return resp, false
		}
		resp, report := New(Config{}).Deliver(t.Context(), &Route{Send: send}, request("POST"))
		if verdict(resp) != "502 in_doubt" || report.Attempts != 1 {
			t.Errorf("%s after %d tries", verdict(resp), report.Attempts)
		}
	})
}

// A fault may ask for more time than there is.
func TestDeliver_NoTimeInTheWorld(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		sent := 0
		send := func(context.Context, abi.Request) (abi.Response, bool) {
			sent++
			return abi.Response{Fault: &abi.Fault{Code: abi.RateLimited, Message: "quota", RetryAfter: 1e300}}, false
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		New(Config{}).Deliver(ctx, &Route{Send: send}, request("GET"))
		if sent != 1 {
			t.Errorf("sent %d times", sent)
		}
	})
}

// The log tells of repetitions without a word of what was asked or answered.
func TestDeliver_Log(t *testing.T) {
	lines := func(ctx context.Context, send func(context.Context, abi.Request) (abi.Response, bool)) string {
		var b strings.Builder
		log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		rt := &Route{Connection: "acme", Send: send}
		New(Config{Logger: log, Jitter: most}).Deliver(ctx, rt, request("GET"))
		return b.String()
	}
	bubble(t, "repeated", func(t *testing.T) {
		got := lines(t.Context(), script(answer(429, "Retry-After", "2").saying(`{"secret":"hunter2"}`), ok).send)
		want := "level=INFO msg=\"request is repeated\" connection=acme host=vendor.example method=GET attempt=2 status=429 code=rate_limited wait=2s\n"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	bubble(t, "cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		v := script(answer(503))
		got := lines(ctx, func(ctx context.Context, r abi.Request) (abi.Response, bool) {
			defer cancel()
			return v.send(ctx, r)
		})
		if got != "" || len(v.seen) != 1 {
			t.Errorf("%d tries, and got %s", len(v.seen), got)
		}
	})
	bubble(t, "breaker", func(t *testing.T) {
		got := lines(t.Context(), script(answer(503)).send)
		if want := "level=WARN msg=\"vendor does not answer, requests are held back\" connection=acme host=vendor.example until=2000-01-01T00:00:37.500Z\n"; !strings.HasSuffix(got, want) {
			t.Errorf("got %s", got)
		}
	})
}

// What a person reads of it.
func TestDeliver_Messages(t *testing.T) {
	for _, tt := range []struct {
		method string
		o      outcome
		want   string
	}{
		{"GET", answer(404), "GET https://vendor.example/api/runs answered 404"},
		{"GET", answer(503), "GET https://vendor.example/api/runs answered 503 (after 5 tries)"},
		{"POST", answer(502, "Retry-After", "5"), "POST https://vendor.example/api/runs answered 502; the vendor may have done it all the same: look before you repeat it"},
		{"POST", reset, "vendor.example: reset in the middle of the body; the vendor may have done it all the same: look before you repeat it"},
		{"POST", refused, "vendor.example: connection refused (after 5 tries)"},
	} {
		bubble(t, tt.want, func(t *testing.T) {
			resp, _ := deliver(t, New(Config{}), &Route{}, script(tt.o), tt.method)
			got := failure(resp)
			if got.Message != tt.want {
				t.Errorf("got  %s\nwant %s", got.Message, tt.want)
			}
			if got.RetryAfter != 0 {
				t.Errorf("nobody should repeat it after %v s", got.RetryAfter)
			}
		})
	}
}
