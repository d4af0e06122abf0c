package manifest

import (
	"time"

	"patchbay/abi"
)

// The most that a manifest may ask for.
const (
	maxMemory       = 256 << 20
	maxWall         = 300 * time.Second
	maxRequestBody  = 100 << 20
	maxResponseBody = 200 << 20
	maxOutput       = 64 << 20
	maxLog          = 1 << 20
)

// Apply returns the limits of a call: what l asks for, or the default where it asks for nothing, and never more
// than ceiling, whose own zero fields are the defaults too. With the zero ceiling a manifest can only ask for
// less; an admin's consent to more is a higher ceiling.
func (l Limits) Apply(ceiling abi.Limits) abi.Limits {
	ceiling = ceiling.WithDefaults()
	asked := abi.Limits{
		Memory: int64(l.Memory), Wall: time.Duration(l.Wall), Fuel: l.Fuel, HTTPCalls: l.HTTPCalls, HostCalls: l.HostCalls,
		RequestBody: int64(l.RequestBody), ResponseBody: int64(l.ResponseBody), Output: int64(l.Output), Log: int64(l.Log),
	}.WithDefaults()
	return abi.Limits{
		Memory:       min(asked.Memory, ceiling.Memory),
		Wall:         min(asked.Wall, ceiling.Wall),
		Fuel:         min(asked.Fuel, ceiling.Fuel),
		HTTPCalls:    min(asked.HTTPCalls, ceiling.HTTPCalls),
		HostCalls:    min(asked.HostCalls, ceiling.HostCalls),
		RequestBody:  min(asked.RequestBody, ceiling.RequestBody),
		ResponseBody: min(asked.ResponseBody, ceiling.ResponseBody),
		Output:       min(asked.Output, ceiling.Output),
		Log:          min(asked.Log, ceiling.Log),
	}
}

// Within returns l with every field that it leaves open taken from outer: an operation's limits within its
// manifest's.
func (l Limits) Within(outer Limits) Limits {
	or(&l.Memory, outer.Memory)
	or(&l.Wall, outer.Wall)
	or(&l.Fuel, outer.Fuel)
	or(&l.HTTPCalls, outer.HTTPCalls)
	or(&l.HostCalls, outer.HostCalls)
	or(&l.RequestBody, outer.RequestBody)
	or(&l.ResponseBody, outer.ResponseBody)
	or(&l.Output, outer.Output)
	or(&l.Log, outer.Log)
	return l
}

func or[T comparable](field *T, other T) {
	var zero T
	if *field == zero {
		*field = other
	}
}
