// Package sandbox runs guests in this process, each call in an instance of its own.
//
// It owns the WebAssembly runtime, wazero. An [Engine] loads modules into [Program]s; [Program.Call] runs
// one call of package abi. Not for use outside this module.
//
// # What holds
//
// A module passes [wasm.Scan] and [wasm.Check] before the runtime sees a byte of it. It is compiled and
// instantiated in one runtime that no other module shares: wazero 1.12 matches types by numbers of its
// runtime, so that code compiled in one and linked in another may be called with the wrong types.
//
// Every call gets a fresh instance, and the instance is closed when the call ends, however it ends. Nothing
// that a guest keeps in memory reaches a later call, and no guest that has trapped runs again.
//
// A guest has no files, arguments, environment or sockets. It reads real clocks and true random numbers
// (wazero's own are fake by default), sleeps no longer than its call may last, and what it writes to
// standard output and error becomes log lines. Everything it can do beyond that is a capability module.
//
// # Quotas
//
// The limits of a program hold for each of its calls: memory, wall time over guest code and host functions
// together, calls of capability modules other than patchbay.sys.v1 (a guest that has used up its quota can
// still say so), HTTP requests, bytes of a request body, of the result, and of log lines. What a guest asks
// beyond them gets an error number as package abi says; the call goes on.
//
// Bytes of log lines are counted as the guest sent them, whether by patchbay.log.v1 or by standard output
// and error. Lines beyond the quota are dropped; the last line of such a call says how many.
//
// # What does not hold yet
//
// The wall limit relies on wazero's own checks, which stand at the heads of loops only. A guest that
// recurses without a loop or fills memory in straight lines runs past it until the recursion or the memory
// ends, and a table without a maximum may grow beyond what memory allows. Metering guest code by rewriting
// it closes both, and a process of its own for the guests bounds what is left.
package sandbox
