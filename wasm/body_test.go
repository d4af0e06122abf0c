package wasm

import (
	"errors"
	"strings"
	"testing"
)

// bodyModule encodes a module with two functions, the second of which has the code, one local of type i32, and one
// of everything that code can name.
func bodyModule(code ...byte) []byte {
	return module(
		section(1, vector(functionType("", ""), functionType("\x7f", "\x7f\x7f"))),
		section(2, vector(importOf("m", "f", 0, 0))),
		section(3, vector([]byte{0}, []byte{0})),
		oneTable, oneMemory,
		section(6, vector([]byte{byte(I32), 1, opI32Const, 0, opEnd})),
		section(9, vector(cat([]byte{1, 0}, vector([]byte{0})))),
		section(12, []byte{1}),
		section(10, vector(body(noLocals, nil), body(vector([]byte{1, byte(I32)}), code))),
		section(11, vector(cat([]byte{1}, text("x")))))
}

// bodyRefusals has, for each rule, code that breaks it and its nearest neighbour that does not.
var bodyRefusals = []struct {
	name string
	kind error
	want string // part of the error
	bad  []byte
	good []byte
}{
	{"exceptions", ErrUnsupported, "function 2, byte 73: opcode 0x6, which belongs to exception handling", []byte{0x06, 0x40}, []byte{opNop}},
	{"throw", ErrUnsupported, "exception handling", []byte{0x08, 0}, []byte{opNop}},
	{"tail call", ErrUnsupported, "opcode 0x12, which belongs to tail calls", []byte{0x12, 0}, []byte{opCall, 0}},
	{"typed reference", ErrUnsupported, "typed function references", []byte{0x14, 0}, []byte{opNop}},
	{"garbage collection", ErrUnsupported, "opcode 0xfb, which belongs to garbage collection", []byte{0xfb, 0}, []byte{opNop}},
	{"threads", ErrUnsupported, "opcode 0xfe, which belongs to threads", []byte{0xfe, 0}, []byte{opNop}},
	{"unknown", ErrUnsupported, "opcode 0xff, which WebAssembly 2.0 does not have", []byte{0xff}, []byte{0xc4}},
	{"unknown after 0xfc", ErrUnsupported, "opcode 0xfc 18", []byte{0xfc, 18}, []byte{0xfc, 17, 0}},
	{"unknown vector", ErrUnsupported, "opcode 0xfd9a", []byte{0xfd, 0x9a, 1}, []byte{0xfd, 0x9b, 1}},
	{"relaxed vector", ErrUnsupported, "opcode 0xfd 256", []byte{0xfd, 0x80, 2}, []byte{0xfd, 0xff, 1}},
	{"long opcode", ErrMalformed, "unsigned number of 32 bits", []byte{0xfc, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, []byte{0xfc, 0x80, 0x80, 0x80, 0x80, 0}},

	{"function", ErrMalformed, "function 3 does not exist, there are 3", []byte{opCall, 3}, []byte{opCall, 2}},
	{"reference", ErrMalformed, "function 3 does not exist", []byte{opRefFunc, 3}, []byte{opRefFunc, 2}},
	{"type", ErrMalformed, "type 2 does not exist", []byte{opCallIndirect, 2, 0}, []byte{opCallIndirect, 1, 0}},
	{"table of a call", ErrMalformed, "table 1 does not exist", []byte{opCallIndirect, 1, 1}, []byte{opCallIndirect, 1, 0}},
	{"local", ErrMalformed, "local 1 does not exist, there are 1", []byte{opLocalTee, 1}, []byte{opLocalTee, 0}},
	{"global", ErrMalformed, "global 1 does not exist, there are 1", []byte{opGlobalSet, 1}, []byte{opGlobalSet, 0}},
	{"table", ErrMalformed, "table 1 does not exist", []byte{opTableSet, 1}, []byte{opTableSet, 0}},
	{"table.grow", ErrMalformed, "table 1 does not exist", []byte{0xfc, 15, 1}, []byte{0xfc, 15, 0}},
	{"table.copy", ErrMalformed, "table 1 does not exist", []byte{0xfc, 14, 0, 1}, []byte{0xfc, 14, 0, 0}},
	{"table.init", ErrMalformed, "table 1 does not exist", []byte{0xfc, 12, 0, 1}, []byte{0xfc, 12, 0, 0}},
	{"element segment", ErrMalformed, "element segment 1 does not exist", []byte{0xfc, 13, 1}, []byte{0xfc, 13, 0}},
	{"data segment", ErrMalformed, "data segment that is announced 1 does not exist", []byte{0xfc, 8, 1, 0}, []byte{0xfc, 8, 0, 0}},
	{"data.drop", ErrMalformed, "data segment that is announced 1 does not exist", []byte{0xfc, 9, 1}, []byte{0xfc, 9, 0}},
	{"second memory", ErrUnsupported, "memory 1, there is only 0", []byte{opMemoryGrow, 1}, []byte{opMemoryGrow, 0}},
	{"memory.copy", ErrUnsupported, "memory 1, there is only 0", []byte{0xfc, 10, 0, 1}, []byte{0xfc, 10, 0, 0}},
	{"address in a second memory", ErrUnsupported, "alignment 0x42", []byte{0x28, 0x42, 0, 0}, []byte{0x28, 2, 0}},
	{"alignment", ErrMalformed, "alignment 2^5", []byte{0x28, 5, 0}, []byte{0x28, 4, 0}},
	{"lane", ErrMalformed, "should be the instruction", []byte{0xfd, 84, 0, 0}, []byte{0xfd, 84, 0, 0, 0}},
	{"shuffle", ErrMalformed, "should be the instruction", cat([]byte{0xfd, 13}, repeat(15, 0)), cat([]byte{0xfd, 13}, repeat(16, 0))},
	{"null of a number", ErrMalformed, "type i32, expected funcref", []byte{opRefNull, 0x7f}, []byte{opRefNull, 0x70}},
	{"types of select", ErrUnsupported, "value type 0x40", []byte{0x1c, 1, 0x40}, []byte{0x1c, 1, 0x7f}},
	{"constant", ErrMalformed, "signed number of 32 bits", []byte{opI32Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, []byte{opI32Const, 0x80, 0x80, 0x80, 0x80, 0}},

	{"block without an end", ErrMalformed, "should be the instruction", []byte{opBlock, emptyBlock}, []byte{opBlock, emptyBlock, opEnd}},
	{"end too many", ErrMalformed, "the function body ends 1 bytes before", []byte{opEnd}, nil},
	{"else without if", ErrMalformed, "an else outside of an if", []byte{opBlock, emptyBlock, opElse, opEnd}, []byte{opIf, emptyBlock, opElse, opEnd}},
	{"else twice", ErrMalformed, "an else outside of an if", []byte{opIf, emptyBlock, opElse, opElse, opEnd}, []byte{opIf, emptyBlock, opElse, opEnd}},
	{"type of a block", ErrMalformed, "type 2 does not exist", []byte{opBlock, 2, opEnd}, []byte{opBlock, 1, opEnd}},
	{"negative type of a block", ErrMalformed, "type -1 of the block", []byte{opBlock, 0xff, 0x7f, opEnd}, []byte{opBlock, 0x81, 0, opEnd}},
	{"result of a block", ErrUnsupported, "value type 0x69", []byte{opBlock, 0x69, opEnd}, []byte{opBlock, 0x7f, opEnd}},
	{"label", ErrMalformed, "label 1 does not exist, there are 1", []byte{opBr, 1}, []byte{opBr, 0}},
	{"label of a br_table", ErrMalformed, "label 1 does not exist", []byte{opBrTable, 1, 0, 1}, []byte{opBrTable, 1, 0, 0}},
	{"lie of a br_table", ErrMalformed, "targets of a br_table cannot be", []byte{opBrTable, 0xff, 0xff, 0xff, 0xff, 0x0f}, []byte{opBrTable, 0, 0}},

	{"nesting", ErrLimit, "4097 blocks within each other", cat(repeat(4097, opBlock, emptyBlock), repeat(4097, opEnd)), cat(repeat(4096, opBlock, emptyBlock), repeat(4096, opEnd))},
	{"br_table", ErrLimit, "8193 targets of a br_table", brTable(8193), brTable(8192)},
	{"br_tables", ErrLimit, "16385 targets of the br_tables of one function", cat(brTable(8192), brTable(8192), brTable(1)), cat(brTable(8192), brTable(8191), brTable(1))},
	{"joins", ErrLimit, "joins in one function", repeat(3300, opLoop, emptyBlock, opI32Const, 0, opBrIf, 0, opEnd), repeat(3000, opLoop, emptyBlock, opI32Const, 0, opBrIf, 0, opEnd)},
	{"joins of a chain", ErrLimit, "joins in one function", chain(12_000), chain(9_000)},
}

func brTable(n int) []byte { return cat([]byte{opBrTable}, uleb(uint64(n)), repeat(n+1, 0)) }

func chain(n int) []byte { return repeat(n, opI32Const, 0, opBrIf, 0) }

func TestScan_RefusesBodies(t *testing.T) {
	t.Parallel()
	for _, r := range bodyRefusals {
		_, err := Scan(bodyModule(r.bad...))
		if !errors.Is(err, r.kind) || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: got %v, want %q", r.name, err, r.want)
		}
		if _, err := Scan(bodyModule(r.good...)); err != nil {
			t.Errorf("%s: the neighbour: %v", r.name, err)
		}
	}
}

func TestScan_BodyFacts(t *testing.T) {
	t.Parallel()
	m, err := Scan(bodyModule(cat([]byte{opBlock, emptyBlock, opLoop, emptyBlock}, brTable(3), []byte{opEnd, opEnd, opBlock, emptyBlock, opEnd})...))
	if err != nil {
		t.Fatal(err)
	}
	if m.Nesting != 2 || m.Targets != 3 || m.Joins == 0 {
		t.Errorf("nesting %d, targets %d, joins %d", m.Nesting, m.Targets, m.Joins)
	}
}

// TestScan_JoinsTotal: functions that are within the limit each are not in any number.
func TestScan_JoinsTotal(t *testing.T) {
	t.Parallel()
	function := body(noLocals, repeat(3000, opLoop, emptyBlock, opI32Const, 0, opBrIf, 0, opEnd))
	build := func(n int) []byte {
		return module(typeVoid, section(3, many(n, 0)), section(10, uleb(uint64(n)), repeat(n, function...)))
	}
	if _, err := Scan(build(20)); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "joins in all functions") {
		t.Errorf("got %v", err)
	}
	if _, err := Scan(build(10)); err != nil {
		t.Error(err)
	}
}

func FuzzScan_Body(f *testing.F) {
	for _, r := range bodyRefusals {
		if len(r.bad) < 100 {
			f.Add(r.bad)
			f.Add(r.good)
		}
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		raw := bodyModule(code...)
		_, scanned := Scan(raw)
		h, err := Harden(raw)
		if (scanned == nil) != (err == nil) {
			t.Errorf("scan: %v, harden: %v", scanned, err)
		}
		if err == nil {
			if err := checkMeter(h.Code); err != nil && !isLimit(err) {
				t.Error(err)
			}
		}
	})
}
