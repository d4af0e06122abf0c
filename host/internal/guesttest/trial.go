package guesttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm"
)

// Finding is what was measured of one attack; of one that has several modules, the worst.
type Finding struct {
	Attack   Attack
	Modules  int
	Verdicts []Verdict     // each that was seen, once
	Load     time.Duration // longest until a module was loaded or refused
	Call     time.Duration // longest call
	Pause    time.Duration // longest that another goroutine of the host had to wait
	Memory   int64         // bytes that the host and its children took on top of what they had
}

// Bounds of a trial. Those of a full one are what holds on a quiet machine.
type bounds struct {
	late   time.Duration // after a call's limit
	load   time.Duration
	pause  time.Duration
	memory int64
}

func theBounds() bounds {
	if full() {
		return bounds{late: 100 * time.Millisecond, load: 60 * time.Second, pause: 50 * time.Millisecond, memory: 1 << 30}
	}
	return bounds{late: 500 * time.Millisecond, load: 60 * time.Second, pause: 500 * time.Millisecond, memory: 2 << 30}
}

// attackWall is how long an attack may run that does not say so itself.
const attackWall = 300 * time.Millisecond

// RunAttacks hands every attack of the corpus to an engine, one after the other, each in a subtest. It fails one
// that is not refused or contained as its Want says, outstays its limit, holds up the host's other goroutines,
// takes too much memory, or leaves the engine or the program worse than it was. It returns what it has measured
// and logs it as a table, see [Table].
func RunAttacks(t *testing.T, e guest.Engine) []Finding {
	var findings []Finding
	good := load(t, e, guest.Module{Code: Guest(t)})
	watch := startWatch()
	defer watch.stop()
	for _, a := range Attacks() {
		if a.Full && !full() {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			tr := &attackTrial{TB: t, engine: e, good: good, watch: watch, bounds: theBounds(), f: Finding{Attack: a}}
			tr.run()
			findings = append(findings, tr.f)
		})
	}
	publish(t, findings)
	return findings
}

// attackTrial is one attack being tried.
type attackTrial struct {
	testing.TB
	engine guest.Engine
	good   guest.Program // of another connector, on the same engine
	watch  *watch
	bounds bounds
	f      Finding
	late   time.Duration // longest time of a call beyond its limit
}

// attempts is how often an attack is tried that was stopped late or held others up. A machine that had other
// things to do does not repeat itself, a defect does.
const attempts = 3

func (tr *attackTrial) run() {
	for range attempts {
		tr.measure()
		if tr.Failed() || tr.late <= tr.bounds.late && tr.f.Pause <= tr.bounds.pause {
			break
		}
	}
	if tr.f.Modules == 0 {
		tr.Error("no module: nothing was tried")
	}
	if tr.late > tr.bounds.late {
		tr.Errorf("a call ended %v after its limit, at most %v is allowed", tr.late, tr.bounds.late)
	}
	if tr.f.Pause > tr.bounds.pause {
		tr.Errorf("the host's other goroutines stood still for %v, at most %v is allowed", tr.f.Pause, tr.bounds.pause)
	}
	if tr.f.Memory > tr.bounds.memory {
		tr.Errorf("took %d MiB, at most %d are allowed", tr.f.Memory>>20, tr.bounds.memory>>20)
	}
	wellBehaved(tr.TB, tr.good)
}

// measure tries each of the attack's modules.
func (tr *attackTrial) measure() {
	tr.f, tr.late = Finding{Attack: tr.f.Attack}, 0
	tr.watch.reset()
	for code := range tr.f.Attack.Modules {
		tr.f.Modules++
		tr.try(code)
		if tr.Failed() {
			break
		}
	}
	tr.f.Pause, tr.f.Memory = tr.watch.worst()
}

// try loads a module and, if it is let in, calls it twice: the second time as a benign caller, if it has a use.
func (tr *attackTrial) try(code []byte) {
	ctx, cancel := context.WithTimeout(tr.Context(), tr.bounds.load)
	defer cancel()
	start := time.Now()
	p, err := tr.engine.Load(ctx, guest.Module{Code: code, Limits: tr.limits()})
	tr.f.Load = max(tr.f.Load, time.Since(start))
	if ctx.Err() != nil {
		tr.Errorf("not loaded or refused within %v: %v", tr.bounds.load, err)
	}
	if err != nil {
		tr.refused(err)
		return
	}
	defer func() {
		if err := p.Close(context.Background()); err != nil {
			tr.Error(err)
		}
	}()
	tr.call(p)
	if tr.f.Attack.Benign {
		if !Output[bool](tr.TB, p, benign()) {
			tr.Error("the program does not answer a benign call any more")
		}
	}
}

// refused judges the error of Load. One that must come from the checks of package wasm has their type: it tells
// an author what to do.
func (tr *attackTrial) refused(err error) {
	tr.note(Refused, err)
	var e *wasm.Error
	if slices.Equal(tr.f.Attack.Want, []Verdict{Refused}) && (!errors.As(err, &e) || e.Problem == "" || e.Fix == "") {
		tr.Errorf("refused with %T %v, want a *wasm.Error that says what to do", err, err)
	}
}

func (tr *attackTrial) limits() abi.Limits {
	l := tr.f.Attack.Limits
	if l.Wall == 0 {
		l.Wall = attackWall
	}
	return l
}

// call makes the call in which the guest attacks.
func (tr *attackTrial) call(p guest.Program) {
	c := Action("any", nil)
	c.Limits = tr.limits()
	c.HTTP = serve
	c.Log = func(abi.LogRecord) {}
	ended := make(chan error, 1)
	start := time.Now()
	go func() {
		outcome, err := p.Call(tr.Context(), c)
		if err == nil && outcome.Result.Status != abi.StatusDone {
			err = fmt.Errorf("status %s", outcome.Result.Status)
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		tr.ended(c.Limits.Wall, time.Since(start), err)
	case <-time.After(c.Limits.Wall + 30*time.Second):
		tr.Fatalf("the call goes on %v after its wall limit", 30*time.Second)
	}
}

func (tr *attackTrial) ended(wall, took time.Duration, err error) {
	tr.f.Call, tr.late = max(tr.f.Call, took), max(tr.late, took-wall)
	if err == nil {
		tr.note(Answers, nil)
		return
	}
	var f *abi.Fault
	if !errors.As(err, &f) || !f.Code.Known() || f.Message == "" || len(f.Message) > 4096 || f.Details != nil && !json.Valid(f.Details) {
		tr.Errorf("got %T %v, want a fault with a code and a message", err, err)
		return
	}
	tr.note(Verdict(f.Code), err)
}

// note adds a verdict, and fails a trial that did not expect it.
func (tr *attackTrial) note(v Verdict, err error) {
	if !slices.Contains(tr.f.Verdicts, v) {
		tr.f.Verdicts = append(tr.f.Verdicts, v)
	}
	if !slices.Contains(tr.f.Attack.Want, v) {
		tr.Errorf("%s (%v), want one of %v", v, err, tr.f.Attack.Want)
	}
}

// serve answers requests, and those for slow.example not before it is too late.
func serve(ctx context.Context, r abi.Request) abi.Response {
	if strings.Contains(r.URL, "slow.example") {
		<-ctx.Done()
	}
	return abi.Response{Status: 200, Body: []byte("{}")}
}
