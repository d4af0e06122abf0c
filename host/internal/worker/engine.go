package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"patchbay/host/internal/guest"
)

// Config configures an [Engine].
type Config struct {
	// Prepare checks a module, makes it ready and lays down in dir, a fresh folder of this user's alone, what a
	// child needs to run it. Its error is returned by Load as it is.
	Prepare func(ctx context.Context, m guest.Module, dir string) error

	// Command returns the command that becomes a child: this program's own binary, with an argument by which it
	// knows to call [Serve]. The child's environment is the command's and what go-plugin needs; its working
	// folder is / unless the command names one.
	Command func() *exec.Cmd

	// Concurrency is how many calls of one program run at a time; more wait. Defaults to 8.
	Concurrency int

	// IdleAfter is how long a process is kept that no call uses. Defaults to 10 minutes.
	IdleAfter time.Duration

	// MaxThreads and MaxMemory are what the host sees to that a process does not exceed, on Linux: the number of
	// its threads, and bytes of memory, of any sort. It looks every second. They default to 512 and 3 GiB.
	MaxThreads int
	MaxMemory  int64

	// TempDir is where the folders of programs are made. Its path must be short, since that of a socket has at
	// most 107 bytes. Defaults to [os.TempDir].
	TempDir string

	// Logger gets what the host should know and no caller is told. Defaults to discarding it.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Concurrency <= 0 {
		c.Concurrency = 8
	}
	if c.IdleAfter <= 0 {
		c.IdleAfter = 10 * time.Minute
	}
	if c.MaxThreads <= 0 {
		c.MaxThreads = 512
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = 3 << 30
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Engine runs each program in a process of its own. It may be used from several goroutines.
type Engine struct {
	cfg    Config
	policy policy
	folder *folder

	oversight oversight
	weakness  sync.Once // one line for all processes: they are confined alike

	programs guest.Roster[*Program]
}

var _ guest.Engine = (*Engine)(nil)

// New returns an engine. Its owner must Close it.
func New(cfg Config) (*Engine, error) {
	if cfg.Prepare == nil || cfg.Command == nil {
		return nil, errors.New("worker engine: the configuration needs Prepare and Command")
	}
	return &Engine{cfg: cfg.withDefaults(), policy: defaultPolicy, oversight: defaultOversight, folder: &folder{parent: cfg.TempDir}}, nil
}

// Load makes a module ready, starts its process and waits until it can take calls. Beside the errors of
// [Config.Prepare] it returns a [*StartError] when the process does not start or refuses the module.
func (e *Engine) Load(ctx context.Context, m guest.Module) (guest.Program, error) {
	start := time.Now()
	root, err := e.folder.make()
	if err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	p, err := e.load(ctx, m, root)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	e.cfg.Logger.Debug("module loaded", "bytes", len(m.Code), "dur", time.Since(start))
	return p, nil
}

func (e *Engine) load(ctx context.Context, m guest.Module, root string) (*Program, error) {
	dir := filepath.Join(root, "module")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	if err := e.cfg.Prepare(ctx, m, dir); err != nil {
		return nil, err
	}
	l, err := json.Marshal(load{Dir: dir, Limits: m.Limits, World: m.World, WarmUp: m.WarmUp, Concurrency: e.cfg.Concurrency})
	if err != nil {
		return nil, fmt.Errorf("load module: warm-up calls: %w", err)
	}
	sum := sha256.Sum256(m.Code)
	p := newProgram(e, root, l, "sha256:"+hex.EncodeToString(sum[:]))
	if err := e.programs.Add(p); err != nil {
		return nil, err
	}
	if err := p.first(ctx); err != nil {
		p.Close(context.WithoutCancel(ctx)) // no call runs; err says more
		return nil, err
	}
	return p, nil
}

// Close closes every program that is still open, see [Program.Close]; Load fails from now on.
func (e *Engine) Close(ctx context.Context) error {
	err := e.programs.Close(ctx)
	if len(e.programs.All()) == 0 {
		err = errors.Join(err, e.folder.remove())
	}
	return err
}

// weak logs what a process says could not be enforced on it. It is not a promise: one that was taken over before
// says nothing.
func (e *Engine) weak(missing string) {
	if missing != "" {
		e.weakness.Do(func() {
			e.cfg.Logger.Warn("connectors' processes are confined less than they could be", "missing", guest.Shorten(guest.Printable(missing)))
		})
	}
}

// ProgramStatus is what an operator may want to know of a program's process.
type ProgramStatus struct {
	Module    string    // digest of the module's code
	PID       int       // 0 while there is no process
	Calls     int       // that run or have a slot
	Deaths    int       // of its processes, and starts that failed, so far
	LastDeath string    // how the last one ended
	OpenUntil time.Time // no process is started before; zero unless the breaker is open
}

// Status returns the state of every open program, in no order.
func (e *Engine) Status() []ProgramStatus {
	var all []ProgramStatus
	for _, p := range e.programs.All() {
		all = append(all, p.status())
	}
	return all
}
