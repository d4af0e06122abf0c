package guest

import (
	"context"
	"errors"

	"patchbay/abi"
)

// ErrWall is the cause of the context of a call whose Limits.Wall is over, by which [StopFault] tells it from a
// deadline of the caller's.
var ErrWall = errors.New("wall limit reached")

// ErrClosed is matched by what an engine's Load returns after its Close.
var ErrClosed = errors.New("engine is closed")

// StopFault says why a call with these limits had to stop, whose context ctx is done.
func StopFault(ctx context.Context, limits abi.Limits) *abi.Fault {
	switch {
	case errors.Is(context.Cause(ctx), ErrWall):
		return WallFault(limits)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return abi.Faultf(abi.Timeout, "the call did not end before its caller's deadline")
	}
	return abi.Faultf(abi.Canceled, "the call was cancelled by its caller")
}

// WallFault is for a call that has reached its wall limit.
func WallFault(limits abi.Limits) *abi.Fault {
	return abi.Faultf(abi.Timeout, "the call did not end within its wall limit of %v", limits.Wall)
}

// ClosedFault is for a call of a program that is closed.
func ClosedFault() *abi.Fault {
	return abi.Faultf(abi.Unavailable, "the program is closed, load it again")
}

// DefectFault is for a call that a defect of ours has ended. What it is belongs in the log: a caller learns
// nothing about the host.
func DefectFault() *abi.Fault {
	return abi.Faultf(abi.Internal, "the host has a defect, its log says more")
}

// MalformedFault is for a call that no guest can be given.
func MalformedFault(err error) *abi.Fault {
	return abi.Faultf(abi.Internal, "the host made a malformed call: %v", err)
}
