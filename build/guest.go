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
	"time"

	"patchbay/manifest"
	"patchbay/wasm"
)

// ErrNoToolchain is matched when the guest is Go source and there is no go command.
var ErrNoToolchain = errors.New("the go command was not found")

// CompileError is what the Go compiler said about a guest.
type CompileError struct{ Output string }

func (e *CompileError) Error() string { return "the guest does not compile:\n" + e.Output }

func (f folder) guest(ctx context.Context, g manifest.Guest, opts Options) ([]byte, error) {
	if g.Module == "" {
		return compile(ctx, f.Name(), g.Package, opts)
	}
	data, err := f.read(g.Module, wasm.MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("guest: %s is not there: build it first, or correct guest.module in %s: %w", g.Module, ManifestFile, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("guest: %w", err)
	}
	return data, nil
}

// compile builds a WASI reactor in the folder opts.WorkDir.
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
	work, err := filepath.Abs(work)
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, opts.tool(), dir, pkg, filepath.Join(work, guestFile))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := explain(ctx, cmd.Run(), &output); err != nil {
		return nil, err
	}
	built, err := openFolder(work)
	if err != nil {
		return nil, err
	}
	defer built.Close()
	return built.read(guestFile, wasm.MaxSize)
}

const guestFile = "guest.wasm"

// command is the compiler's. Its flags and environment make the bytes depend on nothing but the sources and the
// toolchain: no paths, no VCS stamp, none of the user's settings. GOFLAGS is not empty, because an empty one
// gives way to what "go env -w" has written.
func command(ctx context.Context, tool, dir, pkg, out string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, tool, "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w",
		"-o", out, "./"+filepath.ToSlash(filepath.Clean(pkg)))
	prepare(cmd, dir)
	return cmd
}

// prepare makes the go command work in a folder, for guests, and end when it is asked to.
func prepare(cmd *exec.Cmd, dir string) {
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false",
		"GOEXPERIMENT=", "GOWASM=", "GOWORK=off")
	// Asked to end, the go command ends its compilers; killed, it would leave them behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
}

// explain says what the end of the go command means.
func explain(ctx context.Context, err error, output *bytes.Buffer) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: install Go 1.26 or newer, or give a prebuilt module under guest.module", ErrNoToolchain)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit):
		return &CompileError{Output: strings.TrimSpace(output.String())}
	}
	return fmt.Errorf("run the go command: %w", err)
}
