package guesttest

import (
	"slices"
	"time"

	"patchbay/abi"
	"patchbay/wasm/wasmtest"
)

const getRequest = wasmtest.Code("{\"method\":\"GET\",\"url\":\"https://a.example/\"}\n")

// put is code that stores text at address 1024, by way of active data: the guest's own is at its start.
func put(g *wasmtest.Guest, text wasmtest.Code) (ptr, size uint32) {
	g.Data = append(g.Data, wasmtest.ActiveData(1024, text))
	return 1024, uint32(len(text))
}

// floodAttacks keep the host busy.
func floodAttacks() []Attack {
	const class = "flood"
	// A flood of refused calls ends with the call's time or fuel, or is stopped at some number of them.
	floods := slices.Concat(stopped, trapped)
	with := func(f uint32, op uint32, text wasmtest.Code, times int) func(*wasmtest.Guest) wasmtest.Code {
		return func(g *wasmtest.Guest) wasmtest.Code {
			ptr, size := put(g, text)
			call := i32s(op, ptr, size) + wasmtest.Call(f) + wasmtest.Drop
			if times > 0 {
				return wasmtest.Repeat(times, call)
			}
			return forever(call)
		}
	}
	line := wasmtest.Code(`{"level":"info","message":"`) + wasmtest.Repeat(900, "x") + `"}`
	nested := wasmtest.Code(`{"level":"info","message":"x","attrs":{"a":`) + wasmtest.Repeat(120, "[") + wasmtest.Repeat(120, "]") + `}}`
	return []Attack{
		invoke(class, "log records", floods, with(logCall, opWrite, line, 0)),
		invoke(class, "log records, 5,000", answers, with(logCall, opWrite, line, 5000)),
		invoke(class, "nested log records", floods, with(logCall, opWrite, nested, 0)),
		invoke(class, "malformed log records", floods, with(logCall, opWrite, "x", 0)),
		invoke(class, "HTTP requests", floods, with(httpCall, opSend, getRequest, 0)),
		invoke(class, "HTTP requests, 2,000", answers, with(httpCall, opSend, getRequest, 2000)),
		invoke(class, "malformed HTTP requests", floods, with(httpCall, opSend, "x\n", 0)),
		invoke(class, "HTTP requests of 32 MiB", floods, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = 600
			put(g, "{\"method\":\"PUT\",\"url\":\"https://a.example/\"}\n")
			return forever(i32s(opSend, 1024, 32<<20) + wasmtest.Call(httpCall) + wasmtest.Drop)
		}),
		invoke(class, "HTTP requests of 7 MiB", floods, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = 600
			put(g, "{\"method\":\"PUT\",\"url\":\"https://a.example/\"}\n")
			return forever(i32s(opSend, 1024, 7<<20) + wasmtest.Call(httpCall) + wasmtest.Drop)
		}),
		invoke(class, "a head of 7 MiB", floods, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = 600
			return i32s(1024, 'x', 7<<20) + wasmtest.MemoryFill + forever(i32s(opSend, 1024, 7<<20)+wasmtest.Call(httpCall)+wasmtest.Drop)
		}),
		invoke(class, "unknown operations", floods, with(0, 99, "", 0)),
		invoke(class, "envelopes", floods, with(0, 1, "", 0)),
		invoke(class, "results", append(slices.Clone(floods), answers...), with(0, opResult, wasmtest.Result, 0)),
		invoke(class, "a result of 2^32-1 bytes", contained, code(i32s(opResult, 0, wasmtest.MaxU32)+wasmtest.Call(0)+wasmtest.Drop)),
		invoke(class, "a result of 32 MiB", contained, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = 600
			return i32s(opResult, 0, 32<<20) + wasmtest.Call(0) + wasmtest.Drop
		}),
		invoke(class, "a result of 7 MiB of brackets", trapped, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = 600
			return i32s(1024, '[', 7<<20) + wasmtest.MemoryFill + i32s(opResult, 1024, 7<<20) + wasmtest.Call(0) + wasmtest.Drop
		}),
		invoke(class, "take", floods, code(forever(i32s(0x8000, 4096, 0)+wasmtest.Call(1)+wasmtest.Drop))),
		invoke(class, "take of nothing", floods, code(forever(i32s(0, 0, 0)+wasmtest.Call(1)+wasmtest.Drop))),
		invoke(class, "fd_write of 64 KiB", floods, code(vector(0, 1<<16)+forever(i32s(2, 1024, 1, 512)+wasmtest.Call(firstWASI)+wasmtest.Drop)), "fd_write"),
		invoke(class, "fd_write of 1,024 times all memory", floods, vectors(1024, 0, 1<<17), "fd_write"),
		invoke(class, "fd_write of 1,024 times 2^32-1", floods, vectors(1024, 0, wasmtest.MaxU32), "fd_write"),
		invoke(class, "fd_write of 2^32-1 vectors", floods, code(forever(i32s(1, 1024, wasmtest.MaxU32, 512)+wasmtest.Call(firstWASI)+wasmtest.Drop)), "fd_write"),
		invoke(class, "fd_write of line feeds", floods, code(i32s(0x8000, '\n', 0x8000)+wasmtest.MemoryFill+vector(0x8000, 0x8000)+
			forever(i32s(1, 1024, 1, 512)+wasmtest.Call(firstWASI)+wasmtest.Drop)), "fd_write"),
		invoke(class, "random_get of all memory", floods, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = bigMemory
			return forever(i32s(1<<16, (bigMemory-1)<<16) + wasmtest.Call(firstWASI) + wasmtest.Drop)
		}, "random_get"),
		invoke(class, "random_get of all memory in a straight line", floods, func(g *wasmtest.Guest) wasmtest.Code {
			g.Memories[0].Min = bigMemory
			return wasmtest.Repeat(2000, i32s(1<<16, (bigMemory-1)<<16)+wasmtest.Call(firstWASI)+wasmtest.Drop)
		}, "random_get"),
		invoke(class, "random_get of nothing", floods, code(forever(i32s(0, 0)+wasmtest.Call(firstWASI)+wasmtest.Drop)), "random_get"),
		invoke(class, "clock_time_get", floods, code(forever(i32s(1)+wasmtest.I64Const(0)+i32s(512)+wasmtest.Call(firstWASI)+wasmtest.Drop)), "clock_time_get"),
		invoke(class, "sched_yield", floods, code(forever(wasmtest.Call(firstWASI)+wasmtest.Drop)), "sched_yield"),
		invoke(class, "sched_yield in a tree of calls", floods, tree(40, 2, wasmtest.Call(firstWASI)+wasmtest.Drop), "sched_yield"),
		invoke(class, "path_open", floods, code(forever(i32s(3, 0, 0, 0, 0)+wasmtest.I64Const(-1)+wasmtest.I64Const(-1)+i32s(0, 0)+wasmtest.Call(firstWASI)+wasmtest.Drop)), "path_open"),
	}
}

// vectors is an endless fd_write of n vectors, all of them of the same buffer.
func vectors(n, ptr, size uint32) func(*wasmtest.Guest) wasmtest.Code {
	return func(g *wasmtest.Guest) wasmtest.Code {
		address := wasmtest.LocalGet(i32Local)
		fill := wasmtest.Loop(address, i32s(ptr), wasmtest.I32Store(0x8000), address, i32s(size), wasmtest.I32Store(0x8004),
			address, i32s(8), wasmtest.I32Add, wasmtest.LocalTee(i32Local), i32s(8*n), wasmtest.I32LtU, wasmtest.BrIf(0))
		return fill + forever(i32s(1, 0x8000, n, 512)+wasmtest.Call(firstWASI)+wasmtest.Drop)
	}
}

// waitAttacks sleep.
func waitAttacks() (all []Attack) {
	const class = "wait"
	asleep := []Verdict{Verdict(abi.Timeout)}
	const years = int64(100 * 365 * 24 * time.Hour)
	subscribe := func(clock uint32, timeout int64, flags uint32) wasmtest.Code {
		return i32s(2048, 0, 48) + wasmtest.MemoryFill + i32s(2064, clock) + wasmtest.I32Store(0) +
			i32s(2072) + wasmtest.I64Const(timeout) + wasmtest.I64Store(0) + i32s(2088, flags) + wasmtest.I32Store8(0)
	}
	poll := func(n uint32) wasmtest.Code {
		return i32s(2048, 8192, n, 512) + wasmtest.Call(firstWASI) + wasmtest.Drop
	}
	add := func(name string, want []Verdict, body ...wasmtest.Code) {
		all = append(all, invoke(class, name, want, code(body...), "poll_oneoff", "sched_yield"))
	}
	add("a century", asleep, subscribe(1, years, 0), poll(1))
	add("a century on the real clock", asleep, subscribe(0, years, 0), poll(1))
	add("until 2^64-1", asleep, subscribe(0, -1, 1), poll(1))
	add("until 2^63-1 on the monotonic clock", asleep, subscribe(1, 1<<63-1, 1), poll(1))
	add("2^64-1", asleep, subscribe(1, -1, 0), poll(1))
	add("for the past", answers, subscribe(0, 1, 1), poll(1))
	add("for nothing", answers, poll(0))
	add("for 2^32-1 things", answers, poll(wasmtest.MaxU32))
	add("for 2^31 things", answers, poll(1<<31))
	add("for things that wrap around", answers, poll(1<<32/48+2))
	add("an instant, again and again", slices.Concat(stopped, trapped), subscribe(1, 1, 0), forever(poll(1)))
	add("no time, again and again", slices.Concat(stopped, trapped), subscribe(1, 0, 0), forever(poll(1)))
	add("a millisecond, again and again", slices.Concat(stopped, trapped), subscribe(1, 1_000_000, 0), forever(poll(1)))
	add("with its events over its subscriptions", answers, subscribe(1, 1, 0), i32s(2048, 2048, 1, 2048)+wasmtest.Call(firstWASI)+wasmtest.Drop)
	return append(all,
		invoke(class, "in HTTP requests", asleep, func(g *wasmtest.Guest) wasmtest.Code {
			ptr, size := put(g, slowRequest)
			return forever(i32s(opSend, ptr, size) + wasmtest.Call(httpCall) + wasmtest.Drop)
		}),
		letIn(class, "a century in _initialize", append(slices.Clone(stopped), Refused), func() []byte {
			g := wasmtest.NewGuest(allOf("poll_oneoff")...)
			g.Initialize(nil, subscribe(1, years, 0)+poll(1))
			return g.Invoke(nil, "")
		}))
}

// slowRequest is one that RunAttacks does not answer before the call's time is over.
const slowRequest = wasmtest.Code("{\"method\":\"GET\",\"url\":\"https://slow.example/\"}\n")

// hostAttacks hand the host what it must not believe.
func hostAttacks() []Attack {
	const class = "host"
	bad := []uint32{wasmtest.MaxU32, 1 << 31, 2*memoryEnd - 3, 2 * memoryEnd, 1<<31 - 1}
	each := func(one func(bad uint32) wasmtest.Code) wasmtest.Code {
		return pieces(len(bad), func(i int) wasmtest.Code { return one(bad[i]) })
	}
	wasi := []string{"fd_write", "random_get", "clock_time_get", "args_sizes_get", "poll_oneoff", "fd_read", "fd_fdstat_get", "fd_readdir"}
	call := func(i int) wasmtest.Code { return wasmtest.Call(firstWASI+uint32(i)) + wasmtest.Drop }
	high := func(v int64) wasmtest.Code { return wasmtest.I64Const(v-1<<32) + wasmtest.I32Wrap }
	return []Attack{
		invoke(class, "pointers to call and take", answers, func(g *wasmtest.Guest) wasmtest.Code {
			return each(func(bad uint32) wasmtest.Code {
				return pieces(6, func(f int) wasmtest.Code {
					op := []uint32{1, 0, opSend, 0, opWrite, 0}[f] // not the result: it would be one too many
					if f%2 == 1 {
						op = bad
					}
					return wasmtest.Join(i32s(op, bad, 8), wasmtest.Call(uint32(f)), wasmtest.Drop, i32s(op, 0, bad), wasmtest.Call(uint32(f)), wasmtest.Drop,
						i32s(op, bad, bad), wasmtest.Call(uint32(f)), wasmtest.Drop)
				})
			})
		}),
		invoke(class, "pointers to WASI", answers, code(each(func(bad uint32) wasmtest.Code {
			return wasmtest.Join(i32s(1, bad, bad, bad), call(0), i32s(bad, bad), call(1), i32s(bad)+wasmtest.I64Const(-1)+i32s(bad), call(2),
				i32s(bad, bad), call(3), i32s(bad, bad, 1, bad), call(4), i32s(0, bad, bad, bad), call(5), i32s(bad, bad), call(6),
				i32s(bad, bad, bad)+wasmtest.I64Const(-1)+i32s(bad), call(7))
		})), wasi...),
		invoke(class, "lengths with high bits", answers, code(
			i32s(99)+high(512)+high(16)+wasmtest.Call(0)+wasmtest.Drop,
			high(512)+high(16)+high(0)+wasmtest.Call(1)+wasmtest.Drop,
			high(512)+high(16)+wasmtest.Call(firstWASI+1)+wasmtest.Drop), wasi...),
		invoke(class, "lengths that are NaN", answers, code(pieces(3, func(i int) wasmtest.Code {
			nan := wasmtest.F64Const([]uint64{0x7ff8_0000_0000_0200, 0xfff0_0000_ffff_ffff, 0xffff_ffff_8000_0000}[i]) + wasmtest.I64OfF64 + wasmtest.I32Wrap
			return nan + nan + wasmtest.Call(firstWASI+1) + wasmtest.Drop + nan + nan + nan + wasmtest.Call(httpTake) + wasmtest.Drop
		})), wasi...),
		invoke(class, "overlapping and odd vectors", answers, code(
			i32s(1025, 1025)+wasmtest.I32Store(0)+i32s(1029, 64)+wasmtest.I32Store(0)+i32s(1033, 1029)+wasmtest.I32Store(0)+i32s(1037, 33)+wasmtest.I32Store(0)+
				i32s(1, 1025, 2, 1027)+wasmtest.Call(firstWASI)+wasmtest.Drop), wasi...),
		invoke(class, "a request that is written over after it was sent", answers, func(g *wasmtest.Guest) wasmtest.Code {
			ptr, size := put(g, getRequest)
			return wasmtest.Repeat(20, i32s(opSend, ptr, size)+wasmtest.Call(httpCall)+wasmtest.Drop+i32s(ptr, ' ', 3)+wasmtest.MemoryFill)
		}),
		invoke(class, "a reply taken over the code that takes it", answers, code(
			wasmtest.Repeat(50, i32s(1, 0, 0)+wasmtest.Call(0)+wasmtest.Drop+i32s(600, 60000, 0)+wasmtest.Call(1)+wasmtest.Drop))),
		invoke(class, "every offset of a reply", answers, code(pieces(33, func(i int) wasmtest.Code {
			return i32s(600, 8, uint32(1)<<i-1) + wasmtest.Call(1) + wasmtest.Drop
		}))),
		invoke(class, "every operation", answers, code(pieces(32*3, func(i int) wasmtest.Code {
			return i32s(uint32(1)<<(i/3)+2, 0, 0) + wasmtest.Call(uint32(i%3*2)) + wasmtest.Drop
		}))),
		invoke(class, "every descriptor", answers, code(pieces(33, func(i int) wasmtest.Code {
			fd := uint32(1) << i
			return i32s(fd|4, 0, 0, 512) + call(0) + i32s(fd|4, 0, 0, 512) + call(5) + i32s(fd|4, 512) + call(6)
		})), wasi...),
	}
}

// exitAttacks end in ways of their own.
func exitAttacks() []Attack {
	const class = "exit"
	exit := func(status uint32) wasmtest.Code { return i32s(status) + wasmtest.Call(firstWASI) }
	nested := func(depth int, leaf wasmtest.Code) func(*wasmtest.Guest) wasmtest.Code { return tree(depth, 1, leaf) }
	const names = "proc_exit"
	return []Attack{
		invoke(class, "0", trapped, code(exit(0)), names),
		invoke(class, "2^32-1, wazero's sign of a cancelled context", trapped, code(exit(wasmtest.MaxU32)), names),
		invoke(class, "2^32-17 bits, wazero's sign of a deadline", trapped, code(exit(0xefff_ffff)), names),
		invoke(class, "in 200 nested calls", trapped, nested(200, exit(7)), names),
		invoke(class, "in a loop", trapped, code(forever(exit(7))), names),
		invoke(class, "after the result", trapped, func(g *wasmtest.Guest) wasmtest.Code { return g.Answer() + exit(0) }, names),
		letIn(class, "in _initialize", append(slices.Clone(trapped), Refused), func() []byte {
			g := wasmtest.NewGuest(allOf(names)...)
			g.Initialize(nil, exit(0))
			return g.Invoke(nil, "")
		}),
		invoke(class, "proc_raise", contained, code(pieces(33, func(i int) wasmtest.Code { return i32s(uint32(i)) + wasmtest.Call(firstWASI) + wasmtest.Drop })), "proc_raise"),
		invoke(class, "a trap in 200 nested calls", trapped, nested(200, wasmtest.Unreachable)),
		letIn(class, "without a result", trapped, func() []byte { return wasmtest.NewGuest().InvokeOnly(nil, i32s(0)) }),
		letIn(class, "with -1", trapped, func() []byte { return wasmtest.NewGuest().InvokeOnly(nil, i32s(1<<32-1)) }),
		letIn(class, "a trap in _initialize", append(slices.Clone(trapped), Refused), but(func(g *wasmtest.Guest) { g.Initialize(nil, wasmtest.Unreachable) })),
	}
}
