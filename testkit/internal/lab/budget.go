package lab

import "fmt"

// What all calls of a lab may cost together: a bundle's author decides how many there are and what each does, and whoever
// certifies it must come to an end. The largest connectors take a twentieth of it.
const (
	mostCalls = 100_000
	mostFuel  = 2_000_000_000_000 // some three minutes of a core
	mostKept  = 512 << 20         // bytes of what calls sent and said, which rules look at later
)

// budget is what has been used of it, by a lab and by those that are closed with it.
type budget struct {
	calls      int
	fuel, kept int64
}

// Spent is the error of a lab that has no budget left, in which no call is made any more; nil while there is some.
func (l *Lab) Spent() error {
	switch b := l.opts.budget; {
	case b.calls >= l.opts.Calls:
		return fmt.Errorf("its cases, with everything that can go wrong in them, make more than %d calls: leave out those that show nothing new", l.opts.Calls)
	case b.fuel >= mostFuel:
		return fmt.Errorf("its cases, with everything that can go wrong in them, take more than %d units of guest code: let calls do less, or leave out cases", mostFuel)
	case b.kept >= mostKept:
		return fmt.Errorf("its cases, with everything that can go wrong in them, send and return more than %d MiB: record shorter answers", mostKept>>20)
	}
	return nil
}

// spend counts a call, and what is kept of it.
func (b *budget) spend(t *Trace) {
	b.calls++
	b.fuel += t.Usage.Fuel
	b.kept += int64(len(t.Output) + len(t.Logs) + len(t.Said))
	for _, r := range t.Requests {
		b.kept += int64(len(r.Body))
	}
}
