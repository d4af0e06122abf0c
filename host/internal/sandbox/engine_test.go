package sandbox

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	outside := wasmtest.NewGuest()
	outside.Data = []wasmtest.Code{wasmtest.ActiveData(1<<20-1, "\x00")}
	untyped := wasmtest.NewGuest().InvokeOnly(nil, wasmtest.I64Const(0)) // where an i32 has to be
	tests := []struct {
		name   string
		module []byte
		kind   error
		want   string
	}{
		{"lying count", []byte("\x00asm\x01\x00\x00\x00\x02\x05\xff\xff\xff\xff\x0f"), wasm.ErrMalformed, "import section"},
		{"no guest", []byte(wasmtest.Header), wasm.ErrABI, "patchbay_invoke"},
		{"code of the wrong type", untyped, wasm.ErrMalformed, "the compiler says: invalid function[0]"},
		{"data outside of memory", outside.Invoke(nil, ""), wasm.ErrMalformed, "data section"},
		{"unknown instruction", wasmtest.NewGuest().InvokeOnly(nil, "\xff"), wasm.ErrUnsupported, "code section"},
	}
	e := newEngine(t, Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.Load(t.Context(), guest.Module{Code: tt.module})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "load module: ") {
				t.Fatalf("got %v, want %q in it", err, tt.want)
			}
			if !errors.Is(err, tt.kind) {
				t.Errorf("%v does not match %v", err, tt.kind)
			}
		})
	}
	_, err := e.Load(t.Context(), guest.Module{Code: small(), Limits: abi.Limits{Memory: 1000}})
	if !errors.Is(err, wasm.ErrLimit) || !strings.Contains(err.Error(), "starts with 65536 bytes of memory, at most 1000 are allowed") {
		t.Errorf("more memory than is allowed: %v", err)
	}
	load(t, e, guest.Module{Code: small()}) // what the others are variations of
	if len(e.programs.All()) != 1 {
		t.Errorf("%d programs, want the one that was loaded", len(e.programs.All()))
	}
}

func TestLoad_Context(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := newEngine(t, Config{})
	for range maxCompiling {
		e.compiling <- struct{}{}
	}
	if _, err := e.Load(ctx, guest.Module{Code: small()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEngine_Close(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Cache: cache})
	m := guest.Module{Code: guesttest.Guest(t)}
	first, second := load(t, e, m), load(t, e, m) // their compiled code is not shared: one can go without the other
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := count(t, second); got != 1 || len(e.programs.All()) != 1 {
		t.Errorf("got %d, with %d programs left", got, len(e.programs.All()))
	}
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 20 { // a free slot and the end are both ready
		wantFault(t, second, anyCall, abi.Unavailable, "the program is closed")
	}
	if _, err := e.Load(t.Context(), m); !errors.Is(err, guest.ErrClosed) {
		t.Errorf("Load after Close: %v", err)
	}
	if e.pool.alive != 0 {
		t.Errorf("%d instances left", e.pool.alive)
	}
}

// counting is a compiler that counts its calls.
func counting(n *int) func(context.Context, []byte, string) error {
	return func(ctx context.Context, module []byte, dir string) error {
		*n++
		return Compile(ctx, module, dir)
	}
}

func TestPrepare_UsesCache(t *testing.T) {
	t.Parallel()
	blobs := &guesttest.Cache{}
	compiled := 0
	var log bytes.Buffer
	e := newEngine(t, Config{Cache: blobs, Compile: counting(&compiled), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	call := func() {
		t.Helper()
		answers(t, load(t, e, guest.Module{Code: small()}))
	}
	call()
	call()
	names := blobs.Names()
	if compiled != 1 || len(names) != 1 {
		t.Fatalf("compiled %d times with %d blobs kept, want 1 and 1", compiled, len(names))
	}
	blob, err := blobs.Get(names[0])
	if err != nil {
		t.Fatal(err)
	}
	blobs.Put(names[0], blob[:len(blob)-1]) // the cache does not give such a blob out; were it to, nothing of it runs
	call()
	if compiled != 2 || !strings.Contains(log.String(), "compiled again") {
		t.Errorf("compiled %d times, want 2: %s", compiled, &log)
	}
}

func TestPrepare_NoCode(t *testing.T) {
	t.Parallel()
	for name, compile := range map[string]func(context.Context, []byte, string) error{
		"no machine code was written": func(context.Context, []byte, string) error { return nil },
		"unexpected file": func(ctx context.Context, module []byte, dir string) error {
			return errors.Join(Compile(ctx, module, dir), os.Symlink("/etc/passwd", dir+"/zzz"))
		},
		"machine code in elsewhere": func(_ context.Context, _ []byte, dir string) error {
			return errors.Join(os.Mkdir(dir+"/elsewhere", 0o700), os.WriteFile(dir+"/elsewhere/code", nil, 0o600))
		},
		"too much for it": func(context.Context, []byte, string) error { return errors.New("too much for it") },
	} {
		_, err := newEngine(t, Config{Compile: compile}).Load(t.Context(), guest.Module{Code: small()})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q in it", err, name)
		}
	}
}

// TestPrepare_Once has two loads of one module at a time compile it once.
func TestPrepare_Once(t *testing.T) {
	t.Parallel()
	compiling := make(chan bool)
	compiled := 0
	e := newEngine(t, Config{Cache: &guesttest.Cache{}, Compile: func(ctx context.Context, module []byte, dir string) error {
		compiling <- true
		<-compiling
		return counting(&compiled)(ctx, module, dir)
	}})
	loaded := make(chan error)
	for range 2 {
		go func() {
			_, err := e.Load(context.Background(), guest.Module{Code: small()})
			loaded <- err
		}()
	}
	<-compiling
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := e.Load(ctx, guest.Module{Code: small()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a load that does not wait for long: %v", err)
	}
	compiling <- true
	for range 2 {
		if err := <-loaded; err != nil {
			t.Error(err)
		}
	}
	if compiled != 1 || len(e.preparing) != 0 {
		t.Errorf("compiled %d times, %d modules still being prepared", compiled, len(e.preparing))
	}
}

func TestPrepare_NoFolder(t *testing.T) {
	t.Parallel()
	_, err := newEngine(t, Config{Dir: filepath.Join(t.TempDir(), "gone")}).Load(t.Context(), guest.Module{Code: small()})
	if err == nil || errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no folder for temporary files") {
		t.Errorf("got %v", err)
	}
}

func TestOpen_Laid(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Cache: cache})
	prepared, err := e.Prepare(t.Context(), small())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := prepared.Lay(dir); err != nil {
		t.Fatal(err)
	}
	start, err := e.Open(t.Context(), dir, guest.Module{})
	if err != nil {
		t.Fatal(err)
	}
	if e.pool.alive != 0 || len(e.programs.All()) != 0 {
		t.Error("it has started before it was told to")
	}
	p, err := start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answers(t, p)
	if _, err := e.Open(t.Context(), t.TempDir(), guest.Module{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestDecodePrepared_Garbage(t *testing.T) {
	t.Parallel()
	for _, blob := range []string{"", "\x01", "\x00\x00", "\x00\x03../\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x00\x02/x\x00"} {
		if p, err := decodePrepared([]byte(blob)); err == nil {
			t.Errorf("%q: got %+v", blob, p)
		}
	}
}

// FuzzLoad looks for modules that pass our checks and take the runtime down.
func FuzzLoad(f *testing.F) {
	named, recursive := wasmtest.NewGuest(), wasmtest.NewGuest()
	named.Customs = []wasmtest.Code{wasmtest.Names("call", "take", "invoke")}
	recursive.Initialize(nil, wasmtest.I32Const(0)+wasmtest.If(wasmtest.I64Const(1), wasmtest.Drop))
	grows := wasmtest.Loop(wasmtest.I32Const(1), wasmtest.MemoryGrow, wasmtest.BrIf(0)) + wasmtest.Unreachable
	f.Add(named.Invoke(nil, ""))
	f.Add(recursive.InvokeOnly(nil, wasmtest.LocalGet(0)+wasmtest.Call(recursive.NextFunc())))
	f.Add(wasmtest.NewGuest().InvokeOnly(nil, grows))
	e := New(Config{})
	f.Fuzz(func(t *testing.T, module []byte) {
		p, err := e.Load(t.Context(), guest.Module{Code: module, Limits: abi.Limits{Fuel: 1_000_000}})
		if err != nil {
			return
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
