package reseed

import (
	"math/rand/v2"
	"unsafe"
)

// state is laid out as internal/chacha8rand.State, of which the runtime has one for every thread. WebAssembly
// has one thread, whose record is a variable of the runtime's, m0, and so among the module's zeroed data.
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

// use makes seed the seed that comes next, and next the coming draw. It leaves nothing in the state that the
// generator would not, so that the numbers are those of rand.NewChaCha8(seed).
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
// two variables. It draws two numbers and looks for a state that has just given them away.
//
// What lies between is variables, which the garbage collector neither moves nor frees, so a pointer into them is
// always valid. Only numbers are read, whatever they are part of. The checks that come with -race know but one
// variable at a time.
//
//go:nocheckptr
func find(from, to unsafe.Pointer) *state {
	last := int(uintptr(to)) - int(uintptr(from)) - int(unsafe.Sizeof(state{}))
	for range 2 { // one pair may be parted, by a buf that ends between its numbers
		a, b := rand.Uint64(), rand.Uint64()
		for at := 0; at <= last; at += int(unsafe.Sizeof(a)) {
			s := (*state)(unsafe.Add(from, at))
			if 2 <= s.i && s.i <= s.n && s.n <= words && s.buf[s.i-2] == a && s.buf[s.i-1] == b && s.obeys() {
				return s
			}
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
