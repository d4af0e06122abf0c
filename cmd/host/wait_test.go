package main

import (
	"testing"
	"time"
)

// waitFor asks until cond holds, for at most a minute.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited a minute for nothing")
		}
	}
}
