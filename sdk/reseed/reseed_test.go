package reseed

import (
	"math/rand"
	randv2 "math/rand/v2"
	"os"
	"runtime"
	"testing"
	"unsafe"
)

// On every system m0 is the record of the thread that main runs on, so the tests can find the generator as a
// guest does, in functions that they hand over to main. Nothing else draws on that thread: main keeps it.
func init() { runtime.LockOSThread() }

var forMain = make(chan func())

func TestMain(m *testing.M) {
	exit := make(chan int)
	go func() { exit <- m.Run() }()
	for {
		select {
		case f := <-forMain:
			f()
		case code := <-exit:
			os.Exit(code)
		}
	}
}

// onMain runs f there, with the generator found.
func onMain(t *testing.T, f func(s *state)) {
	t.Helper()
	var found bool
	done := make(chan struct{})
	forMain <- func() {
		defer close(done)
		s := find(unsafe.Pointer(&first), unsafe.Pointer(&last))
		if found = s != nil; found {
			f(s)
		}
	}
	<-done
	if !found {
		t.Fatal("no generator was found")
	}
}

func TestNow(t *testing.T) {
	if Works() {
		t.Error("it works where there is nothing to do")
	}
	Now()
	onMain(t, func(s *state) {
		generator = s
		defer func() { generator = nil }()
		if !Works() {
			t.Error("it does not work with a generator")
		}
		for name, draw := range map[string]func() uint64{"math/rand": rand.Uint64, "math/rand/v2": randv2.Uint64} {
			snapshot := *s
			seen := map[uint64]bool{}
			for range 4 {
				*s = snapshot
				seen[draw()] = true
			}
			if len(seen) != 1 {
				t.Errorf("%s: the same memory gives %d different numbers: this test cannot tell", name, len(seen))
			}
			for range 4 {
				*s = snapshot
				Now()
				seen[draw()] = true
			}
			if len(seen) != 5 {
				t.Errorf("%s: %d different numbers of 5", name, len(seen))
			}
		}
	})
}

func TestUse(t *testing.T) {
	onMain(t, func(s *state) {
		for begun := range 130 { // wherever the generator is in what a seed gives
			s.use([32]byte{1})
			for range begun {
				randv2.Uint64()
			}
			s.use([32]byte{2, 31: 3})
			want := randv2.NewChaCha8([32]byte{2, 31: 3})
			for i := range 300 {
				if got, want := randv2.Uint64(), want.Uint64(); got != want {
					t.Fatalf("after %d numbers of another seed, number %d is %x, want %x", begun, i, got, want)
				}
			}
		}
	})
}

// The number that find draws may lie anywhere in a buf.
func TestFind(t *testing.T) {
	onMain(t, func(s *state) {
		for begun := range 130 {
			s.use([32]byte{1})
			for range begun {
				randv2.Uint64()
			}
			if got := find(unsafe.Pointer(&first), unsafe.Pointer(&last)); got != s {
				t.Errorf("after %d numbers it is found at %p, want %p", begun, got, s)
			}
		}
	})
}

func TestFind_Bounds(t *testing.T) {
	onMain(t, func(s *state) {
		from, end := unsafe.Pointer(s), unsafe.Add(unsafe.Pointer(s), unsafe.Sizeof(*s))
		if got := find(from, end); got != s {
			t.Errorf("found at %p in the memory of the one at %p", got, s)
		}
		for name, to := range map[string]unsafe.Pointer{"too little": unsafe.Add(end, -1), "none": from, "less than none": unsafe.Pointer(&first)} {
			if got := find(from, to); got != nil {
				t.Errorf("%s: found at %p", name, got)
			}
		}
	})
}

// What looks like the generator and is not is left as it was.
func TestFind_Decoy(t *testing.T) {
	onMain(t, func(s *state) {
		s.use([32]byte{1})
		randv2.Uint64()
		var memory struct {
			decoy state
			end   uint64
		}
		memory.decoy = *s
		memory.decoy.i++ // as it will be when find has drawn
		want := memory
		if got := find(unsafe.Pointer(&memory.decoy), unsafe.Pointer(&memory.end)); got != nil || memory != want {
			t.Errorf("found %p, decoy changed: %t", got, memory != want)
		}
	})
}

// A generator is as it was after find, but for what find drew: the guest's own numbers stay unknown.
func TestFind_Restores(t *testing.T) {
	onMain(t, func(s *state) {
		s.use([32]byte{1})
		randv2.Uint64()
		want := *s
		want.i++
		find(unsafe.Pointer(&first), unsafe.Pointer(&last))
		if *s != want {
			t.Errorf("i, n, c = %d, %d, %d, want %d, %d, %d, and the same numbers", s.i, s.n, s.c, want.i, want.n, want.c)
		}
	})
}
