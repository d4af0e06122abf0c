package auth

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"patchbay/abi"
)

// move is one thing that happens in the life of a connection.
type move struct {
	kind    string
	process int
	wait    time.Duration
}

// Whatever happens, in whatever order: there is one request at a time, no token is used that is not stored or has ended, and
// a vendor that is patient with lost answers never loses a connection.
func TestConnection_Property(t *testing.T) {
	moves := rapid.Custom(func(t *rapid.T) move {
		return move{rapid.SampledFrom([]string{"prepare", "prepare", "together", "refused", "proven", "well", "broken", "silent", "lossy", "slow", "full disk", "wait", "wait"}).Draw(t, "kind"),
			rapid.IntRange(0, 2).Draw(t, "process"), time.Duration(rapid.IntRange(1, 3600).Draw(t, "wait")) * time.Second}
	})
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(moves, 1, 40).Draw(rt, "script")
		rotates := rapid.Bool().Draw(rt, "rotates")
		problem := ""
		synctest.Test(t, func(t *testing.T) { problem = live(t, script, rotates) })
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

// live plays a script and returns what went wrong.
func live(t *testing.T, script []move, rotates bool) (problem string) {
	w := newWorld()
	w.grace, w.fixed = 1000*time.Hour, !rotates
	acct := account(codeMethod)
	w.connect(t, acct)
	processes := []*Auth{w.process(t), w.process(t), w.process(t)}
	var last *Credential
	check := func(c *Credential, err error, may bool) {
		switch {
		case problem != "" || err != nil && may && abi.AsFault(err).Code.Temporary():
		case err != nil:
			problem = err.Error()
		default:
			m, _, _ := w.secrets.Get(t.Context(), "acme")
			r, _ := readRecord(m)
			if got := bearer(t, c); got != "Bearer "+r.Access || !time.Now().Before(c.Expires) {
				problem = fmt.Sprintf("%s is not the stored token, or ended at %s", got, c.Expires)
			}
			last = c
		}
	}
	for _, m := range script {
		a := processes[m.process]
		switch m.kind {
		case "prepare":
			c, err := a.Prepare(t.Context(), acct)
			check(c, err, true)
		case "together":
			crowd(t, processes, func(a *Auth) (*Credential, error) { return a.Prepare(t.Context(), acct) })
		case "refused":
			if last != nil {
				if c, renewed, err := a.Renew(t.Context(), acct, last); renewed || err != nil {
					check(c, err, true)
				}
			}
		case "proven":
			if last != nil {
				a.Proven(t.Context(), acct, last)
			}
		case "wait":
			time.Sleep(m.wait)
		default:
			w.mood(m.kind)
		}
	}
	w.mood("well")
	time.Sleep(2 * time.Minute)
	for _, a := range processes {
		c, err := a.Prepare(t.Context(), acct)
		check(c, err, false)
	}
	w.vendor.mu.Lock()
	defer w.vendor.mu.Unlock()
	if w.most > 1 || w.dead {
		problem = fmt.Sprintf("%d requests at once, dead: %t. %s", w.most, w.dead, problem)
	}
	return problem
}

// mood decides what the vendor, or the disk, does with what comes from now on.
func (w *world) mood(kind string) {
	w.vendor.mu.Lock()
	defer w.vendor.mu.Unlock()
	w.secrets.mu.Lock()
	defer w.secrets.mu.Unlock()
	w.intercept, w.slow, w.secrets.update = nil, 0, nil
	switch kind {
	case "broken":
		w.intercept = refusals(503, "")
	case "silent":
		w.intercept = func(abi.Request, seen) *abi.Response {
			return &abi.Response{Fault: abi.Faultf(abi.Timeout, "no answer")}
		}
	case "lossy":
		w.intercept = func(_ abi.Request, s seen) *abi.Response {
			w.answer(s.form)
			return &abi.Response{Fault: abi.Faultf(abi.Unavailable, "connection reset")}
		}
	case "slow":
		w.slow = 10 * time.Second
	case "full disk":
		w.secrets.update = func() error { return fmt.Errorf("disk full") }
	}
}
