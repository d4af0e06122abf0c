package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	_ "patchbay/host" // makes this program a worker when it is started with workerArgs
	"patchbay/host/internal/codecache"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/sandbox"
	"patchbay/host/internal/worker"
)

// engineConfig is what the rows need to say about an engine.
type engineConfig struct {
	cacheDir    string // of compiled code
	concurrency int    // calls of one program at a time; 0 stands for the engines' default

	trimAfter time.Duration // until an idle instance gives its private memory back; 0 stands for the default
}

// newEngine makes one of Patchbay's engines, composed as package host composes them.
type newEngine func(context.Context, engineConfig) (guest.Engine, error)

func inProcess(_ context.Context, c engineConfig) (guest.Engine, error) { return newSandbox(c) }

func newSandbox(c engineConfig) (*sandbox.Engine, error) {
	cache, err := codecache.Open(codecache.Config{Dir: c.cacheDir, KeyFile: filepath.Clean(c.cacheDir) + ".key"})
	if err != nil {
		return nil, err
	}
	config := sandbox.Config{Cache: cache, Concurrency: c.concurrency, Pool: sandbox.PoolConfig{TrimAfter: c.trimAfter}}
	if c.concurrency > 0 { // as many may be idle as may run, for those are measured; one more starts a program
		config.Pool.MaxInstances, config.Pool.MaxIdle = c.concurrency+1, c.concurrency
	}
	return sandbox.New(config), nil
}

// workerArgs are the arguments that make this program a worker, see package host.
var workerArgs = []string{"patchbay-child", "worker"}

// ringEngine is the process engine, and the one that prepares modules for it.
type ringEngine struct {
	*worker.Engine
	prepares *sandbox.Engine
}

func inRing(_ context.Context, c engineConfig) (guest.Engine, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	e := &ringEngine{}
	if e.prepares, err = newSandbox(c); err != nil {
		return nil, err
	}
	e.Engine, err = worker.New(worker.Config{
		Prepare: e.prepare,
		Command: func() *exec.Cmd {
			cmd := exec.Command(self, workerArgs...)
			cmd.Env = []string{"GOTRACEBACK=none"}
			return cmd
		},
		Concurrency: c.concurrency,
	})
	return e, err
}

func (e *ringEngine) prepare(ctx context.Context, m guest.Module, dir string) error {
	prepared, err := e.prepares.Prepare(ctx, m.Code)
	if err != nil {
		return err
	}
	return prepared.Lay(dir)
}

func (e *ringEngine) Close(ctx context.Context) error {
	return errors.Join(e.Engine.Close(ctx), e.prepares.Close(ctx))
}
