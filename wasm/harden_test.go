package wasm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hardenable has something of all that Harden changes.
var hardenable = module(
	section(1, vector(functionType("\x7f", "\x7f"), functionType("", ""))),
	section(2, vector(importOf("patchbay.log.v1", "call", 0, 0))),
	section(3, vector([]byte{0}, []byte{1}, []byte{1})),
	section(4, vector([]byte{byte(FuncRef), 0, 2})),
	section(5, vector([]byte{1, 2, 9})),
	section(6, vector([]byte{byte(I64), 1, opI64Const, 3, opEnd}, []byte{byte(FuncRef), 0, opRefFunc, 2, opEnd}, []byte{byte(F32), 1, opF32Const, 0, 0, 0, 0, opEnd})),
	section(7, vector(exportOf("memory", KindMemory, 0), exportOf("run", KindFunction, 1))),
	section(9, vector(cat([]byte{0}, zero, vector([]byte{0}, []byte{2})))),
	section(12, []byte{3}),
	section(10, vector(
		body(noLocals, []byte{opLocalGet, 0, opCall, 0}),
		body(vector([]byte{1, byte(I32)}), []byte{opLoop, emptyBlock, opLocalGet, 0, opBrIf, 0, opCall, 3, opEnd, opRefFunc, 1, 0x1a}),
		body(noLocals, []byte{opI32Const, 0, opI32Const, 0, opI32Const, 9, prefixNumeric, 11, 0}),
	)),
	section(11, vector(cat([]byte{0}, zero, text("hello")), cat([]byte{1}, text("there")), cat([]byte{2, 0}, zero, text("world")))),
	section(0, text("name"), []byte{namesFunctions}, sized(vector(cat([]byte{0}, text("log")), cat([]byte{2}, text("spin"))))),
)

func mustHarden(t *testing.T, raw []byte) *Hardened {
	t.Helper()
	h, err := Harden(raw)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHarden(t *testing.T) {
	t.Parallel()
	got := mustHarden(t, hardenable)
	want := &Hardened{
		Data:     []Segment{{0, []byte("hello")}, {0, []byte("world")}},
		MinPages: 2, MaxPages: 9,
		Globals: []Global{{PrivatePrefix + "global.0", I64}, {PrivatePrefix + "global.2", F32}},
		names:   functionNames{{0, "log"}, {1, "tick"}, {3, "spin"}},
	}
	want.Code = got.Code
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Hardened{}, functionName{})); diff != "" {
		t.Error(diff)
	}
	for index, name := range []string{"log", "tick", "", "spin", "", ""} {
		if got := got.FunctionName(uint32(index)); got != name {
			t.Errorf("function %d has the name %q, want %q", index, got, name)
		}
	}
	charge := func(cost byte, left, size byte) []byte {
		return []byte{opGlobalGet, 3, opI64Const, cost, opI64Sub, opLocalTee, left, opGlobalSet, 3, opLocalGet, left,
			opI64Const, 0, opI64GeS, opIf, emptyBlock, opElse, opCall, 1, opEnd}
	}
	extra := []byte{1, byte(I64), 1, byte(I32)}
	code := module(
		section(1, vector(functionType("\x7f", "\x7f"), functionType("", ""))),
		section(2, vector(importOf("patchbay.log.v1", "call", 0, 0), importOf(MeterModule, MeterTick, 0, 1))),
		section(3, vector([]byte{0}, []byte{1}, []byte{1})),
		section(4, vector(cat([]byte{byte(FuncRef), 1, 2}, uleb(2+maxTableGrowth)))),
		section(5, vector([]byte{1, 2, 10})),
		section(6, vector([]byte{byte(I64), 1, opI64Const, 3, opEnd}, cat([]byte{byte(FuncRef), 0, opRefFunc}, uleb(3), []byte{opEnd}),
			[]byte{byte(F32), 1, opF32Const, 0, 0, 0, 0, opEnd}, []byte{byte(I64), 1, opI64Const, 0, opEnd})),
		section(7, vector(exportOf("memory", KindMemory, 0), exportOf("run", KindFunction, 2), exportOf(PrivatePrefix+"global.0", KindGlobal, 0),
			exportOf(PrivatePrefix+"global.2", KindGlobal, 2), exportOf(FuelGlobal, KindGlobal, 3))),
		section(9, vector(cat([]byte{0}, zero, vector([]byte{0}, []byte{3})))),
		section(12, []byte{3}),
		section(10, vector(
			body(cat([]byte{2}, extra), cat(charge(2, 1, 2), []byte{opLocalGet, 0, opCall, 0})),
			// A turn is two instructions to the branch, a call, the five of the plain function that is called, and the two
			// behind the loop, which are too few for a charge of their own. Before the loop is nothing to pay for.
			body(cat([]byte{3, 1, byte(I32)}, extra), cat([]byte{opLoop, emptyBlock}, charge(10, 1, 2),
				[]byte{opLocalGet, 0, opBrIf, 0, opCall, 4, opEnd, opRefFunc, 2, 0x1a})),
			// A plain function pays only for the size.
			body(cat([]byte{2}, extra), cat([]byte{opI32Const, 0, opI32Const, 0, opI32Const, 9},
				[]byte{opLocalTee, 1, opGlobalGet, 3, opLocalGet, 1, opI64ExtendU32, opI64Const, 4, opI64ShrU},
				charge(0, 0, 1)[4:], []byte{prefixNumeric, 11, 0})),
		)),
		section(11, vector([]byte{1, 0}, cat([]byte{1}, text("there")), []byte{1, 0})),
	)
	if diff := cmp.Diff(code, got.Code); diff != "" {
		t.Errorf("code: %s\n got % x\nwant % x", diff, got.Code, code)
	}
	if again := mustHarden(t, hardenable); !bytes.Equal(again.Code, got.Code) {
		t.Error("the same module came out different")
	}
	if _, err := Scan(got.Code); err != nil {
		t.Error(err)
	}
}

func TestHarden_Refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		kind       error
		raw        []byte
	}{
		{"not a module", "the file is empty", ErrNotWasm, nil},
		{"the fuel global", "global 0 does not exist, there are 0", ErrMalformed, oneFunction(body(noLocals, []byte{opGlobalGet, 0, 0x1a}))},
		{"set the fuel global", "function 0, byte 26: global 0 does not exist", ErrMalformed, oneFunction(body(noLocals, []byte{opI64Const, 0, opGlobalSet, 0}))},
		{"the charge's local", "local 0 does not exist", ErrMalformed, oneFunction(body(noLocals, []byte{opLocalGet, 0, 0x1a}))},
		{"function index", "function 1 does not exist, there are 1", ErrMalformed, oneFunction(body(noLocals, []byte{opCall, 1}))},
		{"private import", "imports from \"patchbay.private.meter.v1\"", ErrABI, module(typeVoid, section(2, vector(importOf(MeterModule, MeterTick, 0, 0))))},
		{"private export", "exports \"patchbay.private.fuel\"", ErrABI, module(oneMemory, section(7, vector(exportOf(FuelGlobal, KindMemory, 0))))},
		{"command", "a command with _start", ErrABI, module(typeVoid, oneFunc, section(7, vector(exportOf("_start", KindFunction, 0))), oneBody)},
		{"start section", "a start function", ErrUnsupported, module(typeVoid, oneFunc, section(8, []byte{0}), oneBody)},
		{"imported memory", "imports the memory \"m\"", ErrABI, module(section(2, vector(importOf("e", "m", 2, 0, 1))))},
		{"imported table", "imports the table \"t\"", ErrABI, module(section(2, vector(importOf("e", "t", 1, 0x70, 0, 1))))},
		{"imported global", "imports the global \"g\"", ErrABI, module(section(2, vector(importOf("e", "g", 3, 0x7f, 0))))},
		{"data outside", "data section, entry 1, byte 22: 2 bytes of data at 65535 do not fit the memory of 65536 bytes", ErrMalformed,
			module(oneMemory, section(11, vector(cat([]byte{0}, zero, text("")), cat([]byte{0, opI32Const, 0xff, 0xff, 3, opEnd}, text("ab")))))},
		{"data before", "at 4294967295 do not fit", ErrMalformed,
			module(oneMemory, section(11, vector(cat([]byte{0, opI32Const, 0x7f, opEnd}, text("a")))))},
		{"data at a global", "an offset that is not an i32.const", ErrUnsupported, module(oneMemory,
			section(6, vector([]byte{byte(I32), 0, opI32Const, 0, opEnd})), section(11, vector(cat([]byte{0, opGlobalGet, 0, opEnd}, text("a")))))},
	} {
		_, err := Harden(c.raw)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestHarden_Obstacles(t *testing.T) {
	t.Parallel()
	raw := module(typeVoid, oneFunc, oneTable,
		section(6, vector([]byte{byte(FuncRef), 1, opRefNull, 0x70, opEnd}, cat([]byte{byte(V128), 1, prefixVector, 12}, repeat(16, 0), []byte{opEnd}))),
		section(9, vector(cat([]byte{1, 0}, vector([]byte{0})))), section(12, []byte{1}),
		section(10, vector(body(noLocals, cat(
			[]byte{opTableSet, 0, opTableSet, 0}, []byte{prefixNumeric, 15, 0}, []byte{prefixNumeric, 17, 0}, []byte{prefixNumeric, 14, 0, 0},
			[]byte{prefixNumeric, 12, 0, 0}, []byte{prefixNumeric, 13, 0}, []byte{prefixNumeric, 9, 0}, []byte{prefixNumeric, 16, 0})))),
		section(11, vector(cat([]byte{1}, text("x")))))
	h := mustHarden(t, raw)
	want := []string{"global 0 is mutable and of type funcref", "global 1 is mutable and of type v128", "function 0 has table.set",
		"function 0 has table.grow", "function 0 has table.fill", "function 0 has table.copy", "function 0 has table.init",
		"function 0 has elem.drop", "function 0 has data.drop"}
	if diff := cmp.Diff(want, h.Obstacles); diff != "" {
		t.Error(diff)
	}
	if len(h.Globals) > 0 {
		t.Errorf("globals %v, want none that cannot be set", h.Globals)
	}
}

func TestHarden_Limits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		memory, table []byte
		pages         uint32
		want          string
	}{
		{[]byte{0, 1}, []byte{0x70, 0, 1}, 4096, "memory 1 to 4097, table 1 to 4097"},
		{[]byte{1, 1, 1}, []byte{0x70, 1, 1, 5}, 1, "memory 1 to 2, table 1 to 5"},
		{cat([]byte{1, 1}, uleb(65536)), cat([]byte{0x70, 1, 0}, uleb(1<<32-1)), 4096, "memory 1 to 4097, table 0 to 4096"},
	} {
		h := mustHarden(t, module(section(4, vector(c.table)), section(5, vector(c.memory))))
		s, err := scan(h.Code)
		if err != nil {
			t.Fatal(err)
		}
		s.pos, s.end = s.spans[4].start+2, s.spans[4].end
		low, high := s.bounds(1<<32-1, "table")
		got := fmt.Sprintf("memory %d to %d, table %d to %d", s.module.Memory.Min, s.module.Memory.Max, low, high)
		if got != c.want || h.MaxPages != c.pages {
			t.Errorf("got %s and %d pages, want %s and %d", got, h.MaxPages, c.want, c.pages)
		}
	}
}

func TestHardened_Marshal(t *testing.T) {
	t.Parallel()
	for _, raw := range [][]byte{hardenable, module(), mustBuild(t, goGuest)} {
		want := mustHarden(t, raw)
		data, err := want.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got Hardened
		if err := got.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, &got, cmp.AllowUnexported(Hardened{}, functionName{})); diff != "" {
			t.Error(diff)
		}
		for _, bad := range [][]byte{nil, data[:len(data)-1], cat(data, []byte{0}), cat([]byte("x"), data[1:])} {
			if err := got.UnmarshalBinary(bad); err == nil {
				t.Errorf("accepted %.60q", bad)
			}
		}
	}
	other := cat([]byte(hardenedMagic), uleb(HardenVersion+1))
	if err := new(Hardened).UnmarshalBinary(other); err == nil || !strings.Contains(err.Error(), "version 2, expected 1") {
		t.Errorf("got error %v, want one on the version", err)
	}
}

func FuzzHardened_Unmarshal(f *testing.F) {
	for _, raw := range [][]byte{hardenable, module()} {
		h, err := Harden(raw)
		if err != nil {
			f.Fatal(err)
		}
		data, err := h.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h, again Hardened
		if h.UnmarshalBinary(data) != nil {
			return
		}
		out, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBinary(out); err != nil {
			t.Errorf("what was marshalled again does not come back: %v", err)
		}
	})
}
