// Package wasm reads WebAssembly modules that nobody has to trust.
//
// A WebAssembly runtime is not a parser for hostile input: a file of 25 bytes that claims 2^28 imports
// makes it allocate until the process dies, and one of 30 KB can keep its compiler busy for a minute. So
// every module passes [Scan] before any runtime sees its bytes. Scan is one linear pass over the file. It
// believes no number in it: every count is held against the bytes that are left before anything is done
// with it, so a refused file costs no more memory than a few times its own size.
//
// # What Scan reads
//
// Scan reads the binary format of the WebAssembly 2.0 core specification, section 5:
//
//	magic and version     a core module of version 1; components, text and other files get advice
//	sections              known, in order, each at most once, their sizes exact to the byte
//	numbers               LEB128, at most 5 bytes for 32 bits and 10 bytes for 64 bits, no overflow
//	names                 UTF-8; no export twice (imports may repeat: Go's linker writes some twice)
//	indices               of types, functions, tables, memories and globals, inside their spaces
//	function bodies       size and number of locals; their instructions are left to the runtime's validator
//	custom sections       name and size; the section "name" entirely, since runtimes read it
//
// What is valid WebAssembly but does not run here is refused as well: a start function (it would run
// outside of any call), a second or shared or 64-bit memory, and anything of a later specification
// (exceptions, garbage collection, extended constants).
//
// # Limits
//
// The limits below are far above what compilers produce (the largest of 36 real modules had 12,420
// functions, bodies of 80 KB and 54 locals) and far below what hurts:
//
//	file                  16 MiB     types          10,000    data segments    100,000
//	function body        256 KiB     functions      40,000    elements in all  100,000
//	locals of a function   1,000     imports           256    globals           10,000
//	locals in all      1,000,000     exports         1,000    parameters           128
//	memory at start      256 MiB     tables              4    results               32
//	table at start  100,000 entries  custom sections    64, 1 MiB in all
//
// # Conformity
//
// [Check] says whether a module that Scan has read is a guest of package abi: it imports only functions of
// the capability modules and of wasi_snapshot_preview1, each with its exact signature, and it exports what
// the host calls. [Module.Capabilities] says what it can do, without running it.
//
// Both return errors of type [*Error], which name section, entry and byte and say what to do.
package wasm
