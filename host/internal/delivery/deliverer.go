package delivery

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
	"patchbay/manifest"
)

// Config makes a [Deliverer]. The zero value is ready for use.
type Config struct {
	// Logger gets a line for every repetition, and for every breaker that opens or closes. Defaults to none.
	Logger *slog.Logger
	// Jitter chooses a wait from 0 up to most. Defaults to a random one.
	Jitter func(most time.Duration) time.Duration
	// Clock is what is waited by. Defaults to the real time.
	Clock clock.Clock
}

// Deliverer delivers requests. It holds the circuit breakers, so one is shared by all calls. It may be used concurrently.
type Deliverer struct {
	log      *slog.Logger
	jitter   func(time.Duration) time.Duration
	clock    clock.Clock
	breakers breakers
}

// New returns a Deliverer.
func New(cfg Config) *Deliverer {
	d := &Deliverer{log: cfg.Logger, jitter: cfg.Jitter, clock: cfg.Clock}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.jitter == nil {
		d.jitter = func(most time.Duration) time.Duration { return rand.N(most + 1) }
	}
	if d.clock == nil {
		d.clock = clock.Real{}
	}
	d.breakers.log, d.breakers.clock = d.log, d.clock
	return d
}

// Route is what one call knows about the way of its requests. Use one for all requests of a call, and change nothing
// between them but what may change.
type Route struct {
	// Connection names the connection, for the breakers. Empty: a connector without connections.
	Connection string

	// Errors and Retry are the manifest's. A nil Retry stands for the defaults of [manifest.Retry].
	// Negative Attempts stand for no repetitions.
	Errors []manifest.ErrorRule
	Retry  *manifest.Retry

	// ReadOnly says that the operation changes nothing, so that all its requests are repeatable.
	ReadOnly bool

	// IdempotencyHeader is the request header of the action's manifest by which the vendor knows a request again, or
	// empty. Every request that is not safe carries it, with a key made from IdempotencyKey and the number of the
	// request among those of the call; a guest's own value stays. IdempotencyKey must be the same whenever the call is
	// made again: a request with a key is never in doubt, since whoever repeats the call repeats the key.
	IdempotencyHeader string
	IdempotencyKey    string

	// Ends is when the call's time is up by the Deliverer's clock, waits for the vendor's limits included. Zero: the
	// context's deadline says so. It may change between requests.
	Ends time.Time

	// Send makes the request once. sent is false only if it has certainly not reached a server.
	Send func(ctx context.Context, r abi.Request) (resp abi.Response, sent bool)

	// Renew gets a fresh credential after an unauthorized answer, so that the request can be sent again. It reports
	// false if there is nothing to renew. An error that is an [abi.Fault] tells the guest why. Nil: never.
	Renew func(ctx context.Context) (bool, error)

	// Pause is told how long the vendor wants no requests, for those that others have in mind. May be nil.
	Pause func(d time.Duration)

	writes atomic.Int64 // requests so far that were given a key
}

// Report says how a delivery went.
type Report struct {
	Attempts  int           // how often the request was sent, or was to be; 0 if a breaker was open
	Unclear   bool          // a request that is not repeatable may have taken effect, and no answer says so or denies it
	Throttled time.Duration // spent waiting because the vendor throttles
}

// Deliver sends req, as often as it takes and is allowed, and returns the last answer with what it means: a response,
// with a Failure if it is an error, or a fault. It takes no longer than ctx allows.
func (d *Deliverer) Deliver(ctx context.Context, rt *Route, req abi.Request) (abi.Response, Report) {
	x := newDelivery(d, rt, req)
	for {
		t, open := x.try(ctx)
		switch {
		case open != nil && x.last == nil:
			return abi.Response{Fault: open}, x.report
		case open != nil: // by the tries before
			return x.end(x.last)
		case x.renew(ctx, t):
		case !x.wait(ctx, t):
			return x.end(t)
		}
	}
}
