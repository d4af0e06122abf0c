package worker

import (
	"context"
	"os"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// Program is a loaded guest and its process, which is started again after it has died. It may be used from
// several goroutines.
type Program struct {
	engine *Engine
	module string // digest
	root   string // folder of everything that this program has on disk
	load   []byte // payload of the load frame

	gate *guest.Gate

	mu        sync.Mutex // guards what follows
	calls     uint64     // so far; the last one's id
	worker    *worker    // the last that was ready; it may be dead
	starting  *attempt   // nil unless one is under way
	breaker   breaker
	deaths    int
	lastDeath string
	quiet     *time.Timer // ends the process when it has not been used for long; nil while calls run

	resting sync.WaitGroup // processes that are being ended for that
}

// attempt is the start of a process, after its back-off.
type attempt struct {
	at     time.Time // when the back-off ends
	cancel context.CancelFunc
	done   chan struct{} // closed when err is set, or the program's worker
	err    error
}

func newProgram(e *Engine, root string, load []byte, module string) *Program {
	return &Program{
		engine:  e,
		module:  module,
		root:    root,
		load:    load,
		gate:    guest.NewGate(e.cfg.Concurrency),
		breaker: breaker{policy: e.policy},
	}
}

// Call implements [guest.Program]. Beyond what that says, calls whose process dies end with unavailable within
// milliseconds, and a call that would have to wait for the next process longer than it may last ends with
// unavailable at once, with retry_after. A call ends 100 ms after its time at the latest.
func (p *Program) Call(ctx context.Context, c guest.Call) (guest.Outcome, error) {
	limits := c.Limits.WithDefaults()
	id, fault := p.begin(ctx, limits)
	if fault != nil {
		return guest.Outcome{}, fault
	}
	born := time.Now()
	ctx, cancel := context.WithDeadlineCause(ctx, born.Add(limits.Wall), guest.ErrWall)
	defer cancel()
	x := &call{Call: c, id: id, limits: limits, logger: p.engine.cfg.Logger}
	served, outcome, fault := x.run(ctx, p)
	p.end(served)
	outcome.Usage.Wall = time.Since(born)
	if fault != nil {
		return outcome, fault
	}
	return outcome, nil
}

// begin waits for a slot.
func (p *Program) begin(ctx context.Context, limits abi.Limits) (id uint64, fault *abi.Fault) {
	if fault = p.gate.Enter(ctx, limits); fault != nil {
		return 0, fault
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet != nil {
		p.quiet.Stop()
		p.quiet = nil
	}
	p.calls++
	return p.calls, nil
}

func (p *Program) end(served bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if served {
		p.breaker.served()
	}
	if p.gate.Leave() == 0 && !p.gate.Closed() {
		p.restLaterLocked()
	}
}

// activity returns how many calls have begun so far, and whether a process has reason to be busy.
func (p *Program) activity(w *worker) (begun uint64, busy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.gate.Running() > 0 || p.worker != w // which starts, or ends
}

func (p *Program) restLaterLocked() { p.quiet = time.AfterFunc(p.engine.cfg.IdleAfter, p.rest) }

// rest ends a process that nobody uses. It is no death: the next call starts another at once.
func (p *Program) rest() {
	p.mu.Lock()
	w := p.worker
	if p.gate.Running() > 0 || p.gate.Closed() || w == nil || p.starting != nil {
		p.mu.Unlock()
		return
	}
	p.worker = nil
	p.resting.Add(1)
	p.mu.Unlock()
	defer p.resting.Done()
	w.end()
}

// ready returns a process that lives, and starts one if need be.
func (p *Program) ready(ctx context.Context, limits abi.Limits) (*worker, *abi.Fault) {
	for {
		w, a, fault := p.current(ctx)
		var wait <-chan struct{}
		switch {
		case fault != nil:
			return nil, fault
		case a != nil:
			wait = a.done
		case w.life.Err() == nil:
			return w, nil
		default:
			wait = w.gone // then its death is counted
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, guest.StopFault(ctx, limits)
		}
		if a != nil && a.err != nil {
			return nil, faultStart(a.err)
		}
	}
}

// current returns the process, or the attempt at one, that there is to wait for.
func (p *Program) current(ctx context.Context) (*worker, *attempt, *abi.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.starting == nil && p.worker != nil {
		return p.worker, nil, nil
	}
	now := time.Now()
	if p.starting == nil {
		wait, open := p.breaker.next(now)
		if open {
			return nil, nil, faultOpen(p.lastDeath, wait)
		}
		p.begetLocked(context.Background(), now.Add(wait)) // it is no call's alone
	}
	wait := p.starting.at.Sub(now)
	if end, ok := ctx.Deadline(); ok && wait > 0 && wait > end.Sub(now) {
		return nil, nil, faultBackOff(p.lastDeath, wait)
	}
	return nil, p.starting, nil
}

// first starts the first process, as long as ctx allows.
func (p *Program) first(ctx context.Context) error {
	p.mu.Lock()
	a := p.begetLocked(ctx, time.Now())
	p.mu.Unlock()
	<-a.done
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gate.Running() == 0 {
		p.restLaterLocked()
	}
	return a.err
}

// begetLocked begins an attempt. It has a goroutine of its own not only because several calls may wait for it:
// the kernel kills a child when the thread that started it ends, and the thread of a call's goroutine might.
func (p *Program) begetLocked(ctx context.Context, at time.Time) *attempt {
	ctx, cancel := context.WithCancel(ctx)
	a := &attempt{at: at, cancel: cancel, done: make(chan struct{})}
	p.starting = a
	if p.gate.Closed() {
		cancel()
	}
	go p.beget(ctx, a)
	return a
}

func (p *Program) beget(ctx context.Context, a *attempt) {
	defer a.cancel()
	timer := time.NewTimer(time.Until(a.at))
	defer timer.Stop()
	var w *worker
	var err error
	select {
	case <-timer.C:
		w, err = startWorker(ctx, p)
	case <-ctx.Done():
		err = &StartError{Problem: "the program is being closed"}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worker, p.starting, a.err = w, nil, err
	if err != nil {
		p.diedLocked(err.Error())
	} else {
		go w.watch()
		go w.listen()
		go w.speak()
	}
	close(a.done)
}

// died notes that a worker has ended by itself or had to be killed.
func (p *Program) died(w *worker, how string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.diedLocked(how)
	if p.worker == w {
		p.worker = nil
	}
}

func (p *Program) diedLocked(how string) {
	p.deaths++
	p.lastDeath = how
	p.breaker.died(time.Now())
}

// Close implements [guest.Program]. It ends the process and removes all that the program has on disk.
func (p *Program) Close(ctx context.Context) error {
	if err := p.gate.Close(ctx); err != nil {
		return err
	}
	if w := p.last(); w != nil {
		w.end()
	}
	p.resting.Wait()
	p.engine.programs.Remove(p)
	return os.RemoveAll(p.root)
}

// last returns the process that there is when nobody wants another one.
func (p *Program) last() *worker {
	p.mu.Lock()
	if p.quiet != nil {
		p.quiet.Stop()
	}
	a := p.starting
	p.mu.Unlock()
	if a != nil {
		a.cancel()
		<-a.done
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worker
}

func (p *Program) status() ProgramStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := ProgramStatus{Module: p.module, Calls: p.gate.Running(), Deaths: p.deaths, LastDeath: p.lastDeath}
	if p.worker != nil {
		s.PID = p.worker.process.cmd.Process.Pid
	}
	if p.breaker.openUntil.After(time.Now()) {
		s.OpenUntil = p.breaker.openUntil
	}
	return s
}

// socketFolder makes a folder for one process's socket. It is below a folder that only this user can enter,
// which is what keeps others from the socket: mutual TLS would do the same and take three times as long to start.
func (p *Program) socketFolder() (string, error) { return os.MkdirTemp(p.root, "s") }
