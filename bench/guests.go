package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// guests builds the modules that subjects ask for, each once.
type guests struct {
	dir string

	mu    sync.Mutex // guards built
	built map[string]func() (string, error)
}

func newGuests() (*guests, error) {
	dir, err := os.MkdirTemp("", "patchbay-bench-*")
	return &guests{dir: dir, built: map[string]func() (string, error){}}, err
}

func (g *guests) Close() error { return os.RemoveAll(g.dir) }

// echoes reports whether a guest of package abi has the operation echo. The one that is written with the SDK does only
// what a connector does.
func echoes(name string) bool { return name == "bare" }

// cacheDir is where engines keep compiled code.
func (g *guests) cacheDir() string { return filepath.Join(g.dir, "cache") }

// file is the path of the module built from the folder guest/name.
func (g *guests) file(ctx context.Context, name string) (string, error) {
	g.mu.Lock()
	build, ok := g.built[name]
	if !ok {
		build = sync.OnceValues(func() (string, error) { return g.build(ctx, name) })
		g.built[name] = build
	}
	g.mu.Unlock()
	return build()
}

// code is that module.
func (g *guests) code(ctx context.Context, name string) ([]byte, error) {
	path, err := g.file(ctx, name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (g *guests) build(ctx context.Context, name string) (string, error) {
	source := filepath.Join("guest", name)
	if _, err := os.Stat(source); err != nil {
		return "", fmt.Errorf("the guests' sources are not here: run this in the bench folder: %w", err)
	}
	out := filepath.Join(g.dir, name+".wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, "./"+source)
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return "", fmt.Errorf("guest %s does not compile:\n%s", name, bytes.TrimSpace(said.Bytes()))
	case err != nil:
		return "", fmt.Errorf("run the go command: %w", err)
	}
	return out, nil
}
