package reseed

import (
	"math/rand/v2"
	"unsafe"
)

// state is laid out as internal/chacha8rand.State, of which the runtime has one for every thread. WebAssembly
// has one thread, whose record is a variable of the runtime, m0, in the memory for variables that are zero at first.
type state struct {
	buf  [words]uint64 // what is drawn next
	seed [4]uint64     // what buf was made from
	i, n uint32        // buf[i:n] has not been drawn yet
	c    uint32        // the cipher's counter when buf was made
}

// From chacha8rand: a seed makes buf four times, counting in steps of 4, and the last four words of the last one
// are the seed that comes next.
const (
	words   = 32
	kept    = words - 4
	counted = 12
)

// use makes the numbers that are drawn from now on those of rand.NewChaCha8(seed): the state becomes one that the
// generator has by itself, when all is drawn and it is about to go on from its next seed.
func (s *state) use(seed [32]byte) {
	*(*[32]byte)(unsafe.Pointer(&s.buf[kept])) = seed // little-endian, as every WebAssembly is
	s.i, s.n, s.c = kept, kept, counted
}

// The linker lays out variables in this order: those with a value and without pointers, those with both, those
// that are zero at first and have pointers, those that are zero and have none. So m0 lies between these two; the
// heap and the stacks, where there may be copies of numbers that were drawn, do not.
var (
	first = uint64(1)
	last  uint64
)

// find returns the state from which math/rand/v2 draws on this thread, or nil if it does not lie between the
// two variables. It draws a number and looks for a state that has just given it away.
//
// What lies between is variables, which the garbage collector neither moves nor frees, so a pointer into them is
// always valid. Only numbers are read, whatever they are part of. The checks that come with -race know but one
// variable at a time.
//
//go:nocheckptr
func find(from, to unsafe.Pointer) *state {
	size := int(uintptr(to)) - int(uintptr(from))
	drawn := rand.Uint64()
	for at := 0; at+int(unsafe.Sizeof(state{})) <= size; at += int(unsafe.Sizeof(drawn)) {
		s := (*state)(unsafe.Add(from, at))
		if 1 <= s.i && s.i <= s.n && s.n <= words && s.buf[s.i-1] == drawn && s.obeys() {
			return s
		}
	}
	return nil
}

// obeys reports whether a seed that is written to s decides what math/rand/v2 draws: past the end of one buf, so
// that every field means what it is taken for. It leaves s as it was.
func (s *state) obeys() bool {
	defer func(was state) { *s = was }(*s)
	known := [32]byte([]byte("this seed is known to all of you"))
	s.use(known)
	want := rand.NewChaCha8(known)
	for range words + words/4 {
		if rand.Uint64() != want.Uint64() {
			return false
		}
	}
	return true
}
