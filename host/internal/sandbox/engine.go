package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"patchbay/host/internal/guest"
	"patchbay/host/internal/linear"
)

// Config configures an [Engine]. The zero value works: every Load then compiles, in this process.
type Config struct {
	// Cache keeps prepared modules from one process to the next. What it returns is run as machine code, so
	// that it must return only what was put into it here. Defaults to none.
	Cache Cache

	// Compile compiles a hardened module into dir as [Compile] does, elsewhere: in a process that may be
	// killed. Defaults to [Compile] in this one, which a module can keep busy for a minute.
	Compile func(ctx context.Context, module []byte, dir string) error

	// Dir is a private folder for temporary files. Defaults to the system's folder for those.
	Dir string

	// Concurrency is how many calls of one program run at a time; more wait. Defaults to 8.
	Concurrency int

	// Pool says how many instances are kept. Its zero fields have their defaults.
	Pool PoolConfig

	// Logger gets what the host should know and no caller is told. Defaults to discarding it.
	Logger *slog.Logger
}

// Cache keeps blobs by name. Get of a name that is not there matches fs.ErrNotExist.
type Cache interface {
	Get(name string) ([]byte, error)
	Put(name string, blob []byte) error
}

func (c Config) withDefaults() Config {
	if c.Compile == nil {
		c.Compile = Compile
	}
	if c.Concurrency <= 0 {
		c.Concurrency = 8
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Pool = c.Pool.withDefaults()
	return c
}

// Engine is a [guest.Engine] that runs guests in this process.
type Engine struct {
	cfg       Config
	compiling chan struct{} // a place for each module that is being prepared
	probe     func() (linear.Strategy, error)
	pool      *pool
	programs  guest.Roster[*Program]

	mu        sync.Mutex // guards preparing
	preparing map[string]*turn
}

// maxCompiling is how many modules are compiled at a time: each takes a core and some hundred megabytes.
const maxCompiling = 2

// New returns an engine. Its owner must Close it.
func New(cfg Config) *Engine {
	cfg = cfg.withDefaults()
	return &Engine{
		cfg: cfg, compiling: make(chan struct{}, maxCompiling), probe: linear.Probe,
		pool: newPool(cfg.Pool, cfg.Logger), preparing: map[string]*turn{},
	}
}

// Load is [guest.Engine.Load]. It compiles in about a second for a guest in Go, and takes a twentieth of that
// from the cache. It keeps no reference to the module's code.
func (e *Engine) Load(ctx context.Context, m guest.Module) (guest.Program, error) {
	p, err := e.load(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	return p, nil
}

func (e *Engine) load(ctx context.Context, m guest.Module) (*Program, error) {
	start := time.Now()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	prepared, err := e.Prepare(ctx, m.Code)
	if err != nil {
		return nil, err
	}
	p, err := e.open(ctx, prepared, m)
	if err != nil {
		return nil, err
	}
	e.cfg.Logger.Debug("module loaded", "bytes", len(m.Code), "reset", p.resets(), "dur", time.Since(start))
	return p, nil
}

// Open loads what [Prepared.Lay] laid down in dir. Nothing of the guest runs before start is called, which does what
// Load does after that; m says how, but for m.Code. start must be called once.
func (e *Engine) Open(ctx context.Context, dir string, m guest.Module) (start func(context.Context) (guest.Program, error), err error) {
	prepared, err := readPrepared(dir)
	if err != nil {
		return nil, fmt.Errorf("open prepared module: %w", err)
	}
	p := newProgram(e, prepared.hardened, m)
	if err := p.load(ctx, prepared); err != nil {
		return nil, fmt.Errorf("open prepared module: %w", errors.Join(err, p.release(ctx)))
	}
	return func(ctx context.Context) (guest.Program, error) {
		if err := e.start(ctx, p); err != nil {
			return nil, fmt.Errorf("load module: %w", err)
		}
		return p, nil
	}, nil
}

func (e *Engine) open(ctx context.Context, prepared *Prepared, m guest.Module) (*Program, error) {
	p := newProgram(e, prepared.hardened, m)
	if err := p.load(ctx, prepared); err != nil {
		return nil, errors.Join(err, p.release(ctx))
	}
	return p, e.start(ctx, p)
}

// start starts a program that is loaded.
func (e *Engine) start(ctx context.Context, p *Program) error {
	if err := p.start(ctx); err != nil {
		return errors.Join(err, p.release(context.WithoutCancel(ctx)))
	}
	if err := e.programs.Add(p); err != nil {
		return errors.Join(err, p.release(context.WithoutCancel(ctx)))
	}
	return nil
}

// Close is [guest.Engine.Close].
func (e *Engine) Close(ctx context.Context) error { return e.programs.Close(ctx) }
