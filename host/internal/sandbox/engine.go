package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/abi"
	"patchbay/wasm"
)

// Config configures an [Engine].
type Config struct {
	// CacheDir is a folder for compiled code, made with mode 0700 if it is not there. What is in it runs
	// with the rights of this process, so that New refuses a folder that is not this user's alone to write.
	// Defaults to none: every Load compiles.
	CacheDir string

	// Concurrency is how many calls of one program run at a time; more wait. Defaults to 8.
	Concurrency int

	// Logger gets what the host should know and no caller is told. Defaults to discarding it.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Concurrency <= 0 {
		c.Concurrency = 8
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Engine loads modules. It may be used from several goroutines.
type Engine struct {
	cfg Config

	mu       sync.Mutex // guards what follows
	programs map[*Program]bool
	closed   bool
}

// ErrClosed is matched by what Load returns after Close.
var ErrClosed = errors.New("engine is closed")

// New returns an engine. Its owner must Close it.
func New(cfg Config) (*Engine, error) {
	if cfg.CacheDir != "" {
		if err := makePrivate(cfg.CacheDir); err != nil {
			return nil, fmt.Errorf("compile cache: %w", err)
		}
	}
	return &Engine{cfg: cfg.withDefaults(), programs: map[*Program]bool{}}, nil
}

// Load checks and compiles a module for calls with the given limits, of which zero fields have their
// default. The error of a module that is refused is a [*wasm.Error] or joins several. Compiling takes about
// a second for a guest in Go, a twentieth of that from the cache, and does not end with ctx.
//
// The program keeps no reference to module. It must be closed, by its own Close or the engine's.
func (e *Engine) Load(ctx context.Context, module []byte, limits abi.Limits) (*Program, error) {
	start := time.Now()
	limits = limits.WithDefaults()
	m, err := admit(module, limits)
	if err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	p, err := e.compile(ctx, module, limits)
	if err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	if err := e.adopt(p); err != nil {
		return nil, errors.Join(err, p.release(ctx))
	}
	e.cfg.Logger.Debug("module loaded", "bytes", m.Size, "functions", m.Functions, "dur", time.Since(start))
	return p, nil
}

// admit reads the module and holds it against its limits.
func admit(module []byte, limits abi.Limits) (*wasm.Module, error) {
	m, err := wasm.Scan(module)
	if err != nil {
		return nil, err
	}
	if err := wasm.Check(m); err != nil {
		return nil, err
	}
	if most := int64(wasm.MaxMemoryPages) * wasm.PageSize; limits.Memory < wasm.PageSize || limits.Memory > most {
		return nil, fmt.Errorf("memory limit of %d bytes, want %d to %d", limits.Memory, wasm.PageSize, most)
	}
	if need := int64(m.Memory.Min) * wasm.PageSize; need > limits.Memory {
		return nil, &wasm.Error{Kind: wasm.ErrLimit, Section: "memory", Entry: 0, Offset: -1,
			Problem: fmt.Sprintf("starts with %d bytes of memory, at most %d are allowed", need, limits.Memory),
			Fix:     "embed less data, or ask for more memory in the manifest"}
	}
	return m, nil
}

// compile makes a program with a runtime of its own. The compiler takes input that no compiler wrote, so
// that its panics are errors here.
func (e *Engine) compile(ctx context.Context, module []byte, limits abi.Limits) (p *Program, err error) {
	p = newProgram(e, limits)
	defer func() {
		if r := recover(); r != nil {
			e.cfg.Logger.Error("compiler panicked", "err", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("compile: the compiler cannot take this module: %v", r)
		}
		if err != nil {
			err = errors.Join(err, p.release(ctx))
			p = nil
		}
	}()
	// NewRuntimeConfigCompiler and not NewRuntimeConfig: where memory cannot be made executable, the latter
	// falls back to an interpreter, ten to thirty times as slow, without a word.
	config := wazero.NewRuntimeConfigCompiler().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(uint32(limits.Memory / wasm.PageSize)).
		WithCloseOnContextDone(true).
		WithDebugInfoEnabled(false) // it would read DWARF from the module
	if e.cfg.CacheDir != "" {
		// One cache object a runtime: those that share one share compiled code as well, not only the folder.
		if p.cache, err = wazero.NewCompilationCacheWithDir(e.cfg.CacheDir); err != nil {
			return p, fmt.Errorf("compile cache: %w", err)
		}
		config = config.WithCompilationCache(p.cache)
	}
	p.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := linkHost(ctx, p.runtime); err != nil {
		return p, fmt.Errorf("link host functions: %w", err)
	}
	if p.code, err = p.runtime.CompileModule(ctx, module); err != nil {
		return p, fmt.Errorf("compile: %w", err)
	}
	return p, p.try(ctx)
}

func (e *Engine) adopt(p *Program) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.programs[p] = true
	return nil
}

func (e *Engine) forget(p *Program) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.programs, p)
}

// Close closes every program that is still open, see [Program.Close]; Load fails from now on.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	var open []*Program
	for p := range e.programs {
		open = append(open, p)
	}
	e.mu.Unlock()
	var errs []error
	for _, p := range open {
		errs = append(errs, p.Close(ctx))
	}
	return errors.Join(errs...)
}
