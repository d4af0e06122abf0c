package wasm

// opcode is an instruction's code: one byte, or a prefix and the number after it.
type opcode uint16

const (
	prefixNumeric = 0xfc // saturating conversions, bulk memory, tables
	prefixVector  = 0xfd
)

// Opcodes that this package has to know by name (core specification 5.4).
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI64GeS       = 0x59
	opI64Sub       = 0x7d
	opI64ShrU      = 0x88
	opI64ExtendU32 = 0xad
	opRefNull      = 0xd0
	opRefFunc      = 0xd2

	opMemoryInit = prefixNumeric<<8 | 8
	opDataDrop   = prefixNumeric<<8 | 9
	opMemoryCopy = prefixNumeric<<8 | 10
	opMemoryFill = prefixNumeric<<8 | 11
	opTableInit  = prefixNumeric<<8 | 12
	opElemDrop   = prefixNumeric<<8 | 13
	opTableCopy  = prefixNumeric<<8 | 14
	opTableGrow  = prefixNumeric<<8 | 15
	opTableFill  = prefixNumeric<<8 | 17

	opV128Const = prefixVector<<8 | 12
)

// operands says what follows an opcode.
type operands byte

const (
	argUnknown operands = iota // not an instruction of WebAssembly 2.0
	argNone
	argBlockType
	argLabel
	argLabels // of br_table
	argFunction
	argTypeAndTable
	argValueTypes
	argLocal
	argGlobal
	argTable
	argAddress // alignment and offset
	argMemoryZero
	argConst32
	argConst64
	argBytes4
	argBytes8
	argBytes16
	argReference
	argDataAndMemory
	argData
	argTwoMemories
	argElementAndTable
	argElement
	argTwoTables
	argLane
	argAddressAndLane
)

// plainOperands, numericOperands and vectorOperands have the operands of the instructions without a prefix, after 0xfc and after 0xfd.
var (
	plainOperands = operandTable(256, []opcodeRange{
		{0x00, 0x01, argNone}, {0x02, 0x04, argBlockType}, {0x05, 0x05, argNone}, {0x0b, 0x0b, argNone}, {0x0c, 0x0d, argLabel},
		{0x0e, 0x0e, argLabels}, {0x0f, 0x0f, argNone}, {0x10, 0x10, argFunction}, {0x11, 0x11, argTypeAndTable},
		{0x1a, 0x1b, argNone}, {0x1c, 0x1c, argValueTypes}, {0x20, 0x22, argLocal}, {0x23, 0x24, argGlobal}, {0x25, 0x26, argTable},
		{0x28, 0x3e, argAddress}, {0x3f, 0x40, argMemoryZero}, {0x41, 0x41, argConst32}, {0x42, 0x42, argConst64},
		{0x43, 0x43, argBytes4}, {0x44, 0x44, argBytes8}, {0x45, 0xc4, argNone},
		{0xd0, 0xd0, argReference}, {0xd1, 0xd1, argNone}, {0xd2, 0xd2, argFunction},
	})
	numericOperands = operandTable(18, []opcodeRange{
		{0, 7, argNone}, {8, 8, argDataAndMemory}, {9, 9, argData}, {10, 10, argTwoMemories}, {11, 11, argMemoryZero},
		{12, 12, argElementAndTable}, {13, 13, argElement}, {14, 14, argTwoTables}, {15, 17, argTable},
	})
	vectorOperands = operandTable(256, []opcodeRange{
		{0, 11, argAddress}, {12, 13, argBytes16}, {14, 20, argNone}, {21, 34, argLane}, {35, 83, argNone}, {84, 91, argAddressAndLane},
		{92, 93, argAddress}, {94, 255, argNone},
		// Codes that were given up before the standard.
		{0x9a, 0x9a, argUnknown}, {0xa2, 0xa2, argUnknown}, {0xa5, 0xa6, argUnknown}, {0xaf, 0xb0, argUnknown},
		{0xb2, 0xb4, argUnknown}, {0xbb, 0xbb, argUnknown}, {0xc2, 0xc2, argUnknown}, {0xc5, 0xc6, argUnknown},
		{0xcf, 0xd0, argUnknown}, {0xd2, 0xd4, argUnknown}, {0xe2, 0xe2, argUnknown}, {0xee, 0xee, argUnknown},
	})
)

type opcodeRange struct {
	first, last int
	operands    operands
}

func operandTable(n int, ranges []opcodeRange) []operands {
	t := make([]operands, n)
	for _, s := range ranges {
		for i := s.first; i <= s.last; i++ {
			t[i] = s.operands
		}
	}
	return t
}

// later names the proposals that opcodes which WebAssembly 2.0 does not have belong to.
func later(prefix byte) string {
	switch prefix {
	case 0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19, 0x1f:
		return ", which belongs to exception handling"
	case 0x12, 0x13:
		return ", which belongs to tail calls"
	case 0x14, 0x15, 0xd3, 0xd4, 0xd5, 0xd6:
		return ", which belongs to typed function references"
	case 0xfb:
		return ", which belongs to garbage collection"
	case 0xfe:
		return ", which belongs to threads"
	}
	return ", which WebAssembly 2.0 does not have"
}
