package sandbox

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"patchbay/wasm"
)

// slice is the fuel that a guest gets at a time, about a tenth of a millisecond's worth: so often the host looks at
// the clock, and so long the rest of the process may have to wait for a guest before it can collect garbage. Only a
// bulk operation is longer, which is not divided: filling 64 MiB takes some 20 ms.
const slice = 1 << 20

var errFuel = errors.New("fuel limit reached") // what a guest is stopped with that has used its fuel up

// meter hands out the fuel of one call. A hardened guest counts its global down as it goes and calls tick when
// that is below zero; what it is short of then is taken from the next slice, so that the sum does not depend on
// how it was sliced.
type meter struct {
	global api.MutableGlobal // nil before there is an instance
	limit  int64
	left   int64 // not handed out
}

func newMeter(limit int64) meter { return meter{limit: limit, left: limit} }

// attach makes global the one that counts, with a first slice.
func (m *meter) attach(global api.MutableGlobal) {
	m.global = global
	m.hand(0)
}

// hand sets the global to a slice, less what the guest is short of.
func (m *meter) hand(short int64) {
	n := min(slice, m.left-short)
	m.left -= n + short
	m.global.Set(uint64(n))
}

// refill reports whether there is fuel to go on with.
func (m *meter) refill() bool {
	short := -int64(m.global.Get())
	if short > m.left {
		m.left, m.global = 0, nil
		return false
	}
	m.hand(short)
	return true
}

// charge takes what a host function is about to do off the guest's fuel, and reports whether there was enough.
func (m *meter) charge(units int64) bool {
	if m.global == nil {
		return true // a guest that has ended, or a test without one
	}
	left := int64(m.global.Get()) - units
	m.global.Set(uint64(left))
	return left >= 0 || m.refill()
}

// used returns what the guest has used so far.
func (m *meter) used() int64 {
	if m.global == nil {
		return m.limit - m.left
	}
	return min(m.limit, m.limit-m.left-int64(m.global.Get()))
}

// Units that host functions cost: about as long as the host works for them.
const (
	fuelCall    = 1000 // of any host function
	fuelCopy    = 1    // of a byte that is copied
	fuelRead    = 20   // of a byte of a request, which is copied and parsed
	fuelPrint   = 20   // of a byte that is printed
	fuelRandom  = 10   // of a random byte
	fuelPending = 500  // of a thing that is waited for
)

// pay charges for what a host function is about to do n times, and stops a guest that cannot pay.
func (c *call) pay(units int64, n int) {
	if !c.meter.charge(units * int64(n)) {
		panic(errFuel)
	}
}

// tick is the function that guests call when they are out of fuel.
func tick(ctx context.Context, _ api.Module, _ []uint64) {
	c := enter(ctx)
	if !c.meter.refill() {
		panic(errFuel)
	}
}

func linkMeter(ctx context.Context, r wazero.Runtime) error {
	_, err := r.NewHostModuleBuilder(wasm.MeterModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(tick), nil, nil).Export(wasm.MeterTick).
		Instantiate(ctx)
	return err
}
