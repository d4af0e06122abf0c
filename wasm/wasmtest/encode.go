package wasmtest

import "encoding/binary"

// Header begins every module: the magic number and version 1 (core specification 5.5.17).
const Header Code = "\x00asm\x01\x00\x00\x00"

// Identifiers of sections (core specification 5.5.2).
const (
	IDCustom byte = iota
	IDType
	IDImport
	IDFunction
	IDTable
	IDMemory
	IDGlobal
	IDExport
	IDStart
	IDElement
	IDCode
	IDData
	IDDataCount
)

// MaxU32 is the largest lie that a count can tell.
const MaxU32 = 1<<32 - 1

// Uleb encodes an unsigned number of any width (core specification 5.2.2).
func Uleb(v uint64) Code { return Code(binary.AppendUvarint(nil, v)) }

// Sleb encodes a signed number of any width.
func Sleb(v int64) Code {
	var b []byte
	for {
		low := byte(v & 0x7f)
		v >>= 7 // keeps the sign
		if v == 0 && low < 0x40 || v == -1 && low >= 0x40 {
			return Code(append(b, low))
		}
		b = append(b, low|0x80)
	}
}

// Sized puts the length of c before it. Sized(text) is a name.
func Sized(c Code) Code { return Uleb(uint64(len(c))) + c }

// Vector encodes entries with their true number before them.
func Vector(entries ...Code) Code { return Uleb(uint64(len(entries))) + Join(entries...) }

// Many encodes a vector of the same entry n times.
func Many(n int, entry Code) Code { return Uleb(uint64(n)) + Repeat(n, entry) }

// Lie encodes a vector that claims n entries, with ten bytes to follow.
func Lie(n uint64, filler byte) Code { return Uleb(n) + Repeat(10, Code([]byte{filler})) }

// Section encodes a section with its true size.
func Section(id byte, contents Code) Code { return Code([]byte{id}) + Sized(contents) }
