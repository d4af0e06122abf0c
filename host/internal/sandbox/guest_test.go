package sandbox

import (
	"context"
	"testing"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/wasm/wasmtest"
)

// cache keeps what the tests of this package compile.
var cache = &guesttest.Cache{}

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

func open(tb testing.TB) guest.Engine {
	tb.Helper()
	return newEngine(tb, Config{Cache: cache, Concurrency: guesttest.Concurrency})
}

func TestSuite(t *testing.T) { guesttest.Suite(t, open) }

func TestIsolation(t *testing.T) { guesttest.Isolation(t, open(t), 0) }

func TestAttacks(t *testing.T) { guesttest.RunAttacks(t, open(t)) }

// load loads a module into an engine.
func load(tb testing.TB, e *Engine, m guest.Module) *Program {
	tb.Helper()
	p, err := e.Load(context.Background(), m)
	if err != nil {
		tb.Fatal(err)
	}
	return p.(*Program)
}

// loadCode loads a module into an engine of its own.
func loadCode(tb testing.TB, code []byte) *Program {
	tb.Helper()
	return load(tb, newEngine(tb, Config{Cache: cache}), guest.Module{Code: code})
}

// small is a guest that answers true to every call.
func small() []byte { return wasmtest.NewGuest().Invoke(nil, "") }

// anyCall is a call of a guest that does not look at it.
var anyCall = guesttest.Action("any", nil)

// count makes a call of the Go guest, which says how many calls its instance has had.
func count(tb testing.TB, p guest.Program) int {
	tb.Helper()
	return guesttest.Output[int](tb, p, guesttest.Action("count", nil))
}

// answers makes a call of a small guest.
func answers(tb testing.TB, p guest.Program) {
	tb.Helper()
	if !guesttest.Output[bool](tb, p, anyCall) {
		tb.Error("got false, want true")
	}
}

// wantFault makes a call that has to end with a fault.
func wantFault(tb testing.TB, p guest.Program, c guest.Call, code abi.Code, texts ...string) *abi.Fault {
	tb.Helper()
	_, err := p.Call(tb.Context(), c)
	return guesttest.WantFault(tb, err, code, texts...)
}

// records collects log records.
type records []abi.LogRecord

func (r *records) log(record abi.LogRecord) { *r = append(*r, record) }
