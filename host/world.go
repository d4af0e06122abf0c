package host

import (
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"patchbay/host/internal/guest"
)

// World is what guests see of time and chance in a host where calls have to come out the same every time: clocks
// that stand still, but for what a guest sleeps, and random numbers from a seed. Each call begins in the same world.
type World = guest.World

// ids makes the ids of calls: 26 letters and digits, whatever they are made from, because a guest computes as long as
// its id is.
type ids struct {
	counted bool
	last    atomic.Uint64
}

func (i *ids) next() string {
	if i.counted {
		return fmt.Sprintf("%026d", i.last.Add(1))
	}
	return rand.Text()
}

// jitter chooses waits between tries: in a fixed world the longest, which leaves nothing to chance.
func (c Config) jitter() func(most time.Duration) time.Duration {
	if c.World == nil {
		return nil
	}
	return func(most time.Duration) time.Duration { return most }
}
