package sandbox

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// The guest of these tests, compiled once a run, a compile cache for all of them, and the guest loaded with
// the limits that are the default.
var (
	guestBytes []byte
	cache      = &memory{blobs: map[string][]byte{}}
	shared     guest.Program
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sandbox-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if guestBytes, err = buildGuest(filepath.Join(dir, "guest.wasm")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	e := New(Config{Cache: cache})
	defer e.Close(context.Background())
	if shared, err = e.Load(context.Background(), guest.Module{Code: guestBytes}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func buildGuest(out string) ([]byte, error) {
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-o", out, "./testdata/guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTOOLCHAIN=local")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the guest: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

// memory is a Cache.
type memory struct {
	mu    sync.Mutex // guards blobs
	blobs map[string][]byte
}

func (m *memory) Get(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	blob, ok := m.blobs[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return blob, nil
}

func (m *memory) Put(name string, blob []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[name] = blob
	return nil
}

// newEngine returns an engine that is closed after the test, when all calls have ended.
func newEngine(tb testing.TB, cfg Config) *Engine {
	tb.Helper()
	e := New(cfg)
	tb.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// program makes calls with the same limits.
type program struct {
	guest.Program
	limits abi.Limits
}

func (p program) Call(ctx context.Context, env abi.Envelope, http func(context.Context, abi.Request) abi.Response, log func(abi.LogRecord)) (abi.Result, error) {
	outcome, err := p.Program.Call(ctx, guest.Call{Envelope: env, Limits: p.limits, HTTP: http, Log: log})
	return outcome.Result, err
}

// load returns the guest, for calls with the given limits.
func load(_ testing.TB, limits abi.Limits) program { return program{shared, limits} }

func loadModule(tb testing.TB, module []byte, limits abi.Limits) program {
	tb.Helper()
	p, err := newEngine(tb, Config{Cache: cache}).Load(context.Background(), guest.Module{Code: module, Limits: limits})
	if err != nil {
		tb.Fatal(err)
	}
	return program{p, limits}
}

// envelope is a call of an action, with an input that is any JSON value.
func envelope(operation string, input any) abi.Envelope {
	raw, err := json.Marshal(input)
	if err != nil {
		panic(err)
	}
	return abi.Envelope{ABI: abi.Version, Call: "c1", Kind: abi.KindAction, Operation: operation, Attempt: 1, Input: raw}
}

// output calls an operation and decodes its output.
func output[T any](t *testing.T, p program, env abi.Envelope, http func(context.Context, abi.Request) abi.Response) (out T) {
	t.Helper()
	result, err := p.Call(t.Context(), env, http, nil)
	if err != nil {
		t.Fatalf("%s: %v", env.Operation, err)
	}
	if result.Status != abi.StatusDone {
		t.Fatalf("%s: status %s, fault %v", env.Operation, result.Status, result.Fault)
	}
	if err := json.Unmarshal(result.Output, &out); err != nil {
		t.Fatalf("%s: output %s: %v", env.Operation, result.Output, err)
	}
	return out
}

// wantFault fails the test unless err is a fault with this code and all of these texts in its message.
func wantFault(t *testing.T, err error, code abi.Code, texts ...string) *abi.Fault {
	t.Helper()
	var f *abi.Fault
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want a fault", err)
	}
	if f.Code != code {
		t.Errorf("got fault %v, want code %s", f, code)
	}
	for _, text := range texts {
		if !strings.Contains(f.Message, text) {
			t.Errorf("got message %q, want %q in it", f.Message, text)
		}
	}
	return f
}

// eventually polls a condition for half a minute.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("%s: not within half a minute", what)
		}
	}
}

// recorder collects log records.
type recorder struct {
	mu      sync.Mutex
	records []abi.LogRecord
}

func (r *recorder) log(record abi.LogRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, record)
}

// handmade is a guest written by hand, for what no compiler would emit. Its functions are sys.call (0),
// proc_exit (1), _initialize (2) and patchbay_invoke (3), which is called "invoke" if it has a name.
type handmade struct {
	initialize, invoke []byte // instructions, without the end
	pages              byte   // of memory; 0 is 1
	elements           []byte // element section; with it comes a table of one entry
	data               []byte // offset expression, length and bytes of one segment; none if nil
	types              []byte // encoded types that stand before those in use
	extra              byte   // number of types
	named              bool   // has names, of itself and of patchbay_invoke
}

// Instructions.
const (
	opUnreachable = 0x00
	opLoop        = 0x03
	opIf          = 0x04
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opCall        = 0x10
	opLocalGet    = 0x20
	opI32Load     = 0x28
	opI32Store    = 0x36
	opMemoryGrow  = 0x40
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI32Ne       = 0x47
	opI64Ne       = 0x52
	opI32DivS     = 0x6d
	blockVoid     = 0x40
)

func (h handmade) encode() []byte {
	n := h.extra
	pages := max(h.pages, 1)
	module := []byte("\x00asm\x01\x00\x00\x00")
	module = section(module, 1, []byte{n + 4}, h.types,
		[]byte{0x60, 0, 0}, []byte{0x60, 1, 0x7f, 1, 0x7f}, []byte{0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7e}, []byte{0x60, 1, 0x7f, 0})
	module = section(module, 2, []byte{2},
		text(abi.ModuleSys), text(abi.FuncCall), []byte{0, n + 2}, text(abi.ModuleWASI), text("proc_exit"), []byte{0, n + 3})
	module = section(module, 3, []byte{2, n, n + 1})
	if h.elements != nil {
		module = section(module, 4, []byte{1, 0x70, 0, 1})
	}
	module = section(module, 5, []byte{1, 0, pages})
	module = section(module, 7, []byte{3}, text(abi.ExportMemory), []byte{2, 0},
		text(abi.ExportInitialize), []byte{0, 2}, text(abi.ExportInvoke), []byte{0, 3})
	if h.elements != nil {
		module = section(module, 9, h.elements)
	}
	module = section(module, 10, []byte{2}, body(h.initialize), body(h.invoke))
	if h.data != nil {
		module = section(module, 11, []byte{1, 0}, h.data)
	}
	if h.named {
		names := append([]byte{1, 3}, text("invoke")...)
		module = section(module, 0, text("name"), []byte{0, 2}, text("m"), []byte{1, byte(len(names))}, names)
	}
	return module
}

func section(module []byte, id byte, contents ...[]byte) []byte {
	var b []byte
	for _, c := range contents {
		b = append(b, c...)
	}
	return append(binary.AppendUvarint(append(module, id), uint64(len(b))), b...)
}

func text(s string) []byte { return append([]byte{byte(len(s))}, s...) }

func body(code []byte) []byte {
	b := append([]byte{0}, code...)
	return append([]byte{byte(len(b) + 1)}, append(b, opEnd)...)
}

// giveResult hands over a result that stands in memory at address 0.
func giveResult(result string) (code, data []byte) {
	code = []byte{opI32Const, byte(abi.OpResult), opI32Const, 0, opI32Const, byte(len(result)), opCall, 0, 0x1a, opI32Const, 0}
	return code, append([]byte{opI32Const, 0, opEnd, byte(len(result))}, result...)
}
