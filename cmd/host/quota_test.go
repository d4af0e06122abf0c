package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/host"
)

func TestWriteQuotas(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var b strings.Builder
	writeQuotas(&b, []host.Quota{
		{Key: "account/go.tallyfy.com/acme/1m", Requests: 100, Per: time.Minute, Used: 100, Waiting: 7, NextSlot: now.Add(2500 * time.Millisecond)},
		{Key: "account/x/1/at-once", Concurrency: 3, Ceiling: 1, InUse: 1},
		{Key: "connection/a/burst", Requests: 2, Per: time.Second, Burst: 40, Used: 3, Free: 37},
		{Key: "connection/b/left", Free: -1, PausedUntil: now.Add(time.Minute)},
	}, now)
	want := `BUCKET LIMIT USED WAITING NEXT REQUEST
account/go.tallyfy.com/acme/1m  100 in 1m                    100   7        in 2.5s
account/x/1/at-once             3 at a time (1 for now)      1     0        when one is answered
connection/a/burst              40, refilled by 2 in 1s      3     0        now
connection/b/left               as the vendor says           0     0        the vendor asked to wait for 1m
`
	if diff := cmp.Diff(trimLines(want), trimLines(b.String())); diff != "" {
		t.Error(diff)
	}
}

// trimLines leaves out how far columns are apart.
func trimLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", time.Minute: "1m", 10 * time.Second: "10s", 90 * time.Minute: "1h30m", time.Hour + time.Second: "1h0m1s", 0: "0s",
	} {
		if got := brief(d); got != want {
			t.Errorf("brief(%v) = %q, want %q", d, got, want)
		}
	}
}
