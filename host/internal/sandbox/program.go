package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
)

// Program is a loaded guest. It may be used from several goroutines; calls share nothing.
type Program struct {
	limits abi.Limits
	logger *slog.Logger
	born   time.Time     // where its guests' monotonic clock begins
	slots  chan struct{} // one for each call that runs
	forget func(*Program)

	runtime wazero.Runtime
	cache   wazero.CompilationCache // nil without a folder
	code    wazero.CompiledModule

	closing chan struct{} // closed when no call may begin any more
	idle    chan struct{} // closed when, after that, no call runs

	mu      sync.Mutex // guards what follows
	closed  bool
	running int
}

func newProgram(e *Engine, limits abi.Limits) *Program {
	return &Program{
		limits:  limits,
		logger:  e.cfg.Logger,
		born:    time.Now(),
		slots:   make(chan struct{}, e.cfg.Concurrency),
		forget:  e.forget,
		closing: make(chan struct{}),
		idle:    make(chan struct{}),
	}
}

// instantiate makes a fresh instance. It has no name, so that there can be many, and runs no guest code.
func (p *Program) instantiate(ctx context.Context) (api.Module, error) {
	return p.runtime.InstantiateModule(ctx, p.code, wazero.NewModuleConfig().WithName(""))
}

// try makes one instance, to learn now and not in a call that the module's segments fit its memory.
func (p *Program) try(ctx context.Context) error {
	instance, err := p.instantiate(ctx)
	if err != nil {
		return fmt.Errorf("instantiate: %w", err)
	}
	return instance.Close(ctx)
}

// Call runs one call in a fresh instance. Its time starts when one of the program's slots is free, until
// which it waits, and ends after limits.Wall or with ctx, whichever is first; Call sets env.Deadline to what
// is left. http serves the guest's requests and must return soon after its context is done; a nil http means
// that the capability was not granted. log takes the guest's log lines, nil drops them. Both are called from
// the goroutine of Call and from no other.
//
// A guest's own fault is a result with [abi.StatusFault]. An error is always an [*abi.Fault] and the host's
// verdict on the guest: timeout or limit_exceeded, naming the limit; canceled; unavailable from a program
// that is closed; internal for a guest that traps, exits, or gives no result or a malformed one. What such a
// guest wrote to standard error last is in the fault's details as {"stderr": "..."}, at most 4 KiB.
func (p *Program) Call(ctx context.Context, env abi.Envelope, http func(context.Context, abi.Request) abi.Response, log func(abi.LogRecord)) (abi.Result, error) {
	if err := p.begin(ctx); err != nil {
		return abi.Result{}, err
	}
	defer p.end()
	ctx, cancel := context.WithTimeoutCause(ctx, p.limits.Wall, errWall)
	defer cancel()
	if end, ok := ctx.Deadline(); ok {
		env.Deadline = max(0, time.Until(end).Truncate(time.Millisecond).Seconds())
	}
	c := &call{limits: p.limits, born: p.born, http: http, held: map[string][]byte{}, journal: newJournal(log, p.limits.Log)}
	defer c.journal.close()
	result, fault := p.run(ctx, c, env)
	if fault != nil {
		return abi.Result{}, fault
	}
	return result, nil
}

// begin waits for a slot. A fault is returned as an error here, since a nil fault in one is not nil.
func (p *Program) begin(ctx context.Context) error {
	closed := abi.Faultf(abi.Unavailable, "the program is closed, load it again")
	select {
	case p.slots <- struct{}{}:
	case <-p.closing:
		return closed
	case <-ctx.Done():
		return stopFault(ctx, p.limits)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return closed
	}
	p.running++
	return nil
}

func (p *Program) end() {
	<-p.slots
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	if p.closed && p.running == 0 {
		close(p.idle)
	}
}

// Describe asks the guest what it can do. Its errors are those of Call, and internal for an answer that is
// not a description.
func (p *Program) Describe(ctx context.Context) (abi.Description, error) {
	env := abi.Envelope{ABI: abi.Version, Call: "describe", Kind: abi.KindDescribe, Attempt: 1}
	result, err := p.Call(ctx, env, nil, nil)
	if err != nil {
		return abi.Description{}, err
	}
	if result.Status == abi.StatusFault {
		return abi.Description{}, result.Fault
	}
	var d abi.Description
	if result.Status != abi.StatusDone {
		return d, abi.Faultf(abi.Internal, "describe answered %s, expected done", result.Status)
	}
	if err := json.Unmarshal(result.Output, &d); err != nil {
		return abi.Description{}, abi.Faultf(abi.Internal, "describe answered with something else than a description: %v", err)
	}
	return d, nil
}

// Close refuses new calls, waits for those that run and frees the compiled code. If ctx is done before they
// are, Close returns its error and may be called again. Closing twice is fine.
func (p *Program) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
		if p.running == 0 {
			close(p.idle)
		}
	}
	p.mu.Unlock()
	select {
	case <-p.idle:
	case <-ctx.Done():
		return fmt.Errorf("close program: calls still run: %w", ctx.Err())
	}
	p.forget(p)
	return p.release(ctx)
}

// release frees what compile has made, as far as it came. wazero allows it twice.
func (p *Program) release(ctx context.Context) error {
	var errs []error
	if p.code != nil {
		errs = append(errs, p.code.Close(ctx)) // machine code, which is not the garbage collector's
	}
	if p.runtime != nil {
		errs = append(errs, p.runtime.Close(ctx))
	}
	if p.cache != nil {
		errs = append(errs, p.cache.Close(ctx))
	}
	return errors.Join(errs...)
}
