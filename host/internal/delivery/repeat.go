package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// room is how much time a try needs at the least: with less it is not worth waiting for.
const room = 250 * time.Millisecond

// retryOf fills in the defaults.
func retryOf(own *manifest.Retry) manifest.Retry {
	var r manifest.Retry
	if own != nil {
		r = *own
	}
	if r.Attempts == 0 {
		r.Attempts = 4
	}
	if r.Base == 0 {
		r.Base = manifest.Duration(500 * time.Millisecond)
	}
	if r.Cap == 0 {
		r.Cap = manifest.Duration(30 * time.Second)
	}
	if len(r.Statuses) == 0 {
		r.Statuses = []int{408, 429, 500, 502, 503, 504}
	}
	return r
}

// again reports whether the request may be sent once more after t, as far as t is concerned.
func (x *delivery) again(t *try) bool {
	switch {
	case t.fault == nil, t.final:
		return false
	case !t.sent, t.answered(abi.RateLimited): // it was not performed
		return t.fault.Code.Temporary()
	case !x.repeatable:
		return false
	case t.resp.Fault != nil, t.looked:
		return t.fault.Code.Temporary()
	}
	return slices.Contains(x.retry.Statuses, t.resp.Status)
}

// wait waits before the next try, and reports whether there is to be one.
func (x *delivery) wait(ctx context.Context, t *try) bool {
	throttled := t.answered(abi.RateLimited)
	d := x.pause(t)
	if throttled && x.route.Pause != nil {
		x.route.Pause(d)
	}
	if ctx.Err() != nil || x.repeats >= x.retry.Attempts || !x.again(t) || !x.fits(ctx, d) {
		return false
	}
	x.repeats++
	x.log.LogAttrs(ctx, slog.LevelInfo, "request is repeated", slog.String("connection", x.circuit.connection),
		slog.String("host", x.circuit.host), slog.String("method", x.req.Method), slog.Int("attempt", x.report.Attempts+1),
		slog.Int("status", t.resp.Status), slog.String("code", string(t.fault.Code)), slog.Duration("wait", d))
	start := x.clock.Now()
	err := x.clock.Sleep(ctx, d)
	if throttled {
		x.report.Throttled += x.clock.Now().Sub(start)
	}
	return err == nil
}

// pause is the wait after t: what the vendor asks for, else a random part of a time that doubles.
func (x *delivery) pause(t *try) time.Duration {
	if t.fault != nil && t.fault.RetryAfter > 0 {
		return time.Duration(min(t.fault.RetryAfter, longest.Seconds()) * float64(time.Second))
	}
	most, limit := time.Duration(x.retry.Base), time.Duration(x.retry.Cap)
	for i := 0; i < x.repeats && most < limit; i++ {
		most *= 2
	}
	return x.jitter(min(most, limit))
}

// fits reports whether there is time to wait for d and to try again.
func (x *delivery) fits(ctx context.Context, d time.Duration) bool {
	if ends := x.route.Ends; !ends.IsZero() {
		return ends.Sub(x.clock.Now()) >= d+room
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) >= d+room
}

// explain takes over why there is no fresh credential, as far as it is meant for others.
func (x *delivery) explain(t *try, err error) {
	var f *abi.Fault
	if errors.As(err, &f) {
		t.fault = f
		return
	}
	x.log.Error("renew credential", "connection", x.circuit.connection, "err", err)
}

func tries(n int) string { return fmt.Sprintf(" (after %d tries)", n) }
