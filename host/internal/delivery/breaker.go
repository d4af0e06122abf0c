package delivery

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
)

// Bounds of a breaker, see the package comment.
const (
	breakFailures = 5
	breakWindow   = 30 * time.Second
	breakRest     = 30 * time.Second
	breakProbe    = time.Second // when to ask again while a probe is under way
	breakPatience = time.Second // an answer that a call did not wait for so long says nothing of the vendor
	breakMany     = 1000        // with more circuits than that, those that are forgotten anyway are dropped
)

// circuit is one connection's way to one host.
type circuit struct{ connection, host string }

// health is what a try says about the vendor.
type health int

const (
	unknown health = iota
	well
	failing
)

// breakers holds the breakers of the circuits that have failed lately.
type breakers struct {
	log   *slog.Logger
	clock clock.Clock

	mu  sync.Mutex // guards all, and what it holds
	all map[circuit]*breaker
}

type breaker struct {
	failures []time.Time // in a row and within the window, oldest first
	until    time.Time   // zero: closed
	probing  bool        // open, with a request under way that tries it
}

// enter asks for a way to the vendor. It returns a fault if the breaker is open, and says whether the request is a probe.
// After each enter without a fault comes one leave.
func (b *breakers) enter(c circuit) (probe bool, fault *abi.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.all[c]
	if x == nil || x.until.IsZero() {
		return false, nil
	}
	rest := x.until.Sub(b.clock.Now())
	switch {
	case rest <= 0 && !x.probing:
		x.probing = true
		return true, nil
	case x.probing:
		rest = breakProbe
	}
	f := abi.Faultf(abi.Unavailable, "%s failed %d times in a row, so requests to it are held back: the next one may go in %v, at %s",
		c.host, breakFailures, rest.Round(time.Second/10), b.clock.Now().Add(rest).UTC().Format("15:04:05 UTC"))
	f.RetryAfter = math.Ceil(rest.Seconds()*1000) / 1000
	return false, f
}

// leave notes what a request says about the vendor.
func (b *breakers) leave(c circuit, probe bool, h health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.all[c]
	open := x != nil && !x.until.IsZero()
	switch {
	case open && !probe: // begun before the breaker opened
	case h == well && open:
		b.log.Info("vendor answers again", "connection", c.connection, "host", c.host)
		fallthrough
	case h == well:
		delete(b.all, c)
	case h == unknown && open:
		x.probing = false
	case h == failing:
		b.fail(c, probe)
	}
}

func (b *breakers) fail(c circuit, probe bool) {
	x := b.all[c]
	if x == nil {
		x = &breaker{}
		b.add(c, x)
	}
	now := b.clock.Now()
	x.failures = append(x.recent(now), now)
	if !probe && len(x.failures) < breakFailures {
		return
	}
	x.until, x.probing = now.Add(breakRest), false
	b.log.Warn("vendor does not answer, requests are held back", "connection", c.connection, "host", c.host, "until", x.until)
}

func (x *breaker) recent(now time.Time) []time.Time {
	f := x.failures
	for len(f) > 0 && now.Sub(f[0]) > breakWindow {
		f = f[1:]
	}
	return f
}

// add keeps x, and makes room from time to time.
func (b *breakers) add(c circuit, x *breaker) {
	if b.all == nil {
		b.all = map[circuit]*breaker{}
	}
	if now := b.clock.Now(); len(b.all) >= breakMany {
		for c, old := range b.all {
			if len(old.recent(now)) == 0 {
				delete(b.all, c)
			}
		}
	}
	b.all[c] = x
}

// health is what t says about the vendor: an answer is an answer, and a call that ends early says nothing.
func (t *try) health(ctx context.Context) health {
	switch {
	case t.resp.Status >= 500 && !t.answered(abi.RateLimited):
		return failing
	case t.resp.Status > 0:
		return well
	case t.fault == nil, t.fault.Code != abi.Unavailable && t.fault.Code != abi.Timeout:
		return unknown
	case errors.Is(ctx.Err(), context.Canceled), ctx.Err() != nil && t.took < breakPatience:
		return unknown
	}
	return failing
}
