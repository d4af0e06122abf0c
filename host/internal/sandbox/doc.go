// Package sandbox runs guests in this process, each call in a state that no other call has touched.
//
// It owns the WebAssembly runtime, wazero, and is a [guest.Engine]. Not for use outside this module.
//
// # From a module to a call
//
// A module passes [wasm.Scan] and [wasm.Check] and is rewritten by [wasm.Harden] before the runtime sees a byte
// of it. It is compiled where [Config] says, in a process that may be killed; the machine code is kept in a cache
// that gives out nothing but what was put into it, and loaded from there. A program has a runtime of its own:
// wazero 1.12 matches types by numbers of its runtime, so that code compiled in one and linked in another may be
// called with the wrong types.
//
// [Engine.Load] makes one instance, runs _initialize and the warm-up calls on it and keeps the state that they
// leave: its memory, as an image that nobody can write to, and its mutable globals. Instances for calls begin with
// that image, copied page by page where they write (package linear). After a call that ended well the instance is
// put back to the kept state in place, in some microseconds, and waits for the next; after any other it is thrown
// away. Load tries this once and compares every byte. Modules with state that cannot be put back, such as tables
// that change (see wasm.Hardened.Obstacles), get a new instance for each call.
//
// # What holds
//
// A guest pays fuel for what it executes, before it does; package wasm defines the unit. It gets the fuel of its
// limit in slices, and between two of them, well under a millisecond apart, the host looks at the clock, and Go's
// scheduler and collector at the host: no guest holds up others, whatever it does. One deadline covers guest code
// and host functions.
//
// A guest has no files, arguments, environment or sockets. It reads real clocks and true random numbers (wazero's
// own are fake by default), sleeps no longer than its call may last, and what it writes to standard output and
// error becomes log lines. Everything it can do beyond that is a capability module.
//
// # Quotas
//
// Limits hold for each call: fuel, memory, wall time, calls of capability modules other than patchbay.sys.v1 (a
// guest that has used up its quota can still say so), HTTP requests, bytes of a request body, of the result, and
// of log lines. What a guest asks beyond them gets an error number as package abi says; the call goes on.
//
// Bytes of log lines are counted as the guest sent them, whether by patchbay.log.v1 or by standard output and
// error. Lines beyond the quota are dropped; the last line of such a call says how many.
//
// # What does not hold
//
// A guest that recurses without end has taken up to 170 MB of stack when wazero stops it; that much comes on top
// of its memory's limit. A defect of wazero's compiler would be a defect of this process: package worker runs the
// same engine in a process that has nothing to lose.
package sandbox
