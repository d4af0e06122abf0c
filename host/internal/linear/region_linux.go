package linear

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxKeep bounds the private pages that a reset leaves in place, in bytes.
const maxKeep = 8 << 20

// A call that writes to much more than others do would have every later reset compare all that it has written to. When
// maxPatience resets in a row have found more than maxUnchanged bytes of private pages as they are in the image, the
// next one gives such pages back. To compare one takes up to 0.4 us, since it is in no cache; to have it come back when
// a call needs it takes about 1 us, once in maxPatience calls at most.
const (
	maxUnchanged = 32 << 10
	maxPatience  = 8
)

// region is a memory in address space of its own, which never moves. Its first pages show the image, those up to
// opened are readable and writable, and all others are inaccessible.
type region struct {
	mem      []byte // all that is reserved
	opened   int
	image    *Image
	strategy Strategy
	page     int
	kept     int    // bytes of private pages that the last reset left in place
	dropped  int    // bytes of those that were too many
	same     int    // bytes of those that were as in the image
	patience int    // resets in a row that found too many of these, up to maxPatience
	hot      []span // what Populate makes anew; nil until the first reset
	dirty    dirtyFinder
}

// span is a part of a memory, in bytes from its start.
type span struct{ lo, hi int }

func newRegion(reserve int, s Strategy) (pages, error) {
	r := &region{strategy: s, page: os.Getpagesize()}
	if wasmPage%r.page != 0 {
		return nil, fmt.Errorf("pages of %d bytes, of which 64 KiB are no multiple: %w", r.page, errors.ErrUnsupported)
	}
	if err := r.dirty.init(s); err != nil {
		return nil, err
	}
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(reserve), unix.PROT_NONE, reservation)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	r.mem = unsafe.Slice((*byte)(base), reserve)
	if err := unix.Madvise(r.mem, unix.MADV_DONTFORK); err != nil {
		return nil, errors.Join(os.NewSyscallError("madvise", err), r.free())
	}
	return r, nil
}

const reservation = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE

func (r *region) open(size int) ([]byte, error) {
	if size > r.opened {
		if err := unix.Mprotect(r.mem[r.opened:size], unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return nil, os.NewSyscallError("mprotect", err)
		}
		r.opened = size
	}
	return slices.Clip(r.mem[:size]), nil
}

func (r *region) load(im *Image) error {
	n := im.Size()
	if n > 0 && im.fd < 0 {
		return fmt.Errorf("the image is no file: %w", errors.ErrUnsupported)
	}
	if err := r.remap(0, n, im.fd, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_NORESERVE); err != nil {
		return err
	}
	if err := r.remap(n, max(n, r.opened), -1, unix.PROT_NONE, reservation); err != nil {
		return err
	}
	r.opened, r.image, r.hot = n, im, nil
	if r.strategy == Scan {
		singly(r.mem[:n])
	}
	return nil
}

// remap puts a new mapping in place of what is there.
func (r *region) remap(lo, hi, fd, prot, flags int) error {
	if lo == hi {
		return nil
	}
	part := r.mem[lo:hi]
	if _, err := unix.MmapPtr(fd, 0, unsafe.Pointer(&part[0]), uintptr(len(part)), prot, flags|unix.MAP_FIXED); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	return os.NewSyscallError("madvise", unix.Madvise(part, unix.MADV_DONTFORK))
}

func (r *region) reset(used, size int) error {
	r.kept, r.dropped, r.same = 0, 0, 0
	if err := r.restoreImage(); err != nil {
		return err
	}
	r.settle()
	return r.shut(used, size)
}

// settle decides whether the next reset gives back what a call has not changed.
func (r *region) settle() {
	if r.same <= maxUnchanged || r.patience == maxPatience {
		r.patience = 0
		return
	}
	r.patience++
}

func (r *region) restoreImage() error {
	n := r.image.Size()
	switch r.strategy {
	case Scan:
		return r.scan(n)
	case Pagemap:
		return r.readPagemap(n)
	case Populate:
		return r.populate(n)
	default:
		return r.drop(0, n)
	}
}

func (r *region) trim(used, size int) error {
	if err := r.drop(0, r.image.Size()); err != nil {
		return err
	}
	return r.shut(used, size)
}

// shut makes what follows the image zero up to used, and inaccessible again from size on.
func (r *region) shut(used, size int) error {
	if err := r.drop(r.image.Size(), used); err != nil {
		return err
	}
	if size >= r.opened {
		return nil
	}
	if err := unix.Mprotect(r.mem[size:r.opened], unix.PROT_NONE); err != nil {
		return os.NewSyscallError("mprotect", err)
	}
	r.opened = size
	return nil
}

// drop gives pages back to the kernel: they show the image again, or zeros after it.
func (r *region) drop(lo, hi int) error {
	if lo >= hi {
		return nil
	}
	return os.NewSyscallError("madvise", unix.Madvise(r.mem[lo:hi], unix.MADV_DONTNEED))
}

// restore copies the image over private pages of it, as long as there are not too many: those are dropped.
func (r *region) restore(s span) error {
	end := min(s.hi, s.lo+maxKeep-r.kept)
	img := r.image.bytes
	r.kept += end - s.lo
	r.dropped += s.hi - end
	same := s.lo // from where to o the pages are as in the image
	for o := s.lo; o < end; o += r.page {
		if !restoreStep(r.mem[o:o+r.page], img[o:o+r.page]) {
			continue
		}
		if err := r.unchanged(same, o); err != nil {
			return err
		}
		same = o + r.page
	}
	return errors.Join(r.unchanged(same, end), r.drop(end, s.hi))
}

// unchanged counts private pages that are as in the image, and gives them back if there have been too many.
func (r *region) unchanged(lo, hi int) error {
	r.same += hi - lo
	if r.patience < maxPatience {
		return nil
	}
	r.kept -= hi - lo
	r.dropped += hi - lo
	return r.drop(lo, hi)
}

// populate needs no help of the kernel's to learn which pages calls write to: it compares all of them, once.
func (r *region) populate(n int) error {
	if r.hot == nil {
		r.hot = r.differing(n)
	}
	if err := r.drop(0, n); err != nil {
		return err
	}
	for _, s := range r.hot {
		if err := unix.Madvise(r.mem[s.lo:s.hi], unix.MADV_POPULATE_WRITE); err != nil {
			return os.NewSyscallError("madvise", err)
		}
		r.kept += s.hi - s.lo
	}
	return nil
}

func (r *region) differing(n int) []span {
	hot := []span{}
	img := r.image.bytes
	for o, sum := 0, 0; o < n && sum < maxKeep; o += r.page {
		if string(r.mem[o:o+r.page]) == string(img[o:o+r.page]) {
			continue
		}
		sum += r.page
		if last := len(hot) - 1; last >= 0 && hot[last].hi == o {
			hot[last].hi += r.page
		} else {
			hot = append(hot, span{o, o + r.page})
		}
	}
	return hot
}

func (r *region) found() int {
	if r.strategy == Scan || r.strategy == Pagemap {
		return r.kept + r.dropped
	}
	return -1
}

// pageOut is a wish: without swap the kernel does nothing, and before Linux 5.4 it knows of none.
func (r *region) pageOut() { _ = unix.Madvise(r.mem[:r.opened], unix.MADV_PAGEOUT) }

func (r *region) free() error {
	mem := r.mem
	r.mem = nil
	return os.NewSyscallError("munmap", unix.MunmapPtr(unsafe.Pointer(&mem[0]), uintptr(len(mem))))
}
