// Package wasmtest builds WebAssembly modules for tests: small honest ones, large ones that a loop writes, and
// ones that lie where no compiler would. Not for use outside this module.
//
// A [Module] is filled by methods that return the index of what they have added, and encoded by
// [Module.Bytes]:
//
//	m := wasmtest.New()
//	log := m.Import("env", "log", wasmtest.Type("i", ""))
//	f := m.Func(wasmtest.Type("i", "i"), nil, wasmtest.LocalGet(0)+wasmtest.Call(log)+wasmtest.I32Const(7))
//	m.Export("run", wasm.KindFunction, f)
//	code := m.Bytes()
//
// Instructions are values of [Code], a string: + puts them one after the other, [Repeat] repeats them, and
// Code("\xfc\x08") is whatever the assembler has no name for.
//
// A [Guest] is a module that is a guest as package abi has it, around a body of the test's own.
//
// To lie, set a field that says something else than the truth (two groups of 2^31 [Locals]), give a function
// with [Module.RawFunc], or a section with [Module.Raw]. Nothing here checks what it encodes.
package wasmtest
