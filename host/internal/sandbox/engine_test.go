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

	"patchbay/abi"
	"patchbay/wasm"
)

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	give, data := giveResult(`{}`)
	guest := handmade{invoke: give, data: data}
	outside := guest
	outside.data = []byte{opI32Const, 0xff, 0xff, 0x3f, opEnd, 1, 0} // at byte 1048575 of 65536
	invalid := handmade{invoke: []byte{opI64Const, 0}}               // an i64 where an i32 has to be
	tests := []struct {
		name   string
		module []byte
		limits abi.Limits
		kind   error // nil: another
		want   string
	}{
		{"nothing", nil, abi.Limits{}, wasm.ErrNotWasm, "the file is empty"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), abi.Limits{}, wasm.ErrComponent, "build a core module"},
		{"lying count", []byte("\x00asm\x01\x00\x00\x00\x02\x05\xff\xff\xff\xff\x0f"), abi.Limits{}, wasm.ErrMalformed, "import section"},
		{"no guest", []byte("\x00asm\x01\x00\x00\x00"), abi.Limits{}, wasm.ErrABI, "patchbay_invoke"},
		{"too much memory", guestBytes, abi.Limits{Memory: 1 << 20}, wasm.ErrLimit, "at most 1048576 are allowed"},
		{"memory limit too small", guest.encode(), abi.Limits{Memory: 1000}, nil, "memory limit of 1000 bytes, want 65536 to 268435456"},
		{"memory limit too large", guest.encode(), abi.Limits{Memory: 1 << 30}, nil, "memory limit of 1073741824 bytes"},
		{"invalid code", invalid.encode(), abi.Limits{}, nil, "compile: invalid function[1]"},
		{"data outside of memory", outside.encode(), abi.Limits{}, nil, "instantiate: data[0]"},
		{"lying branch table", handmade{invoke: []byte{opI32Const, 0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0}}.encode(), abi.Limits{}, nil, "compile:"},
		{"exception handling", handmade{invoke: []byte{0x08, 0}}.encode(), abi.Limits{}, nil, "compile:"},
		{"tail call", handmade{invoke: []byte{opLocalGet, 0, 0x12, 3}}.encode(), abi.Limits{}, nil, "compile:"},
		{"atomics", handmade{invoke: []byte{opI32Const, 0, 0xfe, 0x10, 2, 0}}.encode(), abi.Limits{}, nil, "compile:"},
	}
	e := newEngine(t, Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.Load(t.Context(), tt.module, tt.limits)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "load module: ") {
				t.Fatalf("got %v, want %q in it", err, tt.want)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v does not match %v", err, tt.kind)
			}
		})
	}
	if _, err := e.Load(t.Context(), guest.encode(), abi.Limits{}); err != nil {
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
	if _, err := newEngine(t, Config{}).Load(ctx, guestBytes, abi.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEngine_Close(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{CacheDir: cacheDir})
	var programs []*Program
	for range 2 { // one module twice: their compiled code is not shared, so that one can go without the other
		p, err := e.Load(t.Context(), guestBytes, abi.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
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
	if _, err := e.Load(t.Context(), guestBytes, abi.Limits{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Load after Close: %v", err)
	}
}

func TestNew_CacheDir(t *testing.T) {
	t.Parallel()
	outer := t.TempDir()
	mkdir := func(name string, mode os.FileMode) string {
		dir := filepath.Join(outer, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil { // Mkdir's mode is before the umask
			t.Fatal(err)
		}
		return dir
	}
	write := func(path string, mode os.FileMode) {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	private := mkdir("private", 0o700)
	write(filepath.Join(private, "ours"), 0o644)
	planted := mkdir("planted", 0o700)
	write(filepath.Join(planted, "theirs"), 0o666)
	file := filepath.Join(outer, "file")
	write(file, 0o600)
	link := filepath.Join(outer, "link")
	if err := os.Symlink(private, link); err != nil {
		t.Fatal(err)
	}
	linked := mkdir("linked", 0o700)
	if err := os.Symlink(file, filepath.Join(linked, "link")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dir, want string
	}{
		{"new", filepath.Join(outer, "a", "b", "cache"), ""},
		{"private", private, ""},
		{"readable", mkdir("readable", 0o755), ""},
		{"group may write", mkdir("group", 0o770), "mode 0770, others can write to it"},
		{"world may write", mkdir("world", 0o707), "mode 0707"},
		{"file of others within", planted, "theirs has mode 0666"},
		{"link", link, "is not a folder"},
		{"file", file, "is not a folder"},
		{"link within", linked, "neither a folder nor a file"},
		{"below a file", filepath.Join(file, "cache"), "not a directory"},
	}
	for _, tt := range tests {
		_, err := New(Config{CacheDir: tt.dir})
		if tt.want == "" {
			if info, statErr := os.Stat(tt.dir); err != nil || statErr != nil || info.Mode().Perm()&0o022 != 0 {
				t.Errorf("%s: %v, %v", tt.name, err, statErr)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q in it", tt.name, err, tt.want)
		}
	}
	if info, err := os.Stat(filepath.Join(outer, "a", "b", "cache")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a new folder has mode %v (%v), want 0700", info.Mode(), err)
	}
}

func TestCheckPrivate_Owner(t *testing.T) {
	t.Parallel()
	info, err := os.Lstat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPrivate("x", info, os.Geteuid()); err != nil {
		t.Error(err)
	}
	if err := checkPrivate("x", info, os.Geteuid()+1); err == nil || !strings.Contains(err.Error(), "belongs to user") {
		t.Errorf("a folder of another user: %v", err)
	}
}

func TestLoad_UsesCache(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	give, data := giveResult(`{"status":"done","output":1}`)
	var log bytes.Buffer
	e := newEngine(t, Config{CacheDir: dir, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for range 2 {
		p, err := e.Load(t.Context(), handmade{invoke: give, data: data}.encode(), abi.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := output[int](t, p, envelope("any", nil), nil); got != 1 {
			t.Errorf("got %d", got)
		}
	}
	entries, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("the folder has no entries (%v)", err)
	}
	if n := strings.Count(log.String(), "module loaded"); n != 2 {
		t.Errorf("%d log lines, want 2: %s", n, log.String())
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
	e, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		p, err := e.Load(t.Context(), module, abi.Limits{})
		if err != nil {
			return
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
