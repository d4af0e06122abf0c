package sandbox

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm"
)

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	give, data := giveResult(`{}`)
	good := handmade{invoke: give, data: data}
	outside := good
	outside.data = []byte{opI32Const, 0xff, 0xff, 0x3f, opEnd, 1, 0} // at byte 1048575 of 65536
	invalid := handmade{invoke: []byte{opI64Const, 0}}               // an i64 where an i32 has to be
	tests := []struct {
		name   string
		module []byte
		kind   error // nil: another
		want   string
	}{
		{"nothing", nil, wasm.ErrNotWasm, "the file is empty"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), wasm.ErrComponent, "build a core module"},
		{"lying count", []byte("\x00asm\x01\x00\x00\x00\x02\x05\xff\xff\xff\xff\x0f"), wasm.ErrMalformed, "import section"},
		{"no guest", []byte("\x00asm\x01\x00\x00\x00"), wasm.ErrABI, "patchbay_invoke"},
		{"invalid code", invalid.encode(), wasm.ErrMalformed, "the compiler says: invalid function[1]"},
		{"data outside of memory", outside.encode(), wasm.ErrMalformed, "data section"},
		{"lying branch table", handmade{invoke: []byte{opI32Const, 0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0}}.encode(), wasm.ErrMalformed, "code section"},
		{"exception handling", handmade{invoke: []byte{0x08, 0}}.encode(), wasm.ErrUnsupported, "code section"},
		{"tail call", handmade{invoke: []byte{opLocalGet, 0, 0x12, 3}}.encode(), wasm.ErrUnsupported, "code section"},
		{"atomics", handmade{invoke: []byte{opI32Const, 0, 0xfe, 0x10, 2, 0}}.encode(), wasm.ErrUnsupported, "code section"},
	}
	e := newEngine(t, Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.Load(t.Context(), guest.Module{Code: tt.module})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "load module: ") {
				t.Fatalf("got %v, want %q in it", err, tt.want)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v does not match %v", err, tt.kind)
			}
		})
	}
	_, err := e.Load(t.Context(), guest.Module{Code: good.encode(), Limits: abi.Limits{Memory: 1000}})
	if !errors.Is(err, wasm.ErrLimit) || !strings.Contains(err.Error(), "starts with 65536 bytes of memory, at most 1000 are allowed") {
		t.Errorf("more memory than is allowed: %v", err)
	}
	if _, err := e.Load(t.Context(), guest.Module{Code: good.encode()}); err != nil {
		t.Errorf("the guest that the others are variations of: %v", err)
	}
	if len(e.programs) != 1 {
		t.Errorf("%d programs, want the one that was loaded", len(e.programs))
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
	if _, err := e.Load(ctx, guest.Module{Code: guestBytes}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEngine_Close(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Cache: cache})
	var programs []program
	for range 2 { // one module twice: their compiled code is not shared, so that one can go without the other
		p, err := e.Load(t.Context(), guest.Module{Code: guestBytes})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, program{Program: p})
	}
	if err := programs[0].Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := output[int](t, programs[1], envelope("count", nil), nil); got != 1 {
		t.Errorf("got %d", got)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := programs[1].Call(t.Context(), envelope("count", nil), nil, nil)
	wantFault(t, err, abi.Unavailable)
	if _, err := e.Load(t.Context(), guest.Module{Code: guestBytes}); !errors.Is(err, guest.ErrClosed) {
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
	give, data := giveResult(`{"status":"done","output":1}`)
	module := handmade{invoke: give, data: data}.encode()
	blobs := &memory{blobs: map[string][]byte{}}
	compiled := 0
	var log bytes.Buffer
	e := newEngine(t, Config{Cache: blobs, Compile: counting(&compiled), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	call := func() {
		t.Helper()
		p, err := e.Load(t.Context(), guest.Module{Code: module})
		if err != nil {
			t.Fatal(err)
		}
		if got := output[int](t, program{Program: p}, envelope("any", nil), nil); got != 1 {
			t.Errorf("got %d", got)
		}
	}
	call()
	call()
	if compiled != 1 || len(blobs.blobs) != 1 {
		t.Errorf("compiled %d times with %d blobs kept, want 1 and 1", compiled, len(blobs.blobs))
	}
	for name, blob := range blobs.blobs { // the cache does not give such a blob out; were it to, nothing of it runs
		blobs.blobs[name] = blob[:len(blob)-1]
	}
	call()
	if compiled != 2 || !strings.Contains(log.String(), "compiled again") {
		t.Errorf("compiled %d times, want 2: %s", compiled, &log)
	}
}

func TestPrepare_NoCode(t *testing.T) {
	t.Parallel()
	give, data := giveResult(`{}`)
	module := handmade{invoke: give, data: data}.encode()
	for name, compile := range map[string]func(context.Context, []byte, string) error{
		"no machine code was written": func(context.Context, []byte, string) error { return nil },
		"unexpected file": func(ctx context.Context, module []byte, dir string) error {
			return errors.Join(Compile(ctx, module, dir), os.Symlink("/etc/passwd", dir+"/zzz"))
		},
		"too much for it": func(context.Context, []byte, string) error { return errors.New("too much for it") },
	} {
		_, err := newEngine(t, Config{Compile: compile}).Load(t.Context(), guest.Module{Code: module})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q in it", err, name)
		}
	}
}

func TestOpen_Laid(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Cache: cache})
	prepared, err := e.Prepare(t.Context(), guestBytes)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := prepared.Lay(dir); err != nil {
		t.Fatal(err)
	}
	p, err := e.Open(t.Context(), dir, guest.Module{})
	if err != nil {
		t.Fatal(err)
	}
	if got := output[int](t, program{Program: p}, envelope("count", nil), nil); got != 1 {
		t.Errorf("got %d", got)
	}
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
	give, data := giveResult(`{}`)
	for _, h := range []handmade{
		{invoke: give, data: data, named: true},
		{invoke: []byte{opLoop, blockVoid, opI32Const, 1, opMemoryGrow, 0, opBrIf, 0, opEnd, opUnreachable}},
		{initialize: []byte{opI32Const, 0, opIf, blockVoid, opI64Const, 1, 0x1a, opEnd}, invoke: []byte{opLocalGet, 0, opCall, 3}},
	} {
		f.Add(h.encode())
	}
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
