package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"patchbay/host/internal/codecache"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/sandbox"
	"patchbay/host/internal/worker"
)

// guests loads guests into the ring that each is to run in.
type guests interface {
	load(ctx context.Context, ring Isolation, m guest.Module) (guest.Program, error)
	close(ctx context.Context) error
}

// engines are the two ways to run a guest. They share what has been compiled.
type engines struct {
	inProcess *sandbox.Engine
	process   *worker.Engine
}

// cacheKeyFile is kept apart from the cache: who can write to the cache's folder alone cannot forge code.
const cacheKeyFile = "cache.key"

func newEngines(cfg Config) (*engines, error) {
	cache, err := codecache.Open(codecache.Config{Dir: cfg.CacheDir, KeyFile: filepath.Join(cfg.Dir, cacheKeyFile)})
	if err != nil {
		return nil, err
	}
	tmp := filepath.Join(cfg.Dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, err
	}
	sweep(tmp, time.Now().Add(-time.Hour))
	e := &engines{}
	e.inProcess = sandbox.New(sandbox.Config{Cache: cache, Compile: compileInChild, Dir: tmp, Logger: cfg.Logger})
	e.process, err = worker.New(worker.Config{
		Prepare: e.prepare,
		Command: workerCommand,
		TempDir: shortTemp(),
		Logger:  cfg.Logger,
	})
	return e, err
}

// sweep removes what is older than since: hosts that were killed have left it. Nothing is in use for so long.
func sweep(dir string, since time.Time) {
	entries, _ := os.ReadDir(dir) // what cannot be read now is removed another time
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().Before(since) {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// shortTemp is a folder for temporary files with a short name: the path of a socket below it has at most 107 bytes.
func shortTemp() string {
	const most = 24
	if dir := os.TempDir(); len(dir) <= most {
		return dir
	}
	return "/tmp"
}

func workerCommand() *exec.Cmd { return childCommand(context.Background(), roleWorker) }

// prepare lays down in dir what a worker process needs to serve m.
func (e *engines) prepare(ctx context.Context, m guest.Module, dir string) error {
	prepared, err := e.inProcess.Prepare(ctx, m.Code)
	if err != nil {
		return fmt.Errorf("load module: %w", err)
	}
	return prepared.Lay(dir)
}

func (e *engines) load(ctx context.Context, ring Isolation, m guest.Module) (guest.Program, error) {
	if ring == InProcess {
		return e.inProcess.Load(ctx, m)
	}
	return e.process.Load(ctx, m)
}

func (e *engines) close(ctx context.Context) error {
	return errors.Join(e.process.Close(ctx), e.inProcess.Close(ctx))
}
