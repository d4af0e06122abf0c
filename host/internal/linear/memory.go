package linear

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
)

// Memory is one instance's linear memory. It is used by one goroutine at a time; memories of the same image are
// independent of each other.
type Memory struct {
	pages   pages
	image   *Image // nil until Map
	reserve int
	limit   int
	size    int // what the instance has
	peak    int // the largest size since the image was shown last
	next    int // what the next Reallocate returns, or -1
	refused bool
	closed  bool
}

// pages is where the bytes of a memory are. Bytes between two sizes keep their values until a reset.
type pages interface {
	// open makes the first size bytes usable; what is used for the first time is zero.
	open(size int) ([]byte, error)

	// load shows im at the start.
	load(im *Image) error

	// reset makes the first bytes equal to the image, and those from there to used zero. Those from size on are
	// not needed for now.
	reset(used, size int) error

	// trim is a reset that gives back as much as it can.
	trim(used, size int) error

	// found is how many bytes of private pages the last reset has found, or -1 if it does not look for them.
	found() int

	// pageOut asks the kernel to move pages to swap, as it may do at any time.
	pageOut()

	free() error
}

// New makes an empty memory that can grow to reserve bytes, rounded up to 64 KiB. Close it.
func New(reserve int, s Strategy) (*Memory, error) {
	if reserve <= 0 || reserve > math.MaxInt-wasmPage {
		return nil, fmt.Errorf("linear memory of at most %d bytes: want a positive number that can be rounded up", reserve)
	}
	reserve = (reserve + wasmPage - 1) &^ (wasmPage - 1)
	p, err := newPages(reserve, s)
	if err != nil {
		return nil, fmt.Errorf("linear memory of at most %d bytes: %w", reserve, err)
	}
	return &Memory{pages: p, reserve: reserve, limit: reserve, next: -1}, nil
}

func newPages(reserve int, s Strategy) (pages, error) {
	if s == Copy {
		return &heap{reserve: reserve}, nil
	}
	return newRegion(reserve, s)
}

// SetLimit bounds what the memory may grow to from now on, in bytes; what it has already it keeps. The default, and
// the most, is what New reserved.
func (m *Memory) SetLimit(size int) { m.limit = min(size, m.reserve) }

// SetNext makes the next Reallocate return size bytes whatever it is asked for. Bytes that are cut off keep their
// values until Reset.
func (m *Memory) SetNext(size int) { m.next = size }

// Reallocate implements wazero's experimental.LinearMemory. It returns nil if the memory may not have that size.
func (m *Memory) Reallocate(size uint64) []byte {
	limit := m.limit
	if m.next >= 0 {
		size, limit, m.next = uint64(m.next), m.reserve, -1
	}
	if m.closed {
		return nil
	}
	if size > uint64(max(limit, m.size)) {
		m.refused = true
		return nil
	}
	b, err := m.pages.open(int(size))
	if err != nil { // the process may have no more memory
		m.refused = true
		return nil
	}
	m.size = int(size)
	m.peak = max(m.peak, m.size)
	return b
}

// Free implements wazero's experimental.LinearMemory and does nothing. A runtime calls it when an instance is closed,
// possibly from another goroutine, while compiled code and functions that were looked up before still hold the
// address: unmapping it here would let the next call fault outside of Go and end the process.
func (m *Memory) Free() {}

// Map makes the memory show im, and be empty after it. The memory's size stays as it is and must not be over the
// image's. The image may be closed from then on. After an error the memory must be closed.
func (m *Memory) Map(im *Image) error {
	switch {
	case m.closed:
		return fmt.Errorf("show image in memory: %w", fs.ErrClosed)
	case im.Size() > m.reserve || m.size > im.Size():
		return fmt.Errorf("show image of %d bytes in a memory of %d, at most %d: it does not fit", im.Size(), m.size, m.reserve)
	}
	if err := im.retain(); err != nil {
		return err
	}
	if err := m.pages.load(im); err != nil {
		return errors.Join(fmt.Errorf("show image in memory: %w", err), im.release())
	}
	old := m.image
	m.image, m.peak, m.refused = im, m.size, false
	if old != nil {
		return old.release()
	}
	return nil
}

// Reset puts the memory back to its image: bytes after the image are zero. Of a memory that has been shrunk before
// (see SetNext), what is beyond its size is given back to the kernel; the size itself stays. The limit stays, Peak and
// Refused start anew. At most 8 MiB of private pages are kept for the next call. After an error the memory must be
// closed.
func (m *Memory) Reset() error { return m.restore(m.pages.reset) }

// Trim is a Reset that gives all private pages back to the kernel, for memories that will not be used for a while.
func (m *Memory) Trim() error { return m.restore(m.pages.trim) }

func (m *Memory) restore(how func(used, size int) error) error {
	if err := m.usable(); err != nil {
		return fmt.Errorf("reset memory: %w", err)
	}
	if err := how(max(m.peak, m.image.Size()), max(m.size, m.image.Size())); err != nil {
		return fmt.Errorf("reset memory: %w", err)
	}
	m.next, m.peak, m.refused = -1, m.size, false
	return nil
}

func (m *Memory) usable() error {
	if m.closed {
		return fs.ErrClosed
	}
	if m.image == nil {
		return errors.New("it has no image")
	}
	return nil
}

// Size is what the instance has, in bytes.
func (m *Memory) Size() int { return m.size }

// Peak is the largest size since the last Map, Reset or Trim, in bytes.
func (m *Memory) Peak() int { return m.peak }

// Refused says that a Reallocate has returned nil since the last Map, Reset or Trim.
func (m *Memory) Refused() bool { return m.refused }

// Verify says where the memory differs from its image, size included. It reads all of it.
func (m *Memory) Verify() error {
	if err := m.usable(); err != nil {
		return fmt.Errorf("verify memory: %w", err)
	}
	if m.size != m.image.Size() {
		return fmt.Errorf("verify memory: it has %d bytes, its image %d", m.size, m.image.Size())
	}
	got, err := m.pages.open(m.size)
	if err != nil {
		return fmt.Errorf("verify memory: %w", err)
	}
	if i := differ(got, m.image.bytes); i >= 0 {
		return fmt.Errorf("verify memory: byte %#x is %#02x, in its image %#02x", i, got[i], m.image.bytes[i])
	}
	return nil
}

// Close frees the memory. No call may be running on it, nor be made from now on. Closing twice is fine.
func (m *Memory) Close() error {
	if m.closed {
		return nil
	}
	m.closed = true
	err := m.pages.free()
	if m.image != nil {
		err = errors.Join(err, m.image.release())
	}
	return err
}

// differ is the index of the first byte in which a and b, of the same length, differ, or -1.
func differ(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}
