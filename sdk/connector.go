package sdk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"patchbay/abi"
)

// Connector is the set of operations that a guest offers. Make one with [New], register operations with
// [Action], [PagedAction], [Trigger], [Options], [Schema] and [Test], then hand it to [Serve].
//
// A mistake in the registration (a name used twice, an operation registered after Serve) does not panic,
// since a guest that panics while it starts has nobody to tell. It is kept, and every call answers an
// internal fault that lists all such mistakes.
type Connector struct {
	operations map[abi.Operation]handler
	primes     []any // a nil slice of each type, see Prime
	primed     sync.Once
	mistakes   []error
	served     bool
}

// handler runs one operation and gives its result; an error becomes a fault or a pending result.
type handler func(*Call) (abi.Result, error)

// New returns a connector without operations.
func New() *Connector {
	return &Connector{operations: map[abi.Operation]handler{}}
}

// serving is the connector that the exported patchbay_invoke runs. A WebAssembly export is a plain
// function, so this cannot be a parameter.
var serving *Connector

// Serve makes c the connector that this guest runs. Call it once, from init: a WASI reactor never runs main.
// Outside WebAssembly it only ends the registration, so that package main can be tested as it is.
func Serve(c *Connector) {
	if serving != nil {
		serving.mistake("serve called twice: a guest has one connector")
		c.mistake("serve called twice: a guest has one connector")
	}
	serving, c.served = c, true
}

func (c *Connector) mistake(format string, args ...any) {
	c.mistakes = append(c.mistakes, fmt.Errorf(format, args...))
}

func (c *Connector) register(kind abi.Kind, name string, h handler) {
	op := abi.Operation{Kind: kind, Name: name}
	switch {
	case c.served:
		c.mistake("%s %q registered after Serve: register it before", kind, name)
	case name == "":
		c.mistake("%s registered without a name", kind)
	case c.operations[op] != nil:
		c.mistake("%s %q registered twice: give one of them another name", kind, name)
	default:
		c.operations[op] = h
	}
}

// err tells all mistakes of the registration.
func (c *Connector) err() error { return errors.Join(c.mistakes...) }

// sorted lists the operations by kind and name.
func (c *Connector) sorted() []abi.Operation {
	ops := make([]abi.Operation, 0, len(c.operations))
	for op := range c.operations {
		ops = append(ops, op)
	}
	slices.SortFunc(ops, func(a, b abi.Operation) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return ops
}
