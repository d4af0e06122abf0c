package wasm

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScan(t *testing.T) {
	t.Parallel()
	data := module(
		section(1, vector(functionType("\x7f\x7f\x7f", "\x7e"), functionType("\x7f", "\x7f"))),
		section(2, vector(importOf("patchbay.sys.v1", "call", 0, 0), importOf("m", "g", 3, 0x7f, 1))),
		section(3, vector([]byte{1})),
		oneTable,
		section(5, vector([]byte{1, 2, 9})),
		section(6, vector(cat([]byte{0x7e, 0, opI64Const, 0x7f, opEnd}))),
		section(7, vector(exportOf("memory", KindMemory, 0), exportOf("patchbay_invoke", KindFunction, 1))),
		section(9, vector(cat([]byte{0}, zero, vector([]byte{1})))),
		section(12, []byte{1}),
		section(10, vector(body(vector([]byte{3, 0x7e}), []byte{opI32Const, 0}))),
		section(11, vector(cat([]byte{0}, zero, text("hello")))),
		section(0, text("producers"), []byte("whatever")),
		section(0, text("name"), []byte{namesModule}, sized(text("m")), []byte{namesFunctions}, sized(vector(cat([]byte{1}, text("f")))),
			[]byte{namesLocals}, sized(vector(cat([]byte{1}, vector(cat([]byte{0}, text("x")))))), []byte{9}, text("later")),
	)
	got, err := Scan(data)
	if err != nil {
		t.Fatal(err)
	}
	call := Signature{[]ValueType{I32, I32, I32}, []ValueType{I64}}
	want := &Module{
		Imports: []Import{
			{Module: "patchbay.sys.v1", Name: "call", Kind: KindFunction, Type: call, Offset: bytes.Index(data, text("patchbay.sys.v1"))},
			{Module: "m", Name: "g", Kind: KindGlobal, Offset: bytes.Index(data, []byte("\x01m\x01g"))},
		},
		Exports: []Export{
			{Name: "memory", Kind: KindMemory, Offset: bytes.Index(data, text("memory"))},
			{Name: "patchbay_invoke", Kind: KindFunction, Index: 1, Type: Signature{[]ValueType{I32}, []ValueType{I32}}, Offset: bytes.Index(data, text("patchbay_invoke"))},
		},
		Memory: &Memory{Min: 2, Max: 9}, Custom: []string{"producers", "name"},
		Size: len(data), Types: 2, Functions: 1, Tables: 1, Globals: 2, Body: 6, Locals: 3, Joins: 5,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// refusals has, for each rule, a module that breaks it and its nearest neighbour that does not.
var refusals = []struct {
	name string
	kind error
	want string // part of the error
	bad  []byte
	good []byte
}{
	{"truncated header", ErrMalformed, "ends within its header", []byte(magic + "\x01"), module()},
	{"component", ErrComponent, "wasm-tools component unbundle", []byte(magic + "\x0d\x00\x01\x00"), module()},
	{"component, buildmode", ErrComponent, "-buildmode=c-shared", []byte(magic + "\x0d\x00\x01\x00rest"), module()},
	{"version", ErrUnsupported, "version 02 00 00 00, expected 01 00 00 00", []byte(magic + "\x02\x00\x00\x00"), module()},
	{"empty", ErrNotWasm, "empty", nil, module()},
	{"text", ErrNotWasm, "wat2wasm", []byte(" \n(module)"), module()},
	{"text with a comment", ErrNotWasm, "text format", []byte(";; hi\n(module)"), module()},
	{"gzip", ErrNotWasm, "gunzip", []byte{0x1f, 0x8b, 8, 0}, module()},
	{"ELF", ErrNotWasm, "a Linux program; build a core module", []byte("\x7fELF\x02"), module()},
	{"PE", ErrNotWasm, "a Windows or macOS program", []byte("MZ\x90"), module()},
	{"Mach-O", ErrNotWasm, "a Windows or macOS program", []byte{0xcf, 0xfa, 0xed, 0xfe, 7}, module()},
	{"archive", ErrNotWasm, "link it", []byte("!<arch>\nx"), module()},
	{"something else", ErrNotWasm, "begins with 7b 22 61 22", []byte(`{"a":1}`), module()},
	{"too large", ErrLimit, "16777217 bytes, at most 16777216", make([]byte, MaxSize+1), module()},

	{"section id", ErrMalformed, "byte 8: section id 14", module(section(14)), module(section(0, text("x")))},
	{"tag section", ErrUnsupported, "exception handling", module(section(13, []byte{0})), module()},
	{"order", ErrMalformed, "type section, byte 11: it stands twice or after", module(section(3, []byte{0}), typeVoid), module(typeVoid, section(3, []byte{0}))},
	{"twice", ErrMalformed, "it stands twice or after", module(typeVoid, typeVoid), module(typeVoid)},
	{"data count after code", ErrMalformed, "data count section", module(section(10, []byte{0}), section(12, []byte{0})), module(section(12, []byte{0}), section(10, []byte{0}))},
	{"section larger than the file", ErrMalformed, "the section claims 5 bytes, 1 are left", module([]byte{1, 5, 0}), module([]byte{1, 1, 0})},
	{"section too long", ErrMalformed, "type section, byte 14: the section ends 1 bytes before the size that it claims", module(section(1, vector(functionType("", "")), []byte{0})), module(typeVoid)},
	{"section too short", ErrMalformed, "1 types cannot be in the 2 bytes that are left", module([]byte{1, 3, 1, formFunction, 0}), module(typeVoid)},
	{"number of six bytes", ErrMalformed, "expected an unsigned number of 32 bits", module(section(1, repeat(5, 0x80), []byte{0})), module(section(1, repeat(4, 0x80), []byte{0}))},
	{"number over 32 bits", ErrMalformed, "expected an unsigned number of 32 bits", module(section(1, repeat(4, 0x80), []byte{0x10})), module(section(1, repeat(4, 0x80), []byte{0}))},

	{"type form", ErrUnsupported, "form 0x4e", module(section(1, []byte{1, 0x4e, 0, 0})), module(typeVoid)},
	{"value type", ErrUnsupported, "value type 0x69", module(section(1, vector(functionType("\x69", "")))), module(section(1, vector(functionType("\x6f", ""))))},
	{"parameters", ErrLimit, "129 parameters", module(section(1, vector(functionType(strings.Repeat("\x7f", 129), "")))), module(section(1, vector(functionType(strings.Repeat("\x7f", 128), ""))))},
	{"results", ErrLimit, "33 results", module(section(1, vector(functionType("", strings.Repeat("\x7f", 33))))), module(section(1, vector(functionType("", strings.Repeat("\x7f", 32)))))},
	{"types", ErrLimit, "10001 types", module(section(1, many(10_001, formFunction, 0, 0))), module(section(1, many(10_000, formFunction, 0, 0)))},

	{"import kind", ErrMalformed, "import section, entry 0, byte 21: kind 4", module(typeVoid, section(2, vector(importOf("m", "n", 4, 0)))), module(typeVoid, section(2, vector(importOf("m", "n", 0, 0))))},
	{"import type", ErrMalformed, "type 1 does not exist, there are 1", module(typeVoid, section(2, vector(importOf("m", "n", 0, 1)))), module(typeVoid, section(2, vector(importOf("m", "n", 0, 0))))},
	{"import name", ErrMalformed, "not UTF-8", module(typeVoid, section(2, vector(importOf("m", "\xff", 0, 0)))), module(typeVoid, section(2, vector(importOf("m", "ÿ", 0, 0))))},
	{"import name length", ErrLimit, "takes 4097 bytes", module(typeVoid, section(2, vector(importOf(strings.Repeat("m", 4097), "", 0, 0)))), module(typeVoid, section(2, vector(importOf(strings.Repeat("m", 4096), "", 0, 0))))},
	{"imports", ErrLimit, "257 imports", module(typeVoid, section(2, many(257, 0, 0, 0, 0))), module(typeVoid, section(2, many(256, 0, 0, 0, 0)))},
	{"imported memory and another", ErrUnsupported, "a second memory", module(section(2, vector(importOf("m", "n", 2, 0, 1))), oneMemory), module(section(2, vector(importOf("m", "n", 2, 0, 1))))},
	{"imported table too large", ErrLimit, "table entries", module(section(2, vector(cat(importOf("m", "n", 1, 0x70, 0), uleb(100_001))))), module(section(2, vector(cat(importOf("m", "n", 1, 0x70, 0), uleb(100_000)))))},
	{"global mutability", ErrMalformed, "mutability 2", module(section(2, vector(importOf("m", "n", 3, 0x7f, 2)))), module(section(2, vector(importOf("m", "n", 3, 0x7f, 1))))},

	{"function type", ErrMalformed, "function section, entry 0", module(typeVoid, section(3, []byte{1, 1}), oneBody), module(typeVoid, oneFunc, oneBody)},
	{"functions", ErrLimit, "40001 functions", module(typeVoid, section(3, many(40_001, 0))), manyFunctions(40_000)},
	{"functions without bodies", ErrMalformed, "malformed module: byte 18: 1 functions are declared and 0 have a body", module(typeVoid, oneFunc), module(typeVoid, oneFunc, oneBody)},
	{"bodies without functions", ErrMalformed, "0 functions are declared and 1 have a body", module(typeVoid, oneBody), module(typeVoid, oneFunc, oneBody)},

	{"table type", ErrMalformed, "type i32, expected funcref", module(section(4, vector([]byte{0x7f, 0, 1}))), module(oneTable)},
	{"table with an initializer", ErrUnsupported, "value type 0x40", module(section(4, vector(cat([]byte{0x40, 0, 0x70, 0, 1}, zero)))), module(oneTable)},
	{"tables", ErrLimit, "5 tables", module(section(4, many(5, 0x70, 0, 1))), module(section(4, many(4, 0x70, 0, 1)))},
	{"tables, one imported", ErrLimit, "5 tables", module(section(2, vector(importOf("m", "n", 1, 0x70, 0, 1))), section(4, many(4, 0x70, 0, 1))), module(section(2, vector(importOf("m", "n", 1, 0x70, 0, 1))), section(4, many(3, 0x70, 0, 1)))},
	{"table minimum", ErrLimit, "100001 table entries", module(section(4, vector(cat([]byte{0x70, 0}, uleb(100_001))))), module(section(4, vector(cat([]byte{0x70, 0}, uleb(100_000)))))},
	{"table range", ErrMalformed, "a table of 2 to 1", module(section(4, vector([]byte{0x70, 1, 2, 1}))), module(section(4, vector([]byte{0x70, 1, 2, 2})))},
	{"shared table", ErrUnsupported, "flags 0x3", module(section(4, vector([]byte{0x70, 3, 1, 2}))), module(section(4, vector([]byte{0x70, 1, 1, 2})))},

	{"two memories", ErrUnsupported, "a second memory", module(section(5, many(2, 0, 1))), module(oneMemory)},
	{"shared memory", ErrUnsupported, "shared or of 64 bits", module(section(5, vector([]byte{3, 1, 2}))), module(section(5, vector([]byte{1, 1, 2})))},
	{"memory64", ErrUnsupported, "shared or of 64 bits", module(section(5, vector([]byte{4, 1}))), module(oneMemory)},
	{"memory flags", ErrMalformed, "flags 0x8", module(section(5, vector([]byte{8, 1}))), module(oneMemory)},
	{"memory minimum", ErrLimit, "4097 pages", module(section(5, vector(cat([]byte{0}, uleb(4097))))), module(section(5, vector(cat([]byte{0}, uleb(4096)))))},
	{"memory maximum", ErrMalformed, "a memory of 1 to 65537", module(section(5, vector(cat([]byte{1, 1}, uleb(65537))))), module(section(5, vector(cat([]byte{1, 1}, uleb(65536)))))},

	{"extended constant", ErrUnsupported, "global section, entry 0, byte 15: a constant expression of more than one instruction", module(section(6, vector([]byte{0x7f, 0, opI32Const, 0, opI32Const, 0, 0x6a, opEnd}))), module(section(6, vector([]byte{0x7f, 0, opI32Const, 0, opEnd})))},
	{"constant opcode", ErrMalformed, "opcode 0x1 begins a constant", module(section(6, vector([]byte{0x7f, 0, 1, opEnd}))), module(section(6, vector(cat([]byte{0x7b, 0, prefixVector, opV128Const & 0xff}, repeat(16, 1), []byte{opEnd}))))},
	{"vector opcode", ErrMalformed, "v128.const", module(section(6, vector(cat([]byte{0x7b, 0, prefixVector, 13}, repeat(16, 1), []byte{opEnd})))), module(section(6, vector(cat([]byte{0x7b, 0, prefixVector, opV128Const & 0xff}, repeat(16, 1), []byte{opEnd}))))},
	{"i32 too wide", ErrMalformed, "expected a signed number of 32 bits", module(section(6, vector(cat([]byte{0x7f, 0, opI32Const}, repeat(4, 0xff), []byte{0x4f, opEnd})))), module(section(6, vector(cat([]byte{0x7f, 0, opI32Const}, repeat(4, 0xff), []byte{0x7f, opEnd}))))},
	{"i32 too long", ErrMalformed, "expected a signed number of 32 bits", module(section(6, vector(cat([]byte{0x7f, 0, opI32Const}, repeat(5, 0x80), []byte{0, opEnd})))), module(section(6, vector(cat([]byte{0x7f, 0, opI32Const}, repeat(4, 0x80), []byte{0, opEnd}))))},
	{"i64 too wide", ErrMalformed, "expected a signed number of 64 bits", module(section(6, vector(cat([]byte{0x7e, 0, opI64Const}, repeat(9, 0x80), []byte{2, opEnd})))), module(section(6, vector(cat([]byte{0x7e, 0, opI64Const}, repeat(9, 0x80), []byte{0x7f, opEnd}))))},
	{"global of a global", ErrMalformed, "global 1 does not exist", module(section(6, vector([]byte{0x7f, 0, opGlobalGet, 1, opEnd}))), module(section(6, vector([]byte{0x7f, 0, opI32Const, 0, opEnd}, []byte{0x7f, 0, opGlobalGet, 0, opEnd})))},
	{"reference to a function", ErrMalformed, "function 1 does not exist", module(typeVoid, oneFunc, section(6, vector([]byte{0x70, 0, opRefFunc, 1, opEnd})), oneBody), module(typeVoid, oneFunc, section(6, vector([]byte{0x70, 0, opRefFunc, 0, opEnd})), oneBody)},
	{"null of a number", ErrMalformed, "type i32, expected funcref", module(section(6, vector([]byte{0x70, 0, opRefNull, 0x7f, opEnd}))), module(section(6, vector([]byte{0x70, 0, opRefNull, 0x70, opEnd})))},
	{"floats", ErrMalformed, "the constant takes 8 bytes", module(section(6, vector([]byte{0x7c, 0, opF64Const, 0, 0, 0, 0, opEnd}))), module(section(6, vector([]byte{0x7d, 0, opF32Const, 0, 0, 0, 0, opEnd}, []byte{0x7c, 0, opF64Const, 0, 0, 0, 0, 0, 0, 0, 0, opEnd})))},
	{"globals", ErrLimit, "10001 globals", module(section(6, many(10_001, 0x7f, 0, opI32Const, 0, opEnd))), module(section(6, many(10_000, 0x7f, 0, opI32Const, 0, opEnd)))},

	{"export twice", ErrMalformed, `export section, entry 1, byte 20: a second export "a"`, module(oneMemory, section(7, vector(exportOf("a", KindMemory, 0), exportOf("a", KindMemory, 0)))), module(oneMemory, section(7, vector(exportOf("a", KindMemory, 0), exportOf("b", KindMemory, 0))))},
	{"export index", ErrMalformed, "memory 1 does not exist", module(oneMemory, section(7, vector(exportOf("a", KindMemory, 1)))), module(oneMemory, section(7, vector(exportOf("a", KindMemory, 0))))},
	{"export of a table", ErrMalformed, "table 1 does not exist", module(oneTable, section(7, vector(exportOf("a", KindTable, 1)))), module(oneTable, section(7, vector(exportOf("a", KindTable, 0))))},
	{"export of a global", ErrMalformed, "global 0 does not exist", module(section(7, vector(exportOf("a", KindGlobal, 0)))), module(section(6, vector([]byte{0x7f, 0, opI32Const, 0, opEnd})), section(7, vector(exportOf("a", KindGlobal, 0))))},
	{"exports", ErrLimit, "1001 exports", module(oneMemory, section(7, vector(numbered(1001)...))), module(oneMemory, section(7, vector(numbered(1000)...)))},

	{"start function", ErrUnsupported, "_initialize", module(typeVoid, oneFunc, section(8, []byte{0}), oneBody), module(typeVoid, oneFunc, oneBody)},

	{"element flags", ErrMalformed, "flags 8", module(oneTable, section(9, vector(cat([]byte{8}, zero, []byte{0})))), module(oneTable, section(9, vector(cat([]byte{0}, zero, []byte{0}))))},
	{"element function", ErrMalformed, "function 1 does not exist", module(typeVoid, oneFunc, oneTable, section(9, vector(cat([]byte{0}, zero, []byte{1, 1}))), oneBody), elements(cat([]byte{0}, zero, []byte{1, 0}))},
	{"element kind", ErrMalformed, "kind 1 of the elements", elements([]byte{1, 1, 1, 0}), elements([]byte{1, 0, 1, 0})},
	{"element table", ErrMalformed, "table 1 does not exist", elements(cat([]byte{2, 1}, zero, []byte{0, 1, 0})), elements(cat([]byte{2, 0}, zero, []byte{0, 1, 0}))},
	{"element without a table", ErrMalformed, "table 0, which does not exist", module(section(9, vector(cat([]byte{0}, zero, []byte{0})))), module(oneTable, section(9, vector(cat([]byte{0}, zero, []byte{0}))))},
	{"declared elements", ErrMalformed, "kind 1", elements([]byte{3, 1, 1, 0}), elements([]byte{3, 0, 1, 0})},
	{"element expressions", ErrMalformed, "opcode 0x0", elements(cat([]byte{4}, zero, []byte{1, 0})), elements(cat([]byte{4}, zero, []byte{1, opRefFunc, 0, opEnd}))},
	{"elements past the table", ErrMalformed, "1 elements at 1 do not fit the table of 1 entries", elements(cat([]byte{0, opI32Const, 1, opEnd}, []byte{1, 0})), elements(cat([]byte{0, opI32Const, 1, opEnd}, []byte{0}))},
	{"elements at -1", ErrMalformed, "1 elements at 4294967295 do not fit", elements(cat([]byte{0, opI32Const, 0x7f, opEnd}, []byte{1, 0})), elements(cat([]byte{0}, zero, []byte{1, 0}))},
	{"element type", ErrMalformed, "type i32", elements([]byte{5, 0x7f, 1, opRefFunc, 0, opEnd}), elements([]byte{5, 0x70, 1, opRefFunc, 0, opEnd})},
	{"active element type", ErrMalformed, "type i32", elements(cat([]byte{6, 0}, zero, []byte{0x7f, 1, opRefFunc, 0, opEnd})), elements(cat([]byte{6, 0}, zero, []byte{0x70, 1, opRefFunc, 0, opEnd}))},
	{"declared element type", ErrMalformed, "type i32", elements([]byte{7, 0x7f, 1, opRefFunc, 0, opEnd}), elements([]byte{7, 0x70, 1, opRefFunc, 0, opEnd})},
	{"elements in all", ErrLimit, "100001 elements in all", elements(cat([]byte{1, 0}, many(50_000, 0)), cat([]byte{1, 0}, many(50_001, 0))), elements(cat([]byte{1, 0}, many(50_000, 0)), cat([]byte{1, 0}, many(50_000, 0)))},
	{"element segments", ErrLimit, "10001 element segments", module(section(9, many(10_001, 1, 0, 0))), module(section(9, many(10_000, 1, 0, 0)))},

	{"body size", ErrLimit, "262145 bytes of a function body", oneFunction(body(noLocals, repeat(MaxBody-1, 1))), oneFunction(body(noLocals, repeat(MaxBody-2, 1)))},
	{"body without an end", ErrMalformed, "where there should be the instruction", oneFunction(sized([]byte{0, 1})), oneFunction(sized([]byte{0, opEnd}))},
	{"body without code", ErrMalformed, "where there should be the instruction", oneFunction(sized([]byte{0})), oneFunction(sized([]byte{0, opEnd}))},
	{"body outside the section", ErrMalformed, "the function body claims 9 bytes", oneFunction([]byte{9, 0, opEnd}), oneFunction([]byte{2, 0, opEnd})},
	{"locals", ErrLimit, "1001 locals of one function", oneFunction(body(cat([]byte{2}, uleb(1000), []byte{0x7f, 1, 0x7e}), nil)), oneFunction(body(cat([]byte{2}, uleb(999), []byte{0x7f, 1, 0x7e}), nil))},
	{"locals that are none in 32 bits", ErrLimit, "4294967296 locals", oneFunction(body(cat([]byte{2}, uleb(1<<31), []byte{0x7f}, uleb(1<<31), []byte{0x7f}), nil)), oneFunction(body(cat([]byte{1}, uleb(1000), []byte{0x7f}), nil))},
	{"type of locals", ErrUnsupported, "value type 0x64", oneFunction(body([]byte{1, 1, 0x64}, nil)), oneFunction(body([]byte{1, 1, 0x70}, nil))},
	{"locals in all", ErrLimit, "locals of all functions", manyLocals(1001), manyLocals(1000)},

	{"data count", ErrMalformed, "2 data segments are announced and 1 are there", module(oneMemory, section(12, []byte{2}), section(11, vector(cat([]byte{0}, zero, text("x"))))), module(oneMemory, section(12, []byte{1}), section(11, vector(cat([]byte{0}, zero, text("x")))))},
	{"data flags", ErrMalformed, "flags 3", module(oneMemory, section(11, vector([]byte{3, 0}))), module(oneMemory, section(11, vector([]byte{1, 0})))},
	{"data without memory", ErrMalformed, "memory 0, which does not exist", module(section(11, vector(cat([]byte{0}, zero, text("x"))))), module(section(11, vector(cat([]byte{1}, text("x")))))},
	{"data memory", ErrMalformed, "memory 1 does not exist", module(oneMemory, section(11, vector(cat([]byte{2, 1}, zero, text("x"))))), module(oneMemory, section(11, vector(cat([]byte{2, 0}, zero, text("x")))))},
	{"data length", ErrMalformed, "the data claims 9 bytes", module(section(11, vector([]byte{1, 9, 'x'}))), module(section(11, vector([]byte{1, 1, 'x'})))},
	{"data segments", ErrLimit, "100001 data segments", module(section(11, many(100_001, 1, 0))), module(section(11, many(100_000, 1, 0)))},
	{"announced data segments", ErrLimit, "100001 data segments", module(section(12, uleb(100_001))), module(section(12, uleb(100_000)), section(11, many(100_000, 1, 0)))},

	{"custom name", ErrMalformed, "not UTF-8", module(section(0, text("\xc3"))), module(section(0, text("é")))},
	{"custom bytes", ErrLimit, "bytes of custom sections", module(section(0, text("a"), make([]byte, 1<<19)), section(0, text("b"), make([]byte, 1<<19))), module(section(0, text("a"), make([]byte, 1<<19-2)), section(0, text("b"), make([]byte, 1<<19-2)))},
	{"custom sections", ErrLimit, "65 custom sections", module(repeat(65, 0, 1, 0)), module(repeat(64, 0, 1, 0))},
	{"names twice", ErrMalformed, "a second section", module(section(0, text("name")), section(0, text("name"))), module(section(0, text("name")), section(0, text("nome")))},
	{"module name", ErrMalformed, "not UTF-8", module(section(0, text("name"), []byte{0}, sized(text("\xff")))), module(section(0, text("name"), []byte{0}, sized(text("x"))))},
	{"subsection size", ErrMalformed, "the subsection claims 9 bytes", module(section(0, text("name"), []byte{0, 9, 0})), module(section(0, text("name"), []byte{0, 1, 0}))},
	{"subsection too long", ErrMalformed, "the subsection ends 1 bytes before", module(section(0, text("name"), []byte{0, 2, 0, 0})), module(section(0, text("name"), []byte{0, 1, 0}))},
	{"local name", ErrMalformed, "not UTF-8", module(section(0, text("name"), []byte{2}, sized(vector(cat([]byte{0}, vector(cat([]byte{0}, text("\xff")))))))), module(section(0, text("name"), []byte{2}, sized(vector(cat([]byte{0}, vector(cat([]byte{0}, text("x"))))))))},
}

func oneFunction(encoded []byte) []byte {
	return module(typeVoid, oneFunc, section(10, vector(encoded)))
}

func manyFunctions(n int) []byte {
	return module(typeVoid, section(3, many(n, 0)), section(10, many(n, body(noLocals, nil)...)))
}

func manyLocals(n int) []byte {
	return module(typeVoid, section(3, many(n, 0)), section(10, many(n, body(cat([]byte{1}, uleb(1000), []byte{0x7f}), nil)...)))
}

func elements(segments ...[]byte) []byte {
	return module(typeVoid, oneFunc, oneTable, section(9, vector(segments...)), oneBody)
}

func numbered(n int) [][]byte {
	exports := make([][]byte, n)
	for i := range exports {
		exports[i] = exportOf(string(rune('a'+i%26))+string(rune('a'+i/26)), KindMemory, 0)
	}
	return exports
}

func TestScan_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := Scan(tt.bad)
			if m != nil || !errors.Is(err, tt.kind) {
				t.Fatalf("Scan = %v, %v; want an error of kind %q", m, err, tt.kind)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %q, want %q in it", err, tt.want)
			}
			if _, err := Scan(tt.good); err != nil {
				t.Errorf("the neighbour that keeps to the rule: %v", err)
			}
		})
	}
}

// TestScan_Order holds every pair of sections against the order of the specification.
func TestScan_Order(t *testing.T) {
	t.Parallel()
	order := []byte{1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11}
	for i, first := range order {
		for j, second := range order {
			_, err := Scan(module(section(first, []byte{0}), section(second, []byte{0})))
			if ok := err == nil; ok != (i < j) {
				t.Errorf("sections %d, %d: %v", first, second, err)
			}
		}
	}
}

func TestReader_EndsAtItsFirstError(t *testing.T) {
	t.Parallel()
	r := reader{data: []byte("abc"), end: 3}
	r.malformed(1, "first")
	r.malformed(2, "second")
	if b := r.byte("b"); b != 0 || r.more() || r.err.Offset != 1 {
		t.Errorf("read %d, more %v, error %v", b, r.more(), r.err)
	}
}

func TestSignature_String(t *testing.T) {
	t.Parallel()
	s := Signature{[]ValueType{I32, I64, F32, F64, V128, FuncRef, ExternRef, 0}, nil}
	if got, want := s.String(), "(i32, i64, f32, f64, v128, funcref, externref, unknown type) -> ()"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Kind(math.MaxUint8).String(); got != "unknown kind" {
		t.Errorf("got %s", got)
	}
}
