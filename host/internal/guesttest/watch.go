package guesttest

import (
	"runtime"
	"sync"
	"time"
)

// watch looks on while attacks run. One goroutine wakes up every millisecond and notes how long it had to wait
// for its turn, one collects garbage, for which the world has to stop, and one reads how much memory this process
// and its children have.
type watch struct {
	done chan struct{}
	wg   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	pause  time.Duration
	before int64 // bytes at the last reset
	peak   int64
}

func startWatch() *watch {
	w := &watch{done: make(chan struct{})}
	last := time.Now()
	w.every(time.Millisecond, func() {
		now := time.Now()
		w.mu.Lock()
		w.pause = max(w.pause, now.Sub(last)-time.Millisecond)
		w.mu.Unlock()
		last = now
	})
	w.every(50*time.Millisecond, runtime.GC)
	w.every(20*time.Millisecond, func() { w.sample(resident()) })
	return w
}

// every runs f in a goroutine of its own at every tick, until the watch ends.
func (w *watch) every(d time.Duration, f func()) {
	w.wg.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				f()
			case <-w.done:
				return
			}
		}
	})
}

func (w *watch) sample(bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peak = max(w.peak, bytes)
}

// reset forgets what was.
func (w *watch) reset() {
	now := resident()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pause, w.before, w.peak = 0, now, now
}

// worst returns the longest pause and how much memory rose since the last reset.
func (w *watch) worst() (time.Duration, int64) {
	w.sample(resident())
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pause, w.peak - w.before
}

func (w *watch) stop() {
	close(w.done)
	w.wg.Wait()
}
