package sandbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// Layout of a subscription and an event of poll_oneoff, in bytes.
const (
	subscriptionSize = 48 // userdata 8, tag 1 at 8, clock or descriptor at 16
	eventSize        = 32 // userdata 8, errno 2 at 8, tag 1 at 10, bytes 8 at 16, flags 2 at 24
)

const maxSubscriptions = 1024

// Tags of subscriptions and events.
const (
	tagClock = iota
	tagRead
	tagWrite
)

// subscription is what a guest waits for.
type subscription struct {
	userdata []byte
	tag      byte
	errno    wasiErrno
	wait     time.Duration // until it happens; 0 for descriptors, which are always ready
	hangup   bool          // standard input is at its end
}

// poll is poll_oneoff: it sleeps until the first of the things happens that the guest waits for. It is how
// the standard libraries sleep. The sleep ends with the call's time, and so does the call.
func poll(_ context.Context, c *call, memory api.Memory, args []uint64) wasiErrno {
	in, out, n := uint32(args[0]), uint32(args[1]), uint32(args[2])
	if n == 0 || n > maxSubscriptions {
		return wasiInval
	}
	view, ok := memory.Read(in, n*subscriptionSize)
	if !ok {
		return wasiFault
	}
	c.pay(fuelPending, int(n))
	data := bytes.Clone(view) // events may be written over it
	subscriptions := make([]subscription, 0, n)
	first := time.Duration(math.MaxInt64)
	for ; len(data) > 0; data = data[subscriptionSize:] {
		s, errno := c.subscription(data[:subscriptionSize])
		if errno != wasiSuccess {
			return errno
		}
		first = min(first, s.wait)
		subscriptions = append(subscriptions, s)
	}
	c.sleep(first)
	var events []byte
	for _, s := range subscriptions {
		if s.wait <= first {
			events = append(events, s.event()...)
		}
	}
	if !memory.Write(out, events) || !memory.WriteUint32Le(uint32(args[3]), uint32(len(events)/eventSize)) {
		return wasiFault
	}
	return wasiSuccess
}

func (c *call) subscription(data []byte) (subscription, wasiErrno) {
	s := subscription{userdata: data[:8], tag: data[8]}
	fd := binary.LittleEndian.Uint32(data[16:])
	switch s.tag {
	case tagClock:
		var errno wasiErrno
		s.wait, errno = c.timeout(data[16:])
		return s, errno
	case tagRead:
		s.hangup = fd == fdStdin
		if fd != fdStdin {
			s.errno = wasiBadf
		}
	case tagWrite:
		if fd != fdStdout && fd != fdStderr {
			s.errno = wasiBadf
		}
	default:
		return s, wasiInval
	}
	return s, wasiSuccess
}

// timeout reads a subscription to a clock: id 4, timeout 8 at 8, precision 8, flags 2 at 24.
func (c *call) timeout(data []byte) (time.Duration, wasiErrno) {
	const absolute = 1
	now, ok := c.clock.read(binary.LittleEndian.Uint32(data))
	flags := binary.LittleEndian.Uint16(data[24:])
	if !ok || flags > absolute {
		return 0, wasiInval
	}
	timeout := binary.LittleEndian.Uint64(data[8:])
	if flags == absolute {
		timeout -= min(timeout, now)
	}
	return time.Duration(min(timeout, math.MaxInt64)), wasiSuccess
}

func (s *subscription) event() []byte {
	event := make([]byte, eventSize)
	copy(event, s.userdata)
	event[8] = byte(s.errno)
	event[10] = s.tag
	if s.hangup {
		event[24] = 1
	}
	return event
}

// sleep waits for d or, if that is over first, ends the call. Where the clock stands still, sleep moves it
// instead, and a guest that would oversleep its time is stopped at once.
func (c *call) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	if c.clock.fixed {
		left := c.limits.Wall - c.clock.asleep
		c.clock.asleep += min(d, left)
		if d > left {
			panic(errOverslept)
		}
		return
	}
	defer func(began time.Time) { c.clock.asleep += time.Since(began) }(time.Now())
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.Done():
		panic(errStopped)
	}
}
