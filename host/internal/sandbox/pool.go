package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// PoolConfig says how many instances an engine has and how long it keeps idle ones.
type PoolConfig struct {
	MaxInstances int           // alive at a time, of all programs; 1000. Each takes two mappings, of which Linux allows 65,530
	MaxIdle      int           // kept idle, of one program; 8
	TrimAfter    time.Duration // idle for so long, an instance gives its private memory back; 5 s
	CloseAfter   time.Duration // idle for so long, it is closed; 2 min
	MaxPrivate   int           // bytes of private memory of all idle instances; the longest idle are trimmed beyond it; 256 MiB
}

func (c PoolConfig) withDefaults() PoolConfig {
	def := func(field *int, n int) {
		if *field <= 0 {
			*field = n
		}
	}
	def(&c.MaxInstances, 1000)
	def(&c.MaxIdle, 8)
	def(&c.MaxPrivate, 256<<20)
	if c.TrimAfter <= 0 {
		c.TrimAfter = 5 * time.Second
	}
	if c.CloseAfter <= 0 {
		c.CloseAfter = 2 * time.Minute
	}
	return c
}

// pool keeps the instances of an engine's programs. Those that are idle are in their program's snapshot's
// state: they are reset when they come in, so that what a call has left does not stay in memory.
type pool struct {
	cfg    PoolConfig
	logger *slog.Logger

	mu       sync.Mutex // guards what follows, and the idle instances of all programs
	alive    int
	private  int               // bytes, of all idle instances
	programs map[*Program]bool // those with idle instances
	janitor  *time.Timer       // nil while nothing is idle
}

func newPool(cfg PoolConfig, logger *slog.Logger) *pool {
	return &pool{cfg: cfg, logger: logger, programs: map[*Program]bool{}}
}

var errCrowded = errors.New("all instances that this host may have are in use, try again when other calls have ended")

// get returns an instance of p in its snapshot's state.
func (l *pool) get(ctx context.Context, p *Program) (*instance, error) {
	l.mu.Lock()
	if n := len(p.idle); n > 0 {
		i := p.idle[n-1] // the last one in: its memory is still in the processor's caches
		l.remove(p, n-1)
		l.mu.Unlock()
		return i, nil
	}
	l.mu.Unlock()
	if err := l.admit(); err != nil {
		return nil, err
	}
	i, err := p.restored(ctx)
	if err != nil {
		l.leave()
		return nil, err
	}
	return i, nil
}

// admit counts an instance that is about to be made, in place of an idle one if there are too many.
func (l *pool) admit() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alive >= l.cfg.MaxInstances {
		p, n := l.oldest(func(*instance) bool { return true })
		if p == nil {
			return errCrowded
		}
		l.drop(p, n)
	}
	l.alive++
	return nil
}

// leave counts an instance that is gone.
func (l *pool) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alive--
}

// put takes an instance back after a call that went well.
func (l *pool) put(p *Program, i *instance) {
	if err := i.reset(p.snapshot); err != nil {
		l.logger.Warn("an instance was not reset and is thrown away", "err", err)
		l.discard(i)
		return
	}
	i.idleSince, i.trimmed = time.Now(), false
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(p.idle) >= l.cfg.MaxIdle {
		l.drop(p, 0)
	}
	p.idle = append(p.idle, i)
	l.programs[p] = true
	l.private += i.memory.Private()
	if l.private > l.cfg.MaxPrivate {
		l.tidy(i.idleSince)
	}
	l.schedule()
}

// discard ends an instance that is not idle.
func (l *pool) discard(i *instance) {
	if err := i.close(context.Background()); err != nil {
		l.logger.Error("an instance was not closed", "err", err)
	}
	l.leave()
}

// remove takes the n-th idle instance of p out. The lock is held.
func (l *pool) remove(p *Program, n int) {
	if !p.idle[n].trimmed {
		l.private -= p.idle[n].memory.Private()
	}
	p.idle = append(p.idle[:n], p.idle[n+1:]...)
	if len(p.idle) == 0 {
		delete(l.programs, p)
	}
}

// drop ends the n-th idle instance of p. The lock is held.
func (l *pool) drop(p *Program, n int) {
	i := p.idle[n]
	l.remove(p, n)
	l.alive--
	if err := i.close(context.Background()); err != nil {
		l.logger.Error("an idle instance was not closed", "err", err)
	}
}

// oldest finds the instance that has been idle for longest among those that want accepts; nil if there is
// none. The lock is held.
func (l *pool) oldest(want func(*instance) bool) (program *Program, n int) {
	for p := range l.programs {
		for k, i := range p.idle {
			if want(i) && (program == nil || i.idleSince.Before(program.idle[n].idleSince)) {
				program, n = p, k
			}
		}
	}
	return program, n
}

// tidy closes and trims what has been idle for too long at the time now, or takes too much memory, and comes
// back if there is more to do later. The lock is held.
func (l *pool) tidy(now time.Time) {
	for p := range l.programs {
		for len(p.idle) > 0 && now.Sub(p.idle[0].idleSince) >= l.cfg.CloseAfter {
			l.drop(p, 0)
		}
	}
	untrimmed := func(i *instance) bool { return !i.trimmed }
	for {
		p, n := l.oldest(untrimmed)
		if p == nil || (now.Sub(p.idle[n].idleSince) < l.cfg.TrimAfter && l.private <= l.cfg.MaxPrivate) {
			break
		}
		l.trim(p.idle[n])
	}
	l.schedule()
}

// trim gives an idle instance's private memory back. The lock is held.
func (l *pool) trim(i *instance) {
	l.private -= i.memory.Private()
	i.trimmed = true
	if err := i.trim(); err != nil {
		l.logger.Warn("an idle instance keeps its memory", "err", err)
	}
}

// schedule lets the janitor come while anything is idle. The lock is held.
func (l *pool) schedule() {
	switch {
	case len(l.programs) == 0 && l.janitor != nil:
		l.janitor.Stop()
		l.janitor = nil
	case len(l.programs) > 0 && l.janitor == nil:
		l.janitor = time.AfterFunc(l.cfg.TrimAfter, l.sweep)
	}
}

func (l *pool) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.janitor = nil
	l.tidy(time.Now())
}

// empty ends the idle instances of a program that is closed.
func (l *pool) empty(p *Program) error {
	l.mu.Lock()
	idle := p.idle
	for len(p.idle) > 0 {
		l.remove(p, len(p.idle)-1)
		l.alive--
	}
	l.schedule()
	l.mu.Unlock()
	var errs []error
	for _, i := range idle {
		errs = append(errs, i.close(context.Background()))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close idle instances: %w", err)
	}
	return nil
}
