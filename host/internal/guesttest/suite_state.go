package guesttest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm"
	"patchbay/wasm/wasmtest"
)

var stateChecks = append(stateKinds(), []check{
	{"state/a Go guest's variables", func(tb testing.TB, s *session) {
		for range 3 {
			wellBehaved(tb, s.program)
		}
	}},
	{"state/after each kind of end", func(tb testing.TB, s *session) {
		for end, code := range map[string]abi.Code{"ok": "", "fault": "", "trap": abi.Internal, "panic": abi.Internal, "exit": abi.Internal,
			"memory": abi.LimitExceeded, "descend": "*", "nothing": abi.Internal, "lock": abi.Internal} {
			c := with(Action("plant", map[string]any{"Mark": 1, "Serial": 2, "End": end}), abi.Limits{Memory: 32 << 20})
			c.HTTP = answer(200)
			_, err := s.program.Call(tb.Context(), c)
			switch {
			case code == "" && err != nil:
				tb.Errorf("%s: %v", end, err)
			case code == "*" && err == nil:
				tb.Errorf("%s: want a fault", end)
			case code != "" && code != "*":
				WantFault(tb, err, code)
			}
			wellBehaved(tb, s.program)
		}
	}},
	{"state/written before a trap", func(tb testing.TB, s *session) {
		p := newProbe()
		n := p.Global(wasm.I64, wasmtest.I64Const(5))
		at := i32s(700) + wasmtest.I64Load(0)
		spoil := wasmtest.I64Const(9) + wasmtest.GlobalSet(n) + i32s(700) + wasmtest.I64Const(9) + wasmtest.I64Store(0) + wasmtest.Unreachable
		program := s.load(tb, guest.Module{Code: p.module(do(onAttack(spoil)), wasmtest.GlobalGet(n), at)})
		for range 3 {
			_, err := program.Call(tb.Context(), Action("any", nil))
			WantFault(tb, err, abi.Internal)
			equal(tb, "global and memory", Output[[]int64](tb, program, benign()), []int64{0, 5, 0})
		}
	}},
	{"state/set by _initialize", func(tb testing.TB, s *session) {
		p := newProbe()
		n := p.Global(wasm.I64, wasmtest.I64Const(5))
		count := wasmtest.GlobalGet(n) + wasmtest.I64Const(1) + wasmtest.I64Add + wasmtest.GlobalSet(n)
		p.Initialize(nil, count+i32s(1)+wasmtest.MemoryGrow+wasmtest.Drop+i32s(memoryEnd)+wasmtest.I64Const(3)+wasmtest.I64Store(0))
		program := s.load(tb, guest.Module{Code: p.module(do(count), wasmtest.GlobalGet(n), i64(wasmtest.MemorySize), i32s(memoryEnd)+wasmtest.I64Load(0))})
		for range 3 {
			equal(tb, "global, pages and grown memory", Output[[]int64](tb, program, Action("any", nil)), []int64{0, 7, 2, 3})
		}
	}},
}...)

// threshold is the length of an envelope that tells the calls apart in which a guest by hand does its worst
// from those in which it behaves, see onAttack and benign.
const threshold = 4096

// onAttack runs code unless the envelope is that of a benign call. Local 0 is its length.
func onAttack(code ...wasmtest.Code) wasmtest.Code {
	return wasmtest.LocalGet(0) + i32s(threshold) + wasmtest.I32LtU + wasmtest.If(code...)
}

// benign is a call in which a guest by hand behaves.
func benign() guest.Call {
	c := Action("any", nil)
	c.Envelope.Input = json.RawMessage(`"` + strings.Repeat("x", threshold) + `"`)
	return c
}

// stateKinds has each kind of state that a module can have, and what every call must find in it.
func stateKinds() (all []check) {
	for _, k := range []struct {
		name  string
		build func(*probe) []wasmtest.Code
		want  []int64
	}{
		{"memory", func(p *probe) []wasmtest.Code {
			return []wasmtest.Code{i32s(700) + wasmtest.I64Load(0), do(i32s(700) + wasmtest.I64Const(9) + wasmtest.I64Store(0))}
		}, []int64{0, 0}},
		{"memory with data", func(p *probe) []wasmtest.Code {
			p.Data = append(p.Data, wasmtest.ActiveData(700, "\x07"))
			return []wasmtest.Code{i64(i32s(700) + wasmtest.I32Load8(0)), do(i32s(600, 0, 400) + wasmtest.MemoryFill)}
		}, []int64{7, 0}},
		{"memory that has grown", func(p *probe) []wasmtest.Code {
			at := i32s(memoryEnd + 100)
			return []wasmtest.Code{i64(wasmtest.MemorySize), do(i32s(2) + wasmtest.MemoryGrow + wasmtest.Drop), i64(wasmtest.MemorySize),
				at + wasmtest.I64Load(0), do(at + wasmtest.I64Const(9) + wasmtest.I64Store(0)), do(i32s(1) + wasmtest.MemoryGrow + wasmtest.Drop)}
		}, []int64{1, 0, 3, 0, 0, 0}},
		{"globals", func(p *probe) []wasmtest.Code {
			long, short := p.Global(wasm.I64, wasmtest.I64Const(5)), p.Global(wasm.I32, wasmtest.I32Const(-6))
			double := p.Global(wasm.F64, wasmtest.F64Const(0x3ff0_0000_0000_0000))
			p.Export("g", wasm.KindGlobal, short)
			return []wasmtest.Code{wasmtest.GlobalGet(long), i64(wasmtest.GlobalGet(short)), wasmtest.GlobalGet(double) + wasmtest.I64OfF64,
				do(wasmtest.I64Const(9) + wasmtest.GlobalSet(long) + i32s(9) + wasmtest.GlobalSet(short) + wasmtest.F64Const(9) + wasmtest.GlobalSet(double))}
		}, []int64{5, -6, 0x3ff0_0000_0000_0000, 0}},
		{"a global of references", func(p *probe) []wasmtest.Code {
			g := p.Global(wasm.FuncRef, wasmtest.RefNull(wasm.FuncRef))
			p.Elements = append(p.Elements, wasmtest.Declared(p.say))
			return []wasmtest.Code{i64(wasmtest.GlobalGet(g) + wasmtest.RefIsNull), do(wasmtest.RefFunc(p.say) + wasmtest.GlobalSet(g))}
		}, []int64{1, 0}},
		{"a table's entries", func(p *probe) []wasmtest.Code {
			table, two := functionTable(p)
			set := i32s(0) + wasmtest.RefFunc(two) + wasmtest.TableSet(table)
			return []wasmtest.Code{indirect(p, table), do(set), indirect(p, table), do(i32s(0) + wasmtest.RefNull(wasm.FuncRef) + i32s(2) + wasmtest.TableFill(table))}
		}, []int64{1, 0, 2, 0}},
		{"a table's size", func(p *probe) []wasmtest.Code {
			table, _ := functionTable(p)
			size := i64(wasmtest.TableSize(table))
			return []wasmtest.Code{size, do(wasmtest.RefNull(wasm.FuncRef) + i32s(3) + wasmtest.TableGrow(table) + wasmtest.Drop), size}
		}, []int64{2, 0, 5}},
		{"dropped data", func(p *probe) []wasmtest.Code {
			init := p.store("\x07") // traps once the segment is dropped
			return []wasmtest.Code{do(init), i64(i32s(512) + wasmtest.I32Load8(0)), do(wasmtest.DataDrop(uint32(len(p.Data) - 1)))}
		}, []int64{0, 7, 0}},
		{"dropped elements", func(p *probe) []wasmtest.Code {
			table, two := functionTable(p)
			p.Elements = append(p.Elements, wasmtest.Passive(two))
			segment := uint32(len(p.Elements) - 1)
			return []wasmtest.Code{indirect(p, table), do(i32s(0, 0, 1) + wasmtest.TableInit(segment, table)), indirect(p, table), do(wasmtest.ElemDrop(segment))}
		}, []int64{1, 0, 2, 0}},
	} {
		all = append(all, check{"state/" + k.name, func(tb testing.TB, s *session) {
			p := newProbe()
			program := s.load(tb, guest.Module{Code: p.module(k.build(p)...)})
			for i := range 4 {
				if got := Output[[]int64](tb, program, Action("any", nil)); !slices.Equal(got, k.want) {
					tb.Fatalf("call %d: got %v, want %v: what another call left", i+1, got, k.want)
				}
			}
		}})
	}
	return all
}

// functionTable adds a table of two entries. The first has a function that returns 1; another returns 2.
func functionTable(p *probe) (table, two uint32) {
	constant := func(n uint32) uint32 { return p.Func(wasmtest.Type("", "i"), nil, i32s(n)) }
	table, one := p.Table(2, 8), constant(1)
	two = constant(2)
	p.Elements = append(p.Elements, wasmtest.Active(0, one), wasmtest.Declared(two))
	return table, two
}

// indirect calls the table's first function.
func indirect(p *probe, table uint32) wasmtest.Code {
	return i64(i32s(0) + wasmtest.CallIndirect(p.Type(wasmtest.Type("", "i")), table))
}
