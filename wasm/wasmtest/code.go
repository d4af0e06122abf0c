package wasmtest

import (
	"encoding/binary"
	"math"
	"strings"

	"patchbay/wasm"
)

// Code is a sequence of encoded instructions, or of any other bytes of a module.
type Code string

// Repeat returns c n times.
func Repeat(n int, c Code) Code { return Code(strings.Repeat(string(c), n)) }

// Join returns parts one after the other. For many of them it is faster than +.
func Join(parts ...Code) Code {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(string(p))
	}
	return Code(b.String())
}

// Instructions without operands.
const (
	Unreachable Code = "\x00"
	Nop         Code = "\x01"
	Else        Code = "\x05"
	End         Code = "\x0b"
	Return      Code = "\x0f"
	Drop        Code = "\x1a"
	Select      Code = "\x1b"

	MemorySize Code = "\x3f\x00"
	MemoryGrow Code = "\x40\x00"
	MemoryCopy Code = "\xfc\x0a\x00\x00"
	MemoryFill Code = "\xfc\x0b\x00"

	RefIsNull Code = "\xd1"
	I32Eqz    Code = "\x45"
	I32Eq     Code = "\x46"
	I32Ne     Code = "\x47"
	I32LtS    Code = "\x48"
	I32LtU    Code = "\x49"
	I32GtS    Code = "\x4a"
	I32GtU    Code = "\x4b"
	I32LeU    Code = "\x4d"
	I32GeU    Code = "\x4f"
	I64Eqz    Code = "\x50"
	I64Ne     Code = "\x52"
	I64LtS    Code = "\x53"
	I64GtS    Code = "\x55"
	I32Add    Code = "\x6a"
	I32Sub    Code = "\x6b"
	I32Mul    Code = "\x6c"
	I32DivU   Code = "\x6e"
	I32And    Code = "\x71"
	I32Or     Code = "\x72"
	I32Shl    Code = "\x74"
	I64Add    Code = "\x7c"
	I64Sub    Code = "\x7d"
	I64Mul    Code = "\x7e"
	I64DivU   Code = "\x80"
	I64RemU   Code = "\x82"
	F64Add    Code = "\xa0"
	I32Wrap   Code = "\xa7" // i32.wrap_i64
	I64Extend Code = "\xac" // i64.extend_i32_s
	I32OfF32  Code = "\xbc" // i32.reinterpret_f32
	I64OfF64  Code = "\xbd" // i64.reinterpret_f64
)

// I32Const is i32.const. Unsigned values above 2^31 are written int32(v) by way of a variable, or -1.
func I32Const(v int32) Code { return "\x41" + Sleb(int64(v)) }

// I64Const is i64.const.
func I64Const(v int64) Code { return "\x42" + Sleb(v) }

// F64Const is f64.const of a number whose bits may be any, so that a test can choose its NaN.
func F64Const(bits uint64) Code { return "\x44" + Code(binary.LittleEndian.AppendUint64(nil, bits)) }

// F32Const is f32.const of v.
func F32Const(v float32) Code {
	return "\x43" + Code(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
}

// LocalGet is local.get.
func LocalGet(i uint32) Code { return "\x20" + Uleb(uint64(i)) }

// LocalSet is local.set.
func LocalSet(i uint32) Code { return "\x21" + Uleb(uint64(i)) }

// LocalTee is local.tee.
func LocalTee(i uint32) Code { return "\x22" + Uleb(uint64(i)) }

// GlobalGet is global.get.
func GlobalGet(i uint32) Code { return "\x23" + Uleb(uint64(i)) }

// GlobalSet is global.set.
func GlobalSet(i uint32) Code { return "\x24" + Uleb(uint64(i)) }

// Call is call.
func Call(f uint32) Code { return "\x10" + Uleb(uint64(f)) }

// CallIndirect is call_indirect of a type's index through a table.
func CallIndirect(typ, table uint32) Code { return "\x11" + Uleb(uint64(typ)) + Uleb(uint64(table)) }

// Block is a block without parameters and results.
func Block(body ...Code) Code { return "\x02\x40" + Join(body...) + End }

// Loop is a loop without parameters and results. [Br](0) at its end makes it endless.
func Loop(body ...Code) Code { return "\x03\x40" + Join(body...) + End }

// If is an if without else, parameters and results.
func If(then ...Code) Code { return "\x04\x40" + Join(then...) + End }

// IfElse is an if with a result of type t.
func IfElse(t wasm.ValueType, then, otherwise Code) Code {
	return "\x04" + Code([]byte{byte(t)}) + then + Else + otherwise + End
}

// Br is br.
func Br(label uint32) Code { return "\x0c" + Uleb(uint64(label)) }

// BrIf is br_if.
func BrIf(label uint32) Code { return "\x0d" + Uleb(uint64(label)) }

// BrTable is br_table to the given labels, the last of which is the default.
func BrTable(labels ...uint32) Code {
	code := make([]Code, len(labels))
	for i, l := range labels {
		code[i] = Uleb(uint64(l))
	}
	return "\x0e" + Uleb(uint64(len(labels)-1)) + Join(code...)
}

// I32Load is i32.load at a constant offset, aligned to one byte.
func I32Load(offset uint32) Code { return "\x28\x00" + Uleb(uint64(offset)) }

// I64Load is i64.load at a constant offset, aligned to one byte.
func I64Load(offset uint32) Code { return "\x29\x00" + Uleb(uint64(offset)) }

// I32Load8 is i32.load8_u at a constant offset.
func I32Load8(offset uint32) Code { return "\x2d\x00" + Uleb(uint64(offset)) }

// I32Store is i32.store at a constant offset, aligned to one byte.
func I32Store(offset uint32) Code { return "\x36\x00" + Uleb(uint64(offset)) }

// I64Store is i64.store at a constant offset, aligned to one byte.
func I64Store(offset uint32) Code { return "\x37\x00" + Uleb(uint64(offset)) }

// I32Store8 is i32.store8 at a constant offset.
func I32Store8(offset uint32) Code { return "\x3a\x00" + Uleb(uint64(offset)) }

// MemoryInit is memory.init from a data segment.
func MemoryInit(data uint32) Code { return "\xfc\x08" + Uleb(uint64(data)) + "\x00" }

// DataDrop is data.drop.
func DataDrop(data uint32) Code { return "\xfc\x09" + Uleb(uint64(data)) }

// TableInit is table.init from an element segment.
func TableInit(element, table uint32) Code {
	return "\xfc\x0c" + Uleb(uint64(element)) + Uleb(uint64(table))
}

// ElemDrop is elem.drop.
func ElemDrop(element uint32) Code { return "\xfc\x0d" + Uleb(uint64(element)) }

// TableCopy is table.copy.
func TableCopy(to, from uint32) Code { return "\xfc\x0e" + Uleb(uint64(to)) + Uleb(uint64(from)) }

// TableGrow is table.grow.
func TableGrow(table uint32) Code { return "\xfc\x0f" + Uleb(uint64(table)) }

// TableSize is table.size.
func TableSize(table uint32) Code { return "\xfc\x10" + Uleb(uint64(table)) }

// TableFill is table.fill.
func TableFill(table uint32) Code { return "\xfc\x11" + Uleb(uint64(table)) }

// TableGet is table.get.
func TableGet(table uint32) Code { return "\x25" + Uleb(uint64(table)) }

// TableSet is table.set.
func TableSet(table uint32) Code { return "\x26" + Uleb(uint64(table)) }

// RefNull is ref.null.
func RefNull(t wasm.ValueType) Code { return "\xd0" + Code([]byte{byte(t)}) }

// RefFunc is ref.func.
func RefFunc(f uint32) Code { return "\xd2" + Uleb(uint64(f)) }
