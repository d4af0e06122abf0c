package sandbox

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	seeded "math/rand/v2"
	"time"

	"patchbay/host/internal/guest"
)

// clock is what one call sees of time and chance.
type clock struct {
	born   time.Time // where the monotonic clock begins
	fixed  bool      // both clocks stand still but for what the guest sleeps
	now    time.Time // real time of a fixed clock
	since  time.Duration
	asleep time.Duration // what the guest has slept
	random io.Reader
}

// What fixed monotonic clocks show. A guest may remember what it read while it started, so that whatever its
// calls read must be later, whichever of the two was fixed.
const (
	fixedStart = time.Hour
	fixedCall  = 24 * time.Hour
)

// startClock is the clock of the guest's start.
func (p *Program) startClock() clock {
	c := p.clock(p.world)
	c.since = fixedStart
	return c
}

// clock is the clock of a call.
func (p *Program) clock(w *guest.World) clock {
	if w == nil {
		born := p.born
		if p.world != nil {
			born = born.Add(-2 * fixedStart)
		}
		return clock{born: born, random: rand.Reader}
	}
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], w.Seed)
	return clock{fixed: true, now: w.Now, since: fixedCall, random: seeded.NewChaCha8(seed)}
}

// read reads a clock in nanoseconds. The monotonic one begins with the program, to say nothing of the host, and
// is never zero, which Go's runtime takes for a clock that stands still.
func (c *clock) read(id uint32) (uint64, bool) {
	switch id {
	case clockRealtime:
		if c.fixed {
			return uint64(c.now.Add(c.asleep).UnixNano()), true
		}
		return uint64(time.Now().UnixNano()), true
	case clockMonotonic:
		if c.fixed {
			return uint64(c.since + c.asleep), true
		}
		return uint64(time.Since(c.born)) + 1, true
	}
	return 0, false
}
