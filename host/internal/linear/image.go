package linear

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// wasmPage is the unit in which WebAssembly counts memory, in bytes.
const wasmPage = 64 << 10

// Image is the content of a memory that others start from. It never changes. It may be used from several goroutines.
type Image struct {
	bytes []byte
	fd    int // what can be mapped, or -1

	mu     sync.Mutex
	users  int // guarded by mu; memories that show it, and one for its owner
	closed bool
}

// NewImage keeps a copy of mem, whose length is a multiple of 64 KiB: in a sealed file of the kernel's memory in
// which pages of zeros take no space, or in Go's heap where there is none.
func NewImage(mem []byte) (*Image, error) {
	if len(mem)%wasmPage != 0 {
		return nil, fmt.Errorf("memory image of %d bytes: want a multiple of %d", len(mem), wasmPage)
	}
	im := &Image{fd: -1, users: 1}
	if len(mem) == 0 {
		return im, nil
	}
	var err error
	im.bytes, im.fd, err = seal(mem)
	switch {
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission): // by the kernel, or a filter
		im.bytes, im.fd = bytes.Clone(mem), -1
	case err != nil:
		return nil, fmt.Errorf("memory image of %d bytes: %w", len(mem), err)
	}
	return im, nil
}

// Bytes is the image itself, valid until Close. Writing to it ends the process where it is mapped.
func (im *Image) Bytes() []byte { return im.bytes }

// Size is the image's length in bytes.
func (im *Image) Size() int { return len(im.bytes) }

// Close gives the image up. What it holds is freed when the last memory that shows it is closed. Closing twice is fine.
func (im *Image) Close() error {
	im.mu.Lock()
	closed := im.closed
	im.closed = true
	im.mu.Unlock()
	if closed {
		return nil
	}
	return im.release()
}

// retain keeps the image for a memory, which compares with it until it calls release.
func (im *Image) retain() error {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.closed {
		return fmt.Errorf("memory image: %w", fs.ErrClosed)
	}
	im.users++
	return nil
}

func (im *Image) release() error {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.users--
	if im.users > 0 || im.fd < 0 {
		return nil
	}
	return unseal(im.bytes, im.fd)
}
