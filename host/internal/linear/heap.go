package linear

import (
	"bytes"
	"slices"
)

// step is how much is compared at a time where there are no pages to go by, in bytes.
const step = 4 << 10

// heap is a memory in Go's own heap, which a runtime and the garbage collector keep for as long as it is referred to.
// Its address changes when it grows.
type heap struct {
	buf     []byte // all that was ever used
	image   *Image
	reserve int
}

func (h *heap) open(size int) ([]byte, error) {
	if size > len(h.buf) {
		grown := make([]byte, max(size, min(2*len(h.buf), h.reserve)))
		copy(grown, h.buf)
		h.buf = grown
	}
	if h.buf == nil {
		h.buf = []byte{} // nil would mean that the memory cannot grow
	}
	return slices.Clip(h.buf[:size]), nil
}

func (h *heap) load(im *Image) error {
	b, err := h.open(max(len(h.buf), im.Size()))
	clear(b[copy(b, im.bytes):])
	h.image = im
	return err
}

func (h *heap) reset(used, _ int) error {
	img := h.image.bytes
	for o := 0; o < len(img); o += step {
		restoreStep(h.buf[o:o+step], img[o:o+step])
	}
	clear(h.buf[len(img):used])
	return nil
}

// trim cannot give anything back: the runtime refers to the bytes.
func (h *heap) trim(used, size int) error { return h.reset(used, size) }

func (h *heap) found() int { return -1 }

func (h *heap) pageOut() {}

func (h *heap) free() error {
	h.buf, h.image = nil, nil
	return nil
}

// restoreStep compares first, because most pages that were written to once are as they were. It reports whether this
// one was not.
func restoreStep(mem, img []byte) (changed bool) {
	if bytes.Equal(mem, img) {
		return false
	}
	copy(mem, img)
	return true
}

// zero says that b, of a multiple of step bytes, holds nothing but zeros.
func zero(b []byte) bool {
	for ; len(b) > 0; b = b[step:] {
		if !bytes.Equal(b[:step], zeros[:]) {
			return false
		}
	}
	return true
}

var zeros [step]byte
