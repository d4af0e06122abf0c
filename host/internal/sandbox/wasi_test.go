package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tetratelabs/wazero/experimental/wazerotest"

	"patchbay/abi"
)

// wasiTest is a guest without code: a memory, and a call for the functions to work on.
type wasiTest struct {
	*testing.T
	call   *call
	memory *wazerotest.Memory
	logs   records
}

func newWASITest(t *testing.T) *wasiTest {
	w := &wasiTest{T: t, memory: wazerotest.NewFixedMemory(1 << 16)}
	w.call = newCall(t.Context(), abi.Limits{Log: 1 << 10}.WithDefaults(), clock{born: time.Now().Add(-time.Second), random: rand.Reader}, w.logs.log)
	return w
}

// run calls a function the way a guest would.
func (w *wasiTest) run(name string, args ...uint64) wasiErrno {
	w.Helper()
	f, ok := wasiFunctions()[name]
	if !ok {
		w.Fatalf("no function %s", name)
	}
	stack := append(args, 0) // there is room for the result
	f(w.call, wazerotest.NewModule(w.memory), stack)
	return wasiErrno(stack[0])
}

func (w *wasiTest) want(errno wasiErrno, name string, args ...uint64) {
	w.Helper()
	if got := w.run(name, slices.Clone(args)...); got != errno {
		w.Errorf("%s(%v) = %d, want %d", name, args, got, errno)
	}
}

const outside = 1 << 20 // past the memory

func TestWASI_Errnos(t *testing.T) {
	t.Parallel()
	w := newWASITest(t)
	w.want(wasiSuccess, "args_get", 0, 0)
	w.want(wasiSuccess, "args_sizes_get", 0, 4)
	w.want(wasiFault, "args_sizes_get", outside, 0)
	w.want(wasiFault, "environ_sizes_get", 0, outside)
	w.want(wasiSuccess, "clock_res_get", clockMonotonic, 0)
	w.want(wasiFault, "clock_res_get", clockRealtime, outside)
	w.want(wasiInval, "clock_res_get", 2, 0)
	w.want(wasiFault, "clock_time_get", clockRealtime, 0, outside)
	w.want(wasiInval, "clock_time_get", 2, 0, 0)
	w.want(wasiSuccess, "fd_close", fdStderr)
	w.want(wasiBadf, "fd_close", 3)
	w.want(wasiBadf, "fd_close", math.MaxUint32)
	w.want(wasiSuccess, "fd_fdstat_set_flags", fdStdin, 0)
	w.want(wasiBadf, "fd_fdstat_get", 3, 0)
	w.want(wasiFault, "fd_fdstat_get", 0, outside)
	w.want(wasiBadf, "fd_prestat_get", 3, 0)
	w.want(wasiBadf, "fd_read", fdStdout, 0, 0, 0)
	w.want(wasiFault, "fd_read", fdStdin, 0, 0, outside)
	w.want(wasiBadf, "fd_write", fdStdin, 0, 0, 0)
	w.want(wasiFault, "fd_write", fdStdout, outside, 1, 0)
	w.want(wasiFault, "fd_write", fdStdout, 0, 0, outside)
	w.want(wasiFault, "random_get", outside, 1)
	w.want(wasiFault, "random_get", 0, outside)
	w.want(wasiSuccess, "sched_yield")
	w.want(wasiNosys, "proc_raise", 9)
	w.want(wasiBadf, "path_open", 3, 0, 0, 0, 0, 0, 0, 0, 0)
	w.want(wasiBadf, "sock_accept", 3, 0, 0)
}

func TestWASI_Clocks(t *testing.T) {
	t.Parallel()
	w := newWASITest(t)
	read := func(clock uint64) time.Duration {
		w.want(wasiSuccess, "clock_time_get", clock, 0, 8)
		now, _ := w.memory.ReadUint64Le(8)
		return time.Duration(now)
	}
	first := read(clockMonotonic)
	if second := read(clockMonotonic); first < time.Second || first > time.Minute || second < first {
		t.Errorf("the monotonic clock reads %v and then %v, want a second more than since the program began", first, second)
	}
	if got := time.Since(time.Unix(0, int64(read(clockRealtime)))); got < 0 || got > time.Minute {
		t.Errorf("the clock is %v behind", got)
	}
}

// TestWASI_WriteIsBounded has one buffer that is all of memory 8000 times: half a gigabyte in one call.
func TestWASI_WriteIsBounded(t *testing.T) {
	t.Parallel()
	w := newWASITest(t)
	for i := range uint32(8000) {
		w.memory.WriteUint64Le(8*i, 1<<16<<32) // address 0, length 65536
	}
	w.want(wasiSuccess, "fd_write", fdStdout, 0, 8000, 65532)
	if n, _ := w.memory.ReadUint32Le(65532); n != maxWrite {
		t.Errorf("%d bytes taken, want %d", n, maxWrite)
	}
	if got := len(w.call.journal.stdout); got > maxLine {
		t.Errorf("%d bytes of a line are kept, want at most %d", got, maxLine)
	}
}

func TestWASI_Exit(t *testing.T) {
	t.Parallel()
	w := newWASITest(t)
	defer func() {
		var e *exit
		if err, _ := recover().(error); !errors.As(err, &e) || e.code != 5 {
			t.Errorf("stopped with %v, want exit 5", err)
		}
	}()
	w.run("proc_exit", 5)
	t.Error("proc_exit returned")
}

func TestWASI_StopsWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	for name := range wasiFunctions() {
		w := newWASITest(t)
		ctx, cancel := context.WithCancel(w.call.Context)
		cancel()
		w.call.Context = ctx
		func() {
			defer func() {
				if r := recover(); r != errStopped {
					t.Errorf("%s: stopped with %v, want %v", name, r, errStopped)
				}
			}()
			w.run(name, make([]uint64, 9)...)
			t.Errorf("%s answered", name)
		}()
	}
}

// event is what poll_oneoff says about one subscription.
type event struct {
	userdata uint64
	errno    uint16
	tag      byte
	flags    uint16
}

// poll subscribes to what subs has, whose first 8 bytes are set to their index, and returns the events.
func (w *wasiTest) poll(subs ...[]byte) (wasiErrno, []event) {
	const in, out, count = 0, 4096, 60000
	for i, s := range subs {
		binary.LittleEndian.PutUint64(s, uint64(i))
		w.memory.Write(uint32(in+i*subscriptionSize), s)
	}
	errno := w.run("poll_oneoff", in, out, uint64(len(subs)), count)
	if errno != wasiSuccess {
		return errno, nil
	}
	n, _ := w.memory.ReadUint32Le(count)
	var events []event
	for i := range n {
		b, _ := w.memory.Read(out+i*eventSize, eventSize)
		events = append(events, event{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:]), b[10], binary.LittleEndian.Uint16(b[24:])})
	}
	return errno, events
}

func clockSubscription(clock uint32, timeout uint64, flags uint16) []byte {
	s := make([]byte, subscriptionSize)
	s[8] = tagClock
	binary.LittleEndian.PutUint32(s[16:], clock)
	binary.LittleEndian.PutUint64(s[24:], timeout)
	binary.LittleEndian.PutUint16(s[40:], flags)
	return s
}

func descriptorSubscription(tag byte, fd uint32) []byte {
	s := make([]byte, subscriptionSize)
	s[8] = tag
	binary.LittleEndian.PutUint32(s[16:], fd)
	return s
}

func TestPoll(t *testing.T) {
	t.Parallel()
	const second = uint64(time.Second)
	tests := []struct {
		name  string
		subs  func(now uint64) [][]byte
		errno wasiErrno
		slept time.Duration
		want  []event
	}{
		{"shortest timer", func(uint64) [][]byte {
			return [][]byte{clockSubscription(clockMonotonic, 3*second, 0), clockSubscription(clockRealtime, 2*second, 0)}
		}, wasiSuccess, 2 * time.Second, []event{{userdata: 1}}},
		{"timers at the same time", func(uint64) [][]byte {
			return [][]byte{clockSubscription(clockMonotonic, second, 0), clockSubscription(clockMonotonic, second, 0)}
		}, wasiSuccess, time.Second, []event{{userdata: 0}, {userdata: 1}}},
		{"at a time", func(now uint64) [][]byte {
			return [][]byte{clockSubscription(clockMonotonic, now+5*second, 1)}
		}, wasiSuccess, 5 * time.Second, []event{{}}},
		{"at a time that has been", func(uint64) [][]byte {
			return [][]byte{clockSubscription(clockRealtime, 1, 1)}
		}, wasiSuccess, 0, []event{{}}},
		{"descriptors before timers", func(uint64) [][]byte {
			return [][]byte{clockSubscription(clockMonotonic, second, 0), descriptorSubscription(tagRead, fdStdin),
				descriptorSubscription(tagWrite, fdStdout), descriptorSubscription(tagRead, fdStdout), descriptorSubscription(tagWrite, 7)}
		}, wasiSuccess, 0, []event{{1, 0, tagRead, 1}, {2, 0, tagWrite, 0}, {3, 8, tagRead, 0}, {4, 8, tagWrite, 0}}},
		{"unknown clock", func(uint64) [][]byte { return [][]byte{clockSubscription(2, second, 0)} }, wasiInval, 0, nil},
		{"unknown flags", func(uint64) [][]byte { return [][]byte{clockSubscription(clockMonotonic, second, 2)} }, wasiInval, 0, nil},
		{"unknown tag", func(uint64) [][]byte { return [][]byte{descriptorSubscription(3, 0)} }, wasiInval, 0, nil},
		{"nothing", func(uint64) [][]byte { return nil }, wasiInval, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWASITest(t)
				now, _ := w.call.clock.read(clockMonotonic)
				start := time.Now()
				errno, events := w.poll(tt.subs(now)...)
				if errno != tt.errno || !slices.Equal(events, tt.want) {
					t.Errorf("got errno %d and events %+v, want %d and %+v", errno, events, tt.errno, tt.want)
				}
				if slept := time.Since(start); slept.Round(time.Millisecond) != tt.slept {
					t.Errorf("slept %v, want %v", slept, tt.slept)
				}
			})
		})
	}
}

func TestPoll_Errnos(t *testing.T) {
	t.Parallel()
	w := newWASITest(t)
	w.want(wasiInval, "poll_oneoff", 0, 0, maxSubscriptions+1, 0)
	w.want(wasiFault, "poll_oneoff", outside, 0, 1, 0)
	w.memory.Write(0, descriptorSubscription(tagRead, fdStdin))
	w.want(wasiFault, "poll_oneoff", 0, outside, 1, 0)
	w.want(wasiFault, "poll_oneoff", 0, 0, 1, outside)
}

func TestPoll_StopsWithTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWASITest(t)
		ctx, cancel := context.WithTimeout(w.call.Context, time.Second)
		defer cancel()
		w.call.Context = ctx
		start := time.Now()
		defer func() {
			if r := recover(); r != errStopped || time.Since(start) != time.Second {
				t.Errorf("stopped with %v after %v, want %v after a second", r, time.Since(start), errStopped)
			}
		}()
		w.poll(clockSubscription(clockMonotonic, math.MaxUint64, 0))
		t.Error("poll_oneoff returned")
	})
}

func TestJournal_LastWords(t *testing.T) {
	t.Parallel()
	j := newJournal(nil, 0) // without a quota for lines: faults have their own
	j.write(&j.stderr, []byte("early\npanic: \x1b[1mboom\n\nat "))
	j.write(&j.stdout, []byte("other\n"))
	j.write(&j.stderr, []byte("x"))
	j.endLines()
	if got, reason := j.words.Text(), j.words.Reason(); got != "panic: [1mboom\nother\nat x\n" || reason != "panic: [1mboom\n" {
		t.Errorf("kept %q, reason %q", got, reason)
	}
}

func TestJournal_StaysFull(t *testing.T) {
	t.Parallel()
	var logs records
	j := newJournal(logs.log, 10)
	j.write(&j.stdout, []byte("short\nlonger than what is left\nx\n"))
	if len(logs) != 1 || j.dropped != 2 {
		t.Errorf("%d lines passed on and %d dropped, want 1 and 2: a line after one that is missing misleads", len(logs), j.dropped)
	}
}
