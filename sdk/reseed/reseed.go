// Package reseed gives the random numbers of Go's runtime a fresh start in every call of a guest.
//
// Connector authors need not use this package: package sdk does so before every call. A guest that is written
// without package sdk calls [Now] first thing in its patchbay_invoke.
//
// A host may begin each call with the memory that the guest had once it was initialized, so that no call sees
// what another left. A generator of random numbers is part of that memory: unless something is done, every call
// draws the same ones. crypto/rand asks the host each time. The top-level functions of math/rand and
// math/rand/v2, [hash/maphash.MakeSeed] and the order of a map's keys all come from one generator of the
// runtime, which takes its seed when the program starts, and for which there is no function to seed it again.
//
// This package therefore looks for the generator's state in the guest's memory, once, while the guest is
// initialized, and from then on writes a new seed into it. See state.go for how it makes sure that what it
// writes to is the generator. Where it finds none, as may happen with a Go that is newer than this package,
// [Works] says so and nothing is ever written.
//
// What has drawn its numbers at initialization keeps them: a rand.New of the guest's own, the hash of a map that
// is made there. So does the order in which a select tries its cases, which has a generator of its own.
package reseed

// generator is the runtime's. It is nil where there is one process a guest, and so a seed for each: there is
// nothing to do then.
var generator *state

// Now lets the runtime's generator go on from 32 bytes of the host's randomness. It costs one call of random_get,
// and does nothing on any system but wasip1. Not for use by several goroutines at a time.
//
// It panics if the host has no random bytes, as crypto/rand does: numbers that repeat unseen are worse.
func Now() {
	if generator != nil {
		generator.use(fresh())
	}
}

// Works reports whether the generator was found. It is false on any system but wasip1.
func Works() bool { return generator != nil }
