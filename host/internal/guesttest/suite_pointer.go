package guesttest

import (
	"fmt"
	"slices"
	"testing"

	"patchbay/abi"
	"patchbay/wasm/wasmtest"
)

// A probe has one page of memory.
const (
	memoryEnd = 64 << 10
	minusOne  = 1<<32 - 1
)

// spans are addresses and lengths that are not inside a probe's memory.
var spans = []struct {
	name     string
	ptr, len uint32
}{
	{"negative", minusOne, 8},
	{"at the end", memoryEnd, 1},
	{"over the end", memoryEnd - 4, 8},
	{"wraps", minusOne, 2},
	{"wraps to the end", 1 << 31, 1 << 31},
	{"far", 1 << 31, 8},
	{"longer than memory", 0, memoryEnd + 1},
	{"everything", 0, minusOne},
}

var pointerChecks = []check{
	{"pointer/call and take", func(tb testing.TB, s *session) {
		var asked []wasmtest.Code
		var names []string
		for f, op := range []uint32{opResult, 0, opSend, 0, opWrite, 0} {
			for _, span := range spans {
				if f%2 == 0 {
					asked = append(asked, i32s(op, span.ptr, span.len)+wasmtest.Call(uint32(f)))
				} else {
					asked = append(asked, i64(i32s(span.ptr, span.len, 0)+wasmtest.Call(uint32(f))))
				}
				names = append(names, fmt.Sprintf("%s.%s, %s", capabilities[f/2], []string{abi.FuncCall, abi.FuncTake}[f%2], span.name))
			}
		}
		for i, got := range numbers(tb, s, answer(200), newProbe(allOf()...).module(asked...)) {
			// A request that is larger than any may be is refused for that, wherever it is.
			if got != efault && !(got == e2big && spans[i%len(spans)].len > memoryEnd) {
				tb.Errorf("%s: got %d, want EFAULT", names[i], got)
			}
		}
	}},
	{"pointer/offset of take", func(tb testing.TB, s *session) {
		p := newProbe(allOf()...)
		take := func(f uint32, size, off uint32) wasmtest.Code { return i64(i32s(512, size, off) + wasmtest.Call(f)) }
		got := numbers(tb, s, answer(200), p.module(
			take(p.Take, 8, 1<<20), take(p.Take, 8, minusOne), take(httpTake, 8, 1), take(logTake, 8, minusOne), take(p.Take, 0, 0)))
		equal(tb, "answers", got, []int64{einval, einval, einval, einval, 0})
	}},
	{"pointer/WASI", wasiPointers},
	{"pointer/high bits", func(tb testing.TB, s *session) {
		// The upper half of a register that held an i64 or a float is not part of an i32.
		wrap := func(v int64) wasmtest.Code { return wasmtest.I64Const(v) + wasmtest.I32Wrap }
		nan := wasmtest.F64Const(0xfff8_0000_0000_0200) + wasmtest.I64OfF64 + wasmtest.I32Wrap // 512
		p := newProbe(allOf("random_get")...)
		const high = -1 << 32
		got := numbers(tb, s, answer(200), p.module(
			i64(nan+wrap(high+16)+wrap(high)+wasmtest.Call(p.Take)),
			wrap(high+99)+wrap(high)+wrap(high)+wasmtest.Call(p.Guest.Call),
			i64(nan+wrap(1<<32+64)+wasmtest.Call(6)),
			i64(wrap(1<<40-1)+wrap(high+8)+wrap(high)+wasmtest.Call(p.Take))))
		equal(tb, "answers", got, []int64{16, enosys, 0, efault})
	}},
	{"pointer/the whole of memory is inside", func(tb testing.TB, s *session) {
		// Reads to the last byte are fine. It is done last: the probe's own text is in there.
		p := newProbe(allOf("random_get")...)
		got := numbers(tb, s, answer(200), p.module(
			i32s(opWrite, memoryEnd-8, 8)+wasmtest.Call(logCall), i64(i32s(memoryEnd-8, 8)+wasmtest.Call(6)),
			i64(i32s(memoryEnd-8, 8, 0)+wasmtest.Call(p.Take)), i64(i32s(memoryEnd, 0)+wasmtest.Call(6))))
		equal(tb, "answers", got, []int64{einval, 0, 8, 0})
	}},
}

// wasiPointers hands each function of WASI that writes or reads memory an address outside for each of its
// pointers.
func wasiPointers(tb testing.TB, s *session) {
	const fault = 21
	functions := []string{"args_sizes_get", "environ_sizes_get", "clock_res_get", "clock_time_get", "random_get", "fd_fdstat_get",
		"fd_write", "fd_read", "poll_oneoff"}
	p := newProbe(allOf(functions...)...)
	call := func(name string, args ...wasmtest.Code) wasmtest.Code {
		return i64(wasmtest.Join(args...) + wasmtest.Call(6+uint32(slices.Index(functions, name))))
	}
	var asked []wasmtest.Code
	var names []string
	for _, bad := range []uint32{minusOne, memoryEnd, memoryEnd - 3, 1 << 31} {
		outside, inside, one := i32s(bad), i32s(512), i32s(1)
		for _, c := range []struct {
			name string
			code wasmtest.Code
		}{
			{"args_sizes_get, count", call("args_sizes_get", outside, inside)},
			{"args_sizes_get, size", call("args_sizes_get", inside, outside)},
			{"environ_sizes_get, count", call("environ_sizes_get", outside, inside)},
			{"environ_sizes_get, size", call("environ_sizes_get", inside, outside)},
			{"clock_res_get", call("clock_res_get", i32s(0), outside)},
			{"clock_time_get", call("clock_time_get", i32s(0), wasmtest.I64Const(0), outside)},
			{"random_get", call("random_get", outside, i32s(8))},
			{"random_get, length", call("random_get", inside, outside)},
			{"fd_fdstat_get", call("fd_fdstat_get", one, outside)},
			{"fd_write, vectors", call("fd_write", one, outside, one, inside)},
			{"fd_write, buffer", vector(bad, 8) + call("fd_write", one, i32s(1024), one, inside)},
			{"fd_write, count", vector(512, 8) + call("fd_write", one, i32s(1024), one, outside)},
			{"fd_read, count", vector(512, 8) + call("fd_read", i32s(0), i32s(1024), one, outside)},
			{"poll_oneoff, in", call("poll_oneoff", outside, inside, one, inside)},
			{"poll_oneoff, out", onStdin + call("poll_oneoff", i32s(2048), outside, one, inside)},
			{"poll_oneoff, count", onStdin + call("poll_oneoff", i32s(2048), inside, one, outside)},
		} {
			asked, names = append(asked, c.code), append(names, fmt.Sprintf("%s at %#x", c.name, bad))
		}
	}
	for i, got := range numbers(tb, s, nil, p.module(asked...)) {
		if got != fault {
			tb.Errorf("%s: got errno %d, want %d", names[i], got, fault)
		}
	}
}

// vector is code that puts a buffer's address and length at address 1024.
func vector(ptr, size uint32) wasmtest.Code {
	return i32s(1024, ptr) + wasmtest.I32Store(0) + i32s(1028, size) + wasmtest.I32Store(0)
}

// onStdin is code that puts a subscription to standard input at address 2048.
var onStdin = i32s(2048, 0, 48) + wasmtest.MemoryFill + i32s(2056, 1) + wasmtest.I32Store8(0)
