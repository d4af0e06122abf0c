package worker

import (
	"fmt"
	"time"
)

// consumption is what a process uses of the machine, as the kernel counts it and not as the process says.
type consumption struct {
	threads int
	memory  int64         // bytes: resident, shared ones included, and in open memory files
	hidden  int           // memory files that are mapped but not open, and whose size nobody is told
	cpu     time.Duration // of processor time so far
}

// oversight says how often processes are looked at, and how much processor time one may use within a span in which
// it runs no call, and so has next to nothing to do.
type oversight struct{ every, idleCPU, idleSpan time.Duration }

var defaultOversight = oversight{every: time.Second, idleCPU: 5 * time.Second, idleSpan: 10 * time.Second}

// oversee holds a process to bounds that nothing within it does, until it has ended.
func (w *worker) oversee() {
	e := w.program.engine
	tick := time.NewTicker(e.oversight.every)
	defer tick.Stop()
	idle := idleness{oversight: e.oversight}
	for {
		select {
		case <-w.process.exited:
			return
		case now := <-tick.C:
			used, err := consumptionOf(w.process.cmd.Process.Pid)
			if err != nil {
				continue // it is gone, or this operating system does not tell
			}
			if why := e.cfg.excess(used); why != "" {
				w.kill(why)
			}
			if begun, busy := w.program.activity(w); idle.burns(now, used.cpu, begun, busy) {
				w.kill(fmt.Sprintf("it used more than %v of processor time without a call", e.oversight.idleCPU))
			}
		}
	}
}

// maxHidden is how many memory files may be hidden: our own child closes an image at the end of a start, no others.
const maxHidden = 8

// excess says which bound is exceeded, if one is.
func (c Config) excess(used consumption) string {
	switch {
	case used.threads > c.MaxThreads:
		return fmt.Sprintf("it used %d threads, at most %d are allowed", used.threads, c.MaxThreads)
	case used.memory > c.MaxMemory:
		return fmt.Sprintf("it used %d bytes of memory, at most %d are allowed", used.memory, c.MaxMemory)
	case used.hidden > maxHidden:
		return fmt.Sprintf("it used %d memory files that it does not have open, at most %d are allowed", used.hidden, maxHidden)
	}
	return ""
}

// idleness is since when a process has had no call, for a span at most, and what it had used by then.
type idleness struct {
	oversight
	since time.Time
	cpu   time.Duration
	begun uint64 // calls
}

func (i *idleness) burns(now time.Time, cpu time.Duration, begun uint64, busy bool) bool {
	if busy || begun != i.begun || now.Sub(i.since) > i.idleSpan {
		i.since, i.cpu, i.begun = now, cpu, begun
		return false
	}
	return cpu-i.cpu > i.idleCPU
}
