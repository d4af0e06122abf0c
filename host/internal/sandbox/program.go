package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tetratelabs/wazero"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/linear"
	"patchbay/wasm"
)

// Program is a [guest.Program] that runs in this process.
type Program struct {
	hardened *wasm.Hardened
	limits   abi.Limits   // of the guest's start
	world    *guest.World // of the guest's start
	warmUp   []abi.Envelope
	born     time.Time // where its guests' monotonic clock begins

	dir    string
	logger *slog.Logger
	pool   *pool
	probe  func() (linear.Strategy, error)
	forget func(*Program)
	gate   *guest.Gate

	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	code     wazero.CompiledModule
	strategy linear.Strategy
	data     *linear.Image // memory before _initialize; nil for zeros
	snapshot *snapshot     // nil if each call needs an instance of its own
	idle     []*instance   // guarded by the pool's lock
}

func newProgram(e *Engine, hardened *wasm.Hardened, m guest.Module) *Program {
	return &Program{
		hardened: hardened, limits: m.Limits.WithDefaults(), world: m.World, warmUp: m.WarmUp, born: time.Now(),
		dir: e.cfg.Dir, logger: e.cfg.Logger, pool: e.pool, probe: e.probe, forget: e.programs.Remove,
		gate: guest.NewGate(e.cfg.Concurrency),
	}
}

// resets reports whether an instance serves one call after the other.
func (p *Program) resets() bool { return p.snapshot != nil }

// link makes the program's runtime and loads the machine code into it. Compiled code is instantiated in the
// runtime that it was loaded in, and no other module shares that: wazero 1.12 matches types by numbers of its
// runtime.
func (p *Program) link(ctx context.Context, prepared *Prepared) (err error) {
	defer p.recovered(&err)
	dir, remove, err := p.codeDir(prepared)
	if err != nil {
		return err
	}
	defer remove()
	if p.cache, err = wazero.NewCompilationCacheWithDir(dir); err != nil {
		return err
	}
	p.runtime = wazero.NewRuntimeWithConfig(ctx, runtimeConfig().WithCompilationCache(p.cache))
	if err := linkHost(ctx, p.runtime); err != nil {
		return fmt.Errorf("link host functions: %w", err)
	}
	if p.code, err = p.runtime.CompileModule(ctx, p.hardened.Code); err != nil {
		return fmt.Errorf("load machine code: %w", err)
	}
	if n, err := countFiles(dir); err != nil || n != 1 {
		return fmt.Errorf("load machine code: the runtime did not find it where it was and compiled again: %d files (%v)", n, err)
	}
	return nil
}

// codeDir returns a folder that wazero finds the machine code in: where it was laid down, or a new private
// one that holds the very bytes that the cache vouched for, and is gone when they are loaded.
func (p *Program) codeDir(prepared *Prepared) (dir string, remove func(), err error) {
	if prepared.laid != "" {
		return filepath.Join(prepared.laid, codeDir), func() {}, nil
	}
	if dir, err = os.MkdirTemp(p.dir, "load-"); err != nil {
		return "", nil, notMade(err)
	}
	remove = func() { os.RemoveAll(dir) }
	if err = prepared.layCode(dir); err != nil {
		remove()
		return "", nil, err
	}
	return dir, remove, nil
}

// Call is [guest.Program.Call]. HTTP and Log are called from the goroutine of Call.
func (p *Program) Call(ctx context.Context, call guest.Call) (guest.Outcome, error) {
	limits := call.Limits.WithDefaults()
	if fault := p.gate.Enter(ctx, limits); fault != nil {
		return guest.Outcome{}, fault
	}
	defer p.gate.Leave()
	started := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, limits.Wall, guest.ErrWall)
	defer cancel()
	c := newCall(ctx, limits, p.clock(call.World), call.Log)
	c.started, c.http = started, call.HTTP
	result, fault := p.run(c, call.Envelope)
	c.journal.close()
	outcome := guest.Outcome{Result: result, Usage: c.usage()}
	if fault != nil { // a nil fault in an error would not be nil
		return outcome, fault
	}
	return outcome, nil
}

// Close is [guest.Program.Close].
func (p *Program) Close(ctx context.Context) error {
	if err := p.gate.Close(ctx); err != nil {
		return err
	}
	p.forget(p)
	return p.release(ctx)
}

// release frees what start has made, as far as it came. It may be repeated.
func (p *Program) release(ctx context.Context) error {
	errs := []error{p.pool.empty(p)}
	if p.code != nil {
		errs = append(errs, p.code.Close(ctx)) // machine code, which is not the garbage collector's
	}
	if p.runtime != nil {
		errs = append(errs, p.runtime.Close(ctx))
	}
	if p.cache != nil {
		errs = append(errs, p.cache.Close(ctx))
	}
	for _, image := range p.images() {
		errs = append(errs, image.Close())
	}
	return errors.Join(errs...)
}

func (p *Program) images() (images []*linear.Image) {
	if p.data != nil {
		images = append(images, p.data)
	}
	if p.snapshot != nil {
		images = append(images, p.snapshot.image)
	}
	return images
}
