package guesttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Guest returns the guest of the suite and of the trial, a connector in Go. It is compiled once a process.
func Guest(tb testing.TB) []byte {
	tb.Helper()
	code, err := goGuest()
	if err != nil {
		tb.Fatal(err)
	}
	return code
}

var goGuest = sync.OnceValues(func() ([]byte, error) { return Build("patchbay/host/internal/guesttest/testdata/guest") })

// Build compiles a command in Go, named by its import path, into a module as guests are.
func Build(path string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "guesttest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-o", out, path)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTOOLCHAIN=local")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build guest %s: %w\n%s", path, err, text)
	}
	return os.ReadFile(out)
}

// full reports whether the long trials are wanted, and the bounds of a quiet machine.
func full() bool { return os.Getenv("PATCHBAY_TRIALS") == "full" }
