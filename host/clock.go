package host

import (
	"context"
	"strings"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/clock"
)

// Clock is what a host waits by.
type Clock = clock.Clock

func (c Config) clock() Clock {
	if c.Clock == nil {
		return clock.Real{}
	}
	return c.Clock
}

// held are the buckets in which a vendor wants no requests for some time, by a clock that is not the real one: quotas
// know only that.
type held struct {
	mu    sync.Mutex // guards until
	until map[string]time.Time
}

// hold keeps requests out of buckets until then; who wants that for longer, wins.
func (l *held) hold(keys []string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil {
		l.until = map[string]time.Time{}
	}
	for _, key := range keys {
		if until.After(l.until[key]) {
			l.until[key] = until
		}
	}
}

// ends is when all of the buckets are free.
func (l *held) ends(keys []string) (end time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range keys {
		if l.until[key].After(end) {
			end = l.until[key]
		}
	}
	return end
}

// wait waits until all of the buckets are free, unless that takes longer than patience.
func (l *held) wait(ctx context.Context, c Clock, keys []string, patience time.Duration) error {
	left := l.ends(keys).Sub(c.Now())
	if left > patience {
		f := abi.Faultf(abi.RateLimited, "quota %s: there is no slot before the call's deadline", strings.Join(keys, ", "))
		f.RetryAfter = left.Seconds()
		return f
	}
	if c.Sleep(ctx, left) != nil {
		return abi.Faultf(abi.Canceled, "canceled while waiting for quota %s", strings.Join(keys, ", "))
	}
	return nil
}
