package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

var (
	errStopped   = errors.New("stopped in host function")  // what a host function panics with when the time is over
	errOverslept = errors.New("slept past the wall limit") // and when a clock that stands still would be past it
)

// exit is what proc_exit panics with.
type exit struct{ code uint32 }

func (e *exit) Error() string { return fmt.Sprintf("exit %d", e.code) }

// fault says what became of a guest whose function returned err.
func (p *Program) fault(c *call, err error) *abi.Fault {
	c.journal.endLines()
	var exited *exit
	switch {
	case errors.Is(err, errStopped):
		return c.attach(guest.StopFault(c, c.limits))
	case errors.Is(err, errOverslept):
		return c.attach(guest.WallFault(c.limits))
	case errors.Is(err, errFuel):
		return c.attach(abi.Faultf(abi.LimitExceeded, "the guest used up its fuel, its limit is %d units: do less in one call, or page", c.limits.Fuel))
	case !errors.As(err, &exited) && !isTrap(err):
		p.logger.Error("host function panicked", "err", err)
		return guest.DefectFault()
	case c.exhausted():
		return c.blame(abi.LimitExceeded, fmt.Sprintf("the guest ran out of memory, its limit is %d bytes: work on less at a time", c.limits.Memory))
	case exited != nil:
		return c.blame(abi.Internal, fmt.Sprintf("the guest ended itself with exit code %d", exited.code))
	}
	return c.blame(abi.Internal, "the guest trapped: "+p.describeTrap(err))
}

// blame makes a fault out of a guest's failure and, if it has printed one, its own reason.
func (c *call) blame(code abi.Code, message string) *abi.Fault {
	if reason := strings.TrimSuffix(c.journal.words.Reason(), "\n"); reason != "" {
		message += ": " + guest.Shorten(reason)
	}
	return c.attach(&abi.Fault{Code: code, Message: message})
}

// attach puts what the guest has printed last into the fault's details.
func (c *call) attach(f *abi.Fault) *abi.Fault {
	if printed := strings.ToValidUTF8(c.journal.words.Text(), ""); printed != "" {
		f.Details, _ = json.Marshal(map[string]string{"stderr": printed}) // a map of strings always encodes
	}
	return f
}

// exhausted reports whether the guest failed for want of memory. WebAssembly has no trap for it: a guest
// whose memory cannot grow is told so and gives up in its own way.
func (c *call) exhausted() bool {
	return c.instance.memory.Refused()
}

// isTrap tells the guest's failures from what a host function panics with. wazero does not export the
// type of its traps, only how their text begins.
func isTrap(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "wasm error: ") || text == "stack overflow"
}

// describeTrap returns "unreachable in main.send" for an error of wazero, which has the trap in its first
// line and the frames beneath "wasm stack trace:", each as "module.function(parameters) results". Hardened
// modules have no names of their own; those of the raw one were kept aside.
func (p *Program) describeTrap(err error) string {
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		text = cause.Error()
	}
	reason, _, _ := strings.Cut(text, "\n")
	if _, stack, ok := strings.Cut(err.Error(), "wasm stack trace:\n\t"); ok {
		frame, _, _ := strings.Cut(stack, "\n")
		reason += " in " + p.functionOf(frame)
	}
	return guest.Shorten(guest.Printable(reason))
}

// functionOf names the function of a frame, which has its index, as "$12".
func (p *Program) functionOf(frame string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(frame, "."), "(")
	index, err := strconv.ParseUint(strings.TrimPrefix(name, "$"), 10, 32)
	if err != nil {
		return name // of a host function
	}
	if name := p.hardened.FunctionName(uint32(index)); name != "" {
		return name
	}
	return fmt.Sprintf("function %d", index-1) // of the raw module, which has one import less
}
