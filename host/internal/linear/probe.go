package linear

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// Probe tries the strategies on this machine and returns the fastest that does what it should, and why each faster
// one does not: nil if there is none. It tries once, in about a millisecond, and is safe for concurrent use. A process
// that is going to give up rights calls it before.
func Probe() (Strategy, error) {
	p := probe()
	return p.best, p.why
}

type probed struct {
	best Strategy
	why  error
}

var probe = sync.OnceValue(func() probed {
	var why []error
	for s := Scan; s < Copy; s++ {
		err := selfTest(s)
		if err == nil {
			return probed{s, errors.Join(why...)}
		}
		why = append(why, fmt.Errorf("reset memory by %s: %w", s, err))
	}
	return probed{Copy, errors.Join(why...)}
})

// selfTest writes to a memory in all the ways that a call can, and holds the strategy to its promise.
func selfTest(s Strategy) error {
	im, err := NewImage(testImage())
	if err != nil {
		return err
	}
	defer im.Close()
	m, err := New(8*wasmPage, s)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.Map(im); err != nil {
		return err
	}
	m.Reallocate(wasmPage) // as an instance is born, with less than its image has
	for range 3 {          // the first reset may learn, the others rely on it
		if err := testCall(m, im); err != nil {
			return err
		}
	}
	return errors.Join(m.Trim(), m.Verify())
}

// testImage has bytes in every other page of WebAssembly's, so that some of the kernel's are holes.
func testImage() []byte {
	b := make([]byte, 4*wasmPage)
	for i := 0; i < len(b); i += 2 * wasmPage {
		for j := range wasmPage {
			b[i+j] = byte(j*7 + j>>8)
		}
	}
	return b
}

// testCall is one call's life: put to size, written to, grown, shrunk, reset, verified.
func testCall(m *Memory, im *Image) error {
	m.SetNext(im.Size())
	m.Reallocate(0)
	if err := m.Verify(); err != nil {
		return err
	}
	b := m.Reallocate(uint64(im.Size() + wasmPage))
	if b == nil {
		return errors.New("memory does not grow")
	}
	if i := differ(b[im.Size():], make([]byte, wasmPage)); i >= 0 {
		return fmt.Errorf("grown memory is not empty at %d", i)
	}
	written := []int{0, wasmPage - 1, wasmPage, 3*wasmPage + 100, im.Size(), len(b) - 1}
	private := map[int]bool{} // pages of the image that are written to
	for _, at := range written {
		b[at]++
		if page := at / os.Getpagesize(); at < im.Size() {
			private[page] = true
		}
	}
	m.pages.pageOut()
	m.SetNext(im.Size())
	if b = m.Reallocate(0); len(b) != im.Size() {
		return errors.New("memory does not shrink")
	}
	if err := m.Reset(); err != nil {
		return err
	}
	if got, want := m.pages.found(), len(private)*os.Getpagesize(); got >= 0 && got != want {
		return fmt.Errorf("found %d bytes of pages written to, want %d", got, want)
	}
	return m.Verify()
}
