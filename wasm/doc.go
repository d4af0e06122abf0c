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
//	function bodies       size, locals and every instruction: blocks nest, and what an instruction names exists
//	custom sections       name and size; the section "name" entirely, since runtimes read it
//
// It does not know whether operands have the right types: that is for the runtime's validator, which meets no module
// that has not passed here.
//
// What is valid WebAssembly but does not run here is refused as well: a start function (it would run
// outside of any call), a second or shared or 64-bit memory, and anything of a later specification
// (exceptions, tail calls, threads, garbage collection, extended constants).
//
// # Limits
//
// The limits below are above what compilers produce (36 real modules had at most 12,420 functions, bodies of 80 KB,
// 54 locals, blocks 1,707 deep and a br_table of 3,125) and below what hurts:
//
//	file                  16 MiB     types          10,000    data segments    100,000
//	function body        256 KiB     functions      40,000    elements in all  100,000
//	locals of a function   1,000     imports           256    globals           10,000
//	locals in all      1,000,000     exports         1,000    parameters           128
//	memory at start      256 MiB     tables              4    results               32
//	table at start  100,000 entries  custom sections    64, 1 MiB in all
//	blocks within each other  4,096  targets of a br_table  8,192, of a function's 16,384
//	joins of a function   4,000,000  joins in all  40,000,000
//
// Joins are what a compiler has to bring together where ways of control meet, which made functions of 100 KB take
// minutes: each block costs as many as the function has locals and the block results, each branch as many times a
// sixteenth of the chain of basic blocks before it, each call its parameters and results; and a function costs the
// square of its branches and blocks, divided by 256. The largest of a real module is 1.4 million, of Haskell.
//
// # Hardening
//
// [Harden] writes a module anew so that it can be stopped and its state be put back. It adds an imported function,
// MeterTick of MeterModule, and a global of type i64, FuelGlobal, which the host sets. The code takes from the
// global what it is about to execute, about one unit an instruction, and calls the function when there is less than
// nothing left. The function puts more into the global and returns, or panics; in between the host may let others run.
// If it returns and leaves less than nothing, it is called again at the next charge.
//
// A unit is an instruction of the module, except that block, loop, else, end and nop cost nothing, and that code
// pays for the longest way it may take until it pays again (file meter.go has the rules), which is more than what it
// executes: for JSON read and written in Go by about a half. What takes time by its size pays a unit for every 16 bytes or table entries,
// memory.grow and table.grow one for each page or entry, before it happens. What a call costs depends on the module,
// HardenVersion and what the call does, and not on the machine.
//
// # Conformity
//
// [Check] says whether a module that Scan has read is a guest of package abi: it imports only functions of
// the capability modules and of wasi_snapshot_preview1, each with its exact signature, and it exports what
// the host calls. [Module.Capabilities] says what it can do, without running it.
//
// Both return errors of type [*Error], which name section, entry and byte and say what to do.
package wasm
