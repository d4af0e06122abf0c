package tallyfy_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"patchbay/testkit/vendors/tallyfy"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// The minute slides: a burst at the end of one and the beginning of the next is refused.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	now := &clock{now: monday}
	c := start(t, tallyfy.Config{RatePerMinute: 3, Clock: now.Now})
	for _, test := range []struct {
		at        time.Duration
		status    int
		remaining string
		retry     string
	}{
		{0, 200, "2", ""},
		{59 * time.Second, 200, "1", ""},
		{59 * time.Second, 200, "0", ""},
		{59*time.Second + 1, 429, "0", "1"},
		{time.Minute - 1, 429, "0", "1"},
		{time.Minute, 200, "0", ""}, // the first has left the minute
		{61 * time.Second, 429, "0", "58"},
		{119*time.Second - 1, 429, "0", "1"},
		{119 * time.Second, 200, "1", ""},
	} {
		now.set(monday.Add(test.at))
		status, body := c.do("GET", acme, nil)
		got := fmt.Sprint(status, " ", c.header.Get("X-RateLimit-Remaining"), " ", c.header.Get("Retry-After"))
		if want := fmt.Sprint(test.status, " ", test.remaining, " ", test.retry); got != want {
			t.Errorf("after %v: %s, want %s", test.at, got, want)
		}
		if status == 429 && body != `{"code":"RATE_LIMIT_EXCEEDED","message":"Too Many Attempts."}` {
			t.Errorf("body %s", body)
		}
	}
	c.want(200, "GET", "/organizations/"+tallyfy.GlobexOrg, nil) // has a minute of its own
	if c.server.Throttled() != 4 || c.server.Busiest() != 7 {
		t.Errorf("%d throttled, %d in the busiest minute", c.server.Throttled(), c.server.Busiest())
	}
}
