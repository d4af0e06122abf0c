package sandbox

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

// TestFault_Place has guests that trap: the fault names the function of the raw module.
func TestFault_Place(t *testing.T) {
	t.Parallel()
	load := wasmtest.I32Const(-1) + wasmtest.I32Load(0)
	divide := wasmtest.I32Const(1) + wasmtest.I32Const(0) + wasmtest.I32DivU
	tests := []struct {
		name string
		body wasmtest.Code // of function 2, after the two imports of a guest
		want string
	}{
		{"unreachable", wasmtest.Unreachable, "the guest trapped: unreachable in function 2"},
		{"out of bounds", load, "the guest trapped: out of bounds memory access in function 2"},
		{"division", divide, "the guest trapped: integer divide by zero in function 2"},
		{"recursion", wasmtest.LocalGet(0) + wasmtest.Call(2), "the guest trapped: stack overflow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := loadCode(t, wasmtest.NewGuest().InvokeOnly(nil, tt.body))
			wantFault(t, p, anyCall, abi.Internal, tt.want)
		})
	}
	named := wasmtest.NewGuest()
	named.Customs = []wasmtest.Code{wasmtest.Names("call", "take", "invoke")}
	wantFault(t, loadCode(t, named.InvokeOnly(nil, wasmtest.Unreachable)), anyCall, abi.Internal, "the guest trapped: unreachable in invoke")
	wantFault(t, loadCode(t, guesttest.Guest(t)), guesttest.Action("panic", nil), abi.Internal, "in runtime.abort: panic: boom [31m")
}

// TestFault_Start has guests that do not get past their _initialize.
func TestFault_Start(t *testing.T) {
	t.Parallel()
	loop := wasmtest.Loop(wasmtest.Br(0))
	tests := []struct {
		name       string
		initialize wasmtest.Code
		limits     abi.Limits
		code       abi.Code
		want       string
	}{
		{"trap", wasmtest.Unreachable, abi.Limits{}, abi.Internal, "the guest did not start: the guest trapped: unreachable in function 3"},
		{"exit", wasmtest.I32Const(3) + wasmtest.Call(2), abi.Limits{}, abi.Internal, "exit code 3"},
		{"loop", loop, abi.Limits{Wall: 100 * time.Millisecond, Fuel: 1 << 60}, abi.Timeout, "wall limit of 100ms"},
		{"fuel", loop, abi.Limits{Fuel: 1000}, abi.LimitExceeded, "its limit is 1000 units"},
	}
	for _, tt := range tests {
		e := newEngine(t, Config{Cache: cache})
		g := wasmtest.NewGuest(wasmtest.Import{Module: abi.ModuleWASI, Name: "proc_exit"})
		g.Initialize(nil, tt.initialize)
		_, err := e.Load(t.Context(), guest.Module{Code: g.Invoke(nil, ""), Limits: tt.limits})
		guesttest.WantFault(t, err, tt.code, tt.want)
		if e.pool.alive != 0 {
			t.Errorf("%s: %d instances are left", tt.name, e.pool.alive)
		}
	}
}

func TestDescribeTrap(t *testing.T) {
	t.Parallel()
	p := &Program{hardened: &wasm.Hardened{}}
	for frame, want := range map[string]string{
		".$12(i32)":              "function 11", // of the raw module, which has one import less
		".$12(i32) (i32,i64)":    "function 11",
		"":                       "",
		"env.call(i32) i64":      "env.call",
		".$4294967296(i32) i64 ": "$4294967296",
	} {
		if got := p.functionOf(frame); got != want {
			t.Errorf("%s: got %q, want %q", frame, got, want)
		}
	}
	if got := p.describeTrap(errors.New("x\x1b" + string(slices.Repeat([]byte("é"), 200)))); len(got) > 210 || !strings.HasPrefix(got, "xéé") {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
}

// TestInstancesHaveNoName has two instances at once of a module that names itself.
func TestInstancesHaveNoName(t *testing.T) {
	t.Parallel()
	g := wasmtest.NewGuest()
	g.Customs = []wasmtest.Code{wasmtest.Custom("name", "\x00"+wasmtest.Sized(wasmtest.Sized("m")))}
	p := loadCode(t, g.Invoke(nil, ""))
	for range 2 {
		i, err := p.newInstance(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer i.close(t.Context())
	}
}
