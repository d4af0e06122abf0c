package guesttest

import (
	"slices"
	"testing"

	"patchbay/host/internal/guest"
)

// Concurrency is how many calls of a program the engines that [Suite] opens must run at a time.
const Concurrency = 4

// Suite holds an engine to package guest. open opens one that runs [Concurrency] calls of a program at a time,
// and closes it when the test it is given ends. Each check is a subtest with a name of its own.
func Suite(t *testing.T, open func(testing.TB) guest.Engine) {
	s := newSession(t, open)
	if len(checks()) < 50 {
		t.Fatalf("%d checks: the suite is not whole", len(checks()))
	}
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
}

// check is one thing that an engine must do. Checks of the session's programs see that the next call works.
type check struct {
	name string
	run  func(testing.TB, *session)
}

func checks() []check {
	return slices.Concat(resultChecks, limitChecks, stopChecks, hostChecks, httpChecks, logChecks, pointerChecks, wasiChecks,
		stateChecks, chanceChecks, worldChecks, usageChecks, loadChecks, warmUpChecks, concurrencyChecks, closeChecks, leakChecks)
}
