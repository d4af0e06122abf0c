package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/host/internal/sandbox"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// lines collects a log.
type lines struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// compiled keeps what the tests of this package compile.
var compiled = &guesttest.Cache{}

func newTestEngines(t *testing.T, dir string, log *lines) *engines {
	t.Helper()
	e, err := newEngines(Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(log, nil))}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// answering is a guest that gives the same answer to every call.
func answering() []byte {
	g := wasmtest.NewGuest()
	return g.Invoke(nil, "")
}

func call(t *testing.T, e *engines, ring Isolation) {
	t.Helper()
	p, err := e.load(t.Context(), ring, guest.Module{Code: answering()})
	if err != nil {
		t.Fatal(err)
	}
	env := abi.Envelope{ABI: abi.Version, Call: "c", Kind: abi.KindAction, Operation: "any", Attempt: 1}
	outcome, err := p.Call(t.Context(), guest.Call{Envelope: env})
	if err != nil || outcome.Result.Status != abi.StatusDone {
		t.Errorf("%s: %+v, %v", ring, outcome.Result, err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEngines_Cache has both rings run what one of them has had compiled, and neither what somebody else wrote.
func TestEngines_Cache(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := &lines{}
	e := newTestEngines(t, dir, log)
	call(t, e, Process)
	entries, err := filepath.Glob(filepath.Join(dir, "cache", "*"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("the cache has %d entries (%v), want 1", len(entries), err)
	}
	before, err := os.Stat(entries[0])
	if err != nil {
		t.Fatal(err)
	}
	call(t, e, InProcess)
	if after, err := os.Stat(entries[0]); err != nil || !os.SameFile(before, after) {
		t.Errorf("the second ring did not use what the first had compiled: %v", err)
	}

	code, err := os.ReadFile(entries[0])
	if err != nil {
		t.Fatal(err)
	}
	code[len(code)/2] ^= 1
	if err := os.WriteFile(entries[0], code, 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, e, Process)
	if !strings.Contains(log.String(), "compiled again") {
		t.Errorf("the log says nothing of the entry that was tampered with: %s", log)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 0 {
		t.Errorf("%v (%v) is left in the folder for temporary files", left, err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"load-1", "load-2"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "code"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "load-1"), long, long); err != nil {
		t.Fatal(err)
	}
	sweep(dir, time.Now().Add(-time.Hour))
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != "load-2" {
		t.Errorf("left: %v (%v), want load-2", left, err)
	}
}

func TestEngines_Refusal(t *testing.T) {
	t.Parallel()
	e := newTestEngines(t, t.TempDir(), &lines{})
	for _, ring := range []Isolation{Process, InProcess} {
		_, err := e.load(t.Context(), ring, guest.Module{Code: []byte("\x00asm\x0d\x00\x01\x00")})
		if !errors.Is(err, wasm.ErrComponent) || !strings.HasPrefix(err.Error(), "load module: ") {
			t.Errorf("%s: got %v", ring, err)
		}
	}
}

// TestCompileInChild has modules that wasm.Scan would never let through.
func TestCompileInChild(t *testing.T) {
	t.Parallel()
	many := wasmtest.New()
	many.Func(wasmtest.Type("", ""), []wasmtest.Locals{{N: 100_000_000, Type: wasm.I64}}, "")
	deep := wasmtest.New()
	deep.Func(wasmtest.Type("", ""), nil, wasmtest.Repeat(60_000, "\x02\x40")+wasmtest.Repeat(60_000, wasmtest.End))
	tests := []struct {
		name   string
		module []byte
		limit  time.Duration
		want   string
	}{
		{"too much memory", many.Bytes(), compileTime, "bytes of memory"},
		{"too much time", deep.Bytes(), time.Second, "had not finished it after 1s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			err := compileWithin(t.Context(), tt.limit, compilePatience, tt.module, dir)
			if !errors.Is(err, wasm.ErrLimit) || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
	err := compileWithin(t.Context(), compileTime, 200*time.Millisecond, deep.Bytes(), t.TempDir())
	if !errors.Is(err, errBusy) || errors.Is(err, wasm.ErrLimit) || abi.AsFault(loadError(err)).Code != abi.Unavailable {
		t.Errorf("a machine that is too slow: %v", err)
	}
	err = compileInChild(t.Context(), []byte("\x00asm\x01\x00\x00\x00\x01\x01\x7f"), t.TempDir())
	if invalid := sandbox.Invalid(""); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "section") {
		t.Errorf("a broken module: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := compileInChild(ctx, answering(), t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestChild_Role(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"nothing", roleCompile, roleWorker} {
		text, err := childCommand(t.Context(), role).CombinedOutput()
		if err == nil || len(text) == 0 {
			t.Errorf("%s without what it needs: %v, %q", role, err, text)
		}
	}
}

func TestExamine(t *testing.T) {
	t.Parallel()
	h, err := Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h.Attacks < 20 {
		t.Errorf("%d attacks were tried", h.Attacks)
	}
	if h.Reset == "" || h.Confined == "" || !strings.HasPrefix(h.Confined, h.Tier) {
		t.Errorf("%+v", h)
	}
	sound := Health{Tier: "A"}
	for name, weak := range map[string]Health{
		"tier": {Tier: "B"}, "passed": {Tier: "A", Passed: []string{"x"}}, "slower": {Tier: "A", Slower: "x"},
	} {
		if weak.Sound() || !sound.Sound() {
			t.Errorf("%s makes no difference", name)
		}
	}
}
