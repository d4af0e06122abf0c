package linear

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A private page is one that is there, in memory or in swap, and belongs to no file: the kernel has copied it when it
// was written to. Pages that were only read belong to the image's file, or are the one page of zeros.

// dirtyFinder is what the kernel's answers are read into, once for each memory: a reset allocates nothing.
type dirtyFinder struct {
	pagemap int
	arg     scanArg
	found   []scanRegion // of Scan
	entries []uint64     // of Pagemap
}

// Room for one answer of the kernel's, 4 KiB each: a call that writes to more takes another.
const (
	maxFound   = 170
	maxEntries = 512
)

func (d *dirtyFinder) init(s Strategy) (err error) {
	switch s {
	case Scan:
		d.found = make([]scanRegion, maxFound)
	case Pagemap:
		d.entries = make([]uint64, maxEntries)
	case Populate, Drop:
		return nil
	default:
		return fmt.Errorf("strategy %d is unknown", s)
	}
	d.pagemap, err = pagemap()
	return err
}

// pagemap opens the file once and for all: a process that gives up its rights later could not open it any more.
var pagemap = sync.OnceValues(func() (int, error) {
	const path = "/proc/self/pagemap"
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
})

// scanRegion and scanArg are struct page_region and struct pm_scan_arg of linux/fs.h.
type scanRegion struct{ start, end, categories uint64 }

type scanArg struct {
	size, flags                     uint64
	start, end, walkEnd             uint64
	vec, vecLen, maxPages           uint64
	inverted, mask, anyOf, returned uint64
}

const (
	pagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)

	pageIsFile    = 1 << 2
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4
	pageIsPFNZero = 1 << 5
)

// askPrivate asks for private pages. It wants one category of all that is found, so that neighbours come as one region.
var askPrivate = scanArg{
	size:     uint64(unsafe.Sizeof(scanArg{})),
	inverted: pageIsFile | pageIsPFNZero,
	mask:     pageIsFile | pageIsPFNZero,
	anyOf:    pageIsPresent | pageIsSwapped,
	returned: pageIsPFNZero,
}

// scan restores the private pages of the first n bytes.
func (r *region) scan(n int) error {
	base := uint64(uintptr(unsafe.Pointer(&r.mem[0])))
	d := &r.dirty
	d.arg = askPrivate
	d.arg.walkEnd, d.arg.end = base, base+uint64(n)
	d.arg.vec, d.arg.vecLen = uint64(uintptr(unsafe.Pointer(&d.found[0]))), uint64(len(d.found))
	for d.arg.walkEnd < d.arg.end {
		d.arg.start = d.arg.walkEnd
		got, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d.pagemap), pagemapScan, uintptr(unsafe.Pointer(&d.arg)))
		if errno != 0 {
			return os.NewSyscallError("ioctl PAGEMAP_SCAN", errno)
		}
		for _, f := range d.found[:got] {
			if err := r.restore(span{int(f.start - base), int(f.end - base)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// readPagemap restores the private pages of the first n bytes.
func (r *region) readPagemap(n int) error {
	first := int(uintptr(unsafe.Pointer(&r.mem[0]))) / r.page
	d := &r.dirty
	for at, total := 0, n/r.page; at < total; {
		want := d.entries[:min(len(d.entries), total-at)]
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&want[0])), 8*len(want))
		if got, err := unix.Pread(d.pagemap, raw, int64(first+at)*8); err != nil || got != len(raw) {
			return fmt.Errorf("read /proc/self/pagemap: %d of %d bytes: %v", got, len(raw), err)
		}
		for i, e := range want {
			if !private(e) {
				continue
			}
			lo := (at + i) * r.page
			if err := r.restore(span{lo, lo + r.page}); err != nil {
				return err
			}
		}
		at += len(want)
	}
	return nil
}

// private reads one entry of /proc/self/pagemap (admin-guide/mm/pagemap.rst).
func private(entry uint64) bool {
	const (
		file    = 1 << 61
		swapped = 1 << 62
		present = 1 << 63
	)
	return entry&(present|swapped) != 0 && entry&file == 0
}
