package wasm

import (
	"bytes"
	"encoding/binary"
)

// The functions here encode modules by hand, so that tests can lie where a compiler would not.

func uleb(v uint64) []byte { return binary.AppendUvarint(nil, v) }

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func repeat(n int, b ...byte) []byte { return bytes.Repeat(b, n) }

// sized puts b's length before it.
func sized(b []byte) []byte { return cat(uleb(uint64(len(b))), b) }

func text(s string) []byte { return sized([]byte(s)) }

// section encodes a section with its true size.
func section(id byte, contents ...[]byte) []byte {
	return cat([]byte{id}, sized(cat(contents...)))
}

// vector encodes entries with their true number.
func vector(entries ...[]byte) []byte { return cat(uleb(uint64(len(entries))), cat(entries...)) }

// many encodes the same entry n times.
func many(n int, entry ...byte) []byte { return cat(uleb(uint64(n)), repeat(n, entry...)) }

// lie encodes a number of entries with ten bytes to follow, few of them entries.
func lie(n uint64, filler byte) []byte { return cat(uleb(n), repeat(10, filler)) }

func module(sections ...[]byte) []byte {
	return cat([]byte(magic+coreVersion), cat(sections...))
}

func functionType(params, results string) []byte {
	return cat([]byte{formFunction}, sized([]byte(params)), sized([]byte(results)))
}

func body(locals, code []byte) []byte { return sized(cat(locals, code, []byte{opEnd})) }

func importOf(module, name string, desc ...byte) []byte { return cat(text(module), text(name), desc) }

func exportOf(name string, kind Kind, index byte) []byte {
	return cat(text(name), []byte{byte(kind), index})
}

// Pieces that many modules share.
var (
	noLocals  = []byte{0}
	typeVoid  = section(1, vector(functionType("", "")))
	oneFunc   = section(3, vector([]byte{0}))
	oneTable  = section(4, vector([]byte{byte(FuncRef), 0, 1}))
	oneMemory = section(5, vector([]byte{0, 1}))
	oneBody   = section(10, vector(body(noLocals, nil)))
	zero      = []byte{opI32Const, 0, opEnd}
)

// guestModule encodes a guest that does nothing, with the given imports and changes to its exports.
func guestModule(imports [][]byte, exports ...[]byte) []byte {
	types := section(1, vector(
		functionType("", ""),
		functionType("\x7f", "\x7f"),
		functionType("\x7f\x7f\x7f", "\x7e"),
		functionType("\x7f\x7f\x7f", "\x7f"),
		functionType("\x7f", ""),
	))
	return module(types, section(2, vector(imports...)), section(3, vector([]byte{0}, []byte{1})), oneTable, oneMemory,
		section(7, vector(exports...)),
		section(10, vector(body(noLocals, nil), body(noLocals, []byte{opI32Const, 0}))))
}
