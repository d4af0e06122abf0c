package sdk

import (
	"encoding/json"
	"runtime"

	"patchbay/abi"
)

// Prime names a type that handlers encode or decode by themselves: types that you decode from responses, send as
// bodies, keep in a cursor or a state. The types of an operation's registration need not be named.
//
// encoding/json learns a type where it first meets it, which takes longer than to read a document of that type. A
// host may have the guest describe itself and begin every call with the memory that this leaves; the types named
// here are learned by then, and not in every call again. None of their methods is called. A type that is not named
// works as well.
func Prime[T any](c *Connector) { c.primes = append(c.primes, []T(nil)) }

// common is what most calls encode and decode, whatever their operation.
type common struct {
	Request  abi.Request
	Response abi.Response
	Record   abi.LogRecord
	Object   map[string]any // JSON of any shape
	List     []any
	Number   json.Number
	Float    float64
	Bool     bool
	Texts    map[string]string
	Counts   map[string]int // details of a fault
}

// prime fills what is the same in every call, without a handler: what encoding/json knows of the types. To make the
// encoder of a slice, it makes those of all types within, and decoding a struct uses what its encoder knows of the
// fields; yet nil slices have no element on which a method of the author's could be called.
//
// The garbage of that and of the initialization is collected at last. Calls begin with the room that it took, where
// they would have to grow the memory, and are that much further from a collection of their own.
func (c *Connector) prime() {
	for _, slice := range append(c.primes, []common(nil)) {
		_, _ = json.Marshal(slice)
	}
	runtime.GC()
}
