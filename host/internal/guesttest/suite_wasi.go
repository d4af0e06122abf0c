package guesttest

import (
	"slices"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/wasm/wasmtest"
)

// Error numbers of WASI.
const (
	wasiBadf  = 8
	wasiInval = 28
)

var wasiChecks = slices.Concat([]check{
	{"WASI/standard descriptors", func(tb testing.TB, s *session) {
		// Each is a character device that may be read or written; the byte behind its status is not touched.
		p := newProbe(allOf("fd_fdstat_get")...)
		var asked []wasmtest.Code
		for fd := range uint32(3) {
			asked = append(asked, do(i32s(600, 0xff, 32)+wasmtest.MemoryFill), i64(i32s(fd, 600)+wasmtest.Call(6)),
				i64(i32s(600)+wasmtest.I32Load8(0)), i32s(608)+wasmtest.I64Load(0), i64(i32s(624)+wasmtest.I32Load8(0)))
		}
		const device, read, write = 2, 1 << 1, 1 << 6
		equal(tb, "answers, kinds, rights, and bytes behind", numbers(tb, s, nil, p.module(asked...)), []int64{
			0, 0, device, read, 0xff, 0, 0, device, write, 0xff, 0, 0, device, write, 0xff})
	}},
	{"WASI/fd_write of several buffers", func(tb testing.TB, s *session) {
		p := newProbe(allOf("fd_write")...)
		text := do(p.store("one\ntwo\n"))
		two := vector(512, 6) + i32s(1032, 518) + wasmtest.I32Store(0) + i32s(1036, 2) + wasmtest.I32Store(0)
		written := i64(i32s(600) + wasmtest.I32Load(0))
		var logs recorder
		c := Action("any", nil)
		c.Log = logs.log
		got := Output[[]int64](tb, s.load(tb, guest.Module{Code: p.module(text, do(two), i64(i32s(2, 1024, 2, 600)+wasmtest.Call(6)), written)}), c)
		equal(tb, "bytes written", got, []int64{0, 0, 0, 8})
		equal(tb, "lines", logs.records, []abi.LogRecord{{Level: abi.LevelWarn, Message: "one"}, {Level: abi.LevelWarn, Message: "two"}})
	}},
	{"WASI/fd_write takes what it can", func(tb testing.TB, s *session) {
		p := newProbe(allOf("fd_write")...)
		got := numbers(tb, s, nil, p.module(do(vector(0, memoryEnd)), i64(i32s(1, 1024, 1, 600)+wasmtest.Call(6)), i64(i32s(600)+wasmtest.I32Load(0)),
			i64(i32s(0, 1024, 1, 600)+wasmtest.Call(6)), i64(i32s(3, 1024, 1, 600)+wasmtest.Call(6))))
		if got[1] != 0 || got[2] < 1 || got[2] > memoryEnd {
			tb.Errorf("errno %d and %d bytes of 65536 written", got[1], got[2])
		}
		equal(tb, "answers for standard input and an unknown descriptor", got[3:], []int64{wasiBadf, wasiBadf})
	}},
}, pollChecks())

// subscription is what poll_oneoff waits for: a clock, or else a descriptor.
type subscription struct {
	tag     uint32 // 0 for a clock, 1 for reading, 2 for writing
	of      uint32 // clock or descriptor
	timeout time.Duration
	flags   uint32
}

// event is what poll_oneoff says of one.
type event struct{ userdata, errno, tag, flags int64 }

func pollChecks() (all []check) {
	clock := func(id uint32, d time.Duration) subscription { return subscription{0, id, d, 0} }
	for _, tt := range []struct {
		name  string
		subs  []subscription
		errno int64
		slept time.Duration // at least
		want  []event
	}{
		{"the shortest timer", []subscription{clock(1, time.Hour), clock(0, 20*time.Millisecond)}, 0, 20 * time.Millisecond, []event{{userdata: 1}}},
		{"a time that has been", []subscription{{0, 0, 1, 1}}, 0, 0, []event{{}}},
		{"descriptors before timers", []subscription{clock(1, time.Hour), {tag: 1}, {tag: 2, of: 1}, {tag: 1, of: 1}, {tag: 2, of: 7}}, 0, 0,
			[]event{{1, 0, 1, 1}, {2, 0, 2, 0}, {3, wasiBadf, 1, 0}, {4, wasiBadf, 2, 0}}},
		{"an unknown clock", []subscription{clock(2, time.Second)}, wasiInval, 0, nil},
		{"unknown flags", []subscription{{0, 1, time.Second, 2}}, wasiInval, 0, nil},
		{"an unknown tag", []subscription{{tag: 3}}, wasiInval, 0, nil},
		{"nothing", nil, wasiInval, 0, nil},
	} {
		all = append(all, check{"WASI/poll, " + tt.name, func(tb testing.TB, s *session) {
			start := time.Now()
			errno, events := poll(tb, s, tt.subs)
			if took := time.Since(start); took < tt.slept || took > 30*time.Second {
				tb.Errorf("slept %v, want %v", took, tt.slept)
			}
			equal(tb, "error number", errno, tt.errno)
			equal(tb, "events", events, tt.want)
		}})
	}
	return all
}

// poll has a probe wait for what subs say, each with its index as userdata.
func poll(tb testing.TB, s *session, subs []subscription) (errno int64, events []event) {
	tb.Helper()
	const in, out, count = 2048, 4096, 600
	p := newProbe(allOf("poll_oneoff")...)
	byteAt := func(at uint32) wasmtest.Code { return i64(i32s(at) + wasmtest.I32Load8(0)) }
	asked := []wasmtest.Code{do(i32s(in, 0, 1024) + wasmtest.MemoryFill)}
	for i, sub := range subs {
		asked = append(asked, do(sub.write(in+48*uint32(i), int64(i))))
	}
	asked = append(asked, i64(i32s(in, out, uint32(len(subs)), count)+wasmtest.Call(6)), i64(i32s(count)+wasmtest.I32Load(0)))
	for at := uint32(out); at < out+32*uint32(len(subs)); at += 32 {
		asked = append(asked, i32s(at)+wasmtest.I64Load(0), byteAt(at+8), byteAt(at+10), byteAt(at+24))
	}
	got := numbers(tb, s, nil, p.module(asked...))[1+len(subs):]
	if got[0] == 0 {
		for e := got[2:]; len(events) < int(got[1]); e = e[4:] {
			events = append(events, event{e[0], e[1], e[2], e[3]})
		}
	}
	return got[0], events
}

// write is code that puts the subscription at an address.
func (s subscription) write(at uint32, userdata int64) wasmtest.Code {
	code := i32s(at) + wasmtest.I64Const(userdata) + wasmtest.I64Store(0) + i32s(at+8, s.tag) + wasmtest.I32Store8(0) + i32s(at+16, s.of) + wasmtest.I32Store(0)
	return code + i32s(at+24) + wasmtest.I64Const(int64(s.timeout)) + wasmtest.I64Store(0) + i32s(at+40, s.flags) + wasmtest.I32Store8(0)
}
