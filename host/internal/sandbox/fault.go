package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"patchbay/abi"
	"patchbay/wasm"
)

var (
	errWall    = errors.New("wall limit reached")       // cause of a context that our own timer ended
	errStopped = errors.New("stopped in host function") // what a host function panics with when the time is over
)

// exit is what proc_exit panics with.
type exit struct{ code uint32 }

func (e *exit) Error() string { return fmt.Sprintf("exit %d", e.code) }

// fault says what became of a guest whose function returned err. instance is nil if there is none.
func (p *Program) fault(ctx context.Context, c *call, instance api.Module, err error) *abi.Fault {
	c.journal.endLines()
	var exited *exit
	var closed *sys.ExitError // wazero's, at the end of the context only: our proc_exit has its own
	switch {
	case errors.Is(err, errStopped), errors.As(err, &closed):
		return c.attach(stopFault(ctx, p.limits))
	case !errors.As(err, &exited) && !isTrap(err):
		p.logger.Error("host function panicked", "err", err)
		return abi.Faultf(abi.Internal, "the host has a defect, its log says more")
	case c.exhausted(instance):
		return c.blame(abi.LimitExceeded, fmt.Sprintf("the guest ran out of memory, its limit is %d bytes: work on less at a time", p.limits.Memory))
	case exited != nil:
		return c.blame(abi.Internal, fmt.Sprintf("the guest ended itself with exit code %d", exited.code))
	}
	return c.blame(abi.Internal, "the guest trapped: "+describeTrap(err))
}

// stopFault says why a call had to stop.
func stopFault(ctx context.Context, limits abi.Limits) *abi.Fault {
	switch {
	case errors.Is(context.Cause(ctx), errWall):
		return abi.Faultf(abi.Timeout, "the call did not end within its wall limit of %v", limits.Wall)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return abi.Faultf(abi.Timeout, "the call did not end before its caller's deadline")
	}
	return abi.Faultf(abi.Canceled, "the call was cancelled by its caller")
}

// blame makes a fault out of a guest's failure and, if it has printed one, its own reason.
func (c *call) blame(code abi.Code, message string) *abi.Fault {
	if c.journal.reason != "" {
		message += ": " + c.journal.reason
	}
	return c.attach(&abi.Fault{Code: code, Message: message})
}

// attach puts what the guest has printed last into the fault's details.
func (c *call) attach(f *abi.Fault) *abi.Fault {
	if printed := strings.ToValidUTF8(string(c.journal.printed), ""); printed != "" {
		f.Details, _ = json.Marshal(map[string]string{"stderr": printed}) // a map of strings always encodes
	}
	return f
}

// exhausted reports whether the guest failed for want of memory. WebAssembly has no trap for it: a guest
// whose memory cannot grow is told so and gives up in its own way, which Go and Rust announce. Of others a
// memory that has grown until no page was to spare is the sign.
func (c *call) exhausted(instance api.Module) bool {
	reason := c.journal.reason
	if strings.HasPrefix(reason, outOfMemory) || strings.Contains(reason, ": out of memory") {
		return true
	}
	if instance == nil {
		return false
	}
	memory := instance.Memory()
	grown := memory.Size()/wasm.PageSize > memory.Definition().Min()
	return grown && int64(memory.Size())+wasm.PageSize > c.limits.Memory
}

// isTrap tells the guest's failures from what a host function panics with. wazero does not export the
// type of its traps, only how their text begins.
func isTrap(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "wasm error: ") || text == "stack overflow"
}

// describeTrap returns "unreachable in main.send" for an error of wazero, which has the trap in its first
// line and the frames beneath "wasm stack trace:", each as "module.function(parameters) results". Where the
// module has no names a frame has the function's index, as "$12".
func describeTrap(err error) string {
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		text = cause.Error()
	}
	reason, _, _ := strings.Cut(text, "\n")
	if _, stack, ok := strings.Cut(err.Error(), "wasm stack trace:\n\t"); ok {
		frame, _, _ := strings.Cut(stack, "\n")
		reason += " in " + functionOf(frame)
	}
	return shorten(printable(reason))
}

func functionOf(frame string) string {
	name := strings.TrimPrefix(frame, ".")
	if i := strings.LastIndex(name, "("); i >= 0 {
		name = strings.TrimSuffix(name[:i], " ")
		if strings.HasSuffix(name, ")") { // those were several results
			name = name[:strings.LastIndex(name, "(")]
		}
	}
	if index, ok := strings.CutPrefix(name, "$"); ok {
		return "function " + index
	}
	return name
}

// shorten bounds what a guest can put into a message.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
