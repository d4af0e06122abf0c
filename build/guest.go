package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"patchbay/manifest"
	"patchbay/wasm"
)

// ErrNoToolchain is matched when the guest is Go source and there is no go command.
var ErrNoToolchain = errors.New("the go command was not found")

// CompileError is what the Go compiler said about a guest.
type CompileError struct{ Output string }

func (e *CompileError) Error() string { return "the guest does not compile:\n" + e.Output }

func guest(ctx context.Context, dir string, g manifest.Guest, opts Options) ([]byte, error) {
	if g.Module == "" {
		return compile(ctx, dir, g.Package, opts)
	}
	data, err := readFile(filepath.Join(dir, filepath.FromSlash(g.Module)), wasm.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("guest: %s is not there: build it first, or correct guest.module in %s: %w", g.Module, ManifestFile, fs.ErrNotExist)
	}
	return data, err
}

// compile builds a WASI reactor. -trimpath and the missing VCS stamp and build id make the bytes depend on
// nothing but the sources and the toolchain.
func compile(ctx context.Context, dir, pkg string, opts Options) ([]byte, error) {
	work := opts.WorkDir
	if work == "" {
		tmp, err := os.MkdirTemp("", "patchbay-build-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(tmp)
		work = tmp
	} else if err := os.MkdirAll(work, 0o700); err != nil {
		return nil, err
	}
	out, err := filepath.Abs(filepath.Join(work, "guest.wasm"))
	if err != nil {
		return nil, err
	}
	tool := opts.Go
	if tool == "" {
		tool = "go"
	}
	cmd := exec.CommandContext(ctx, tool, "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w", "-o", out, "./"+filepath.ToSlash(filepath.Clean(pkg)))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWASM=", "GOWORK=off", "PWD="+dir)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err = cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: install Go 1.26 or newer, or give a prebuilt module under guest.module", ErrNoToolchain)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, &CompileError{Output: strings.TrimSpace(output.String())}
	}
	return readFile(out, wasm.MaxSize)
}
