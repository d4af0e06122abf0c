package linear

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// When a page of a file is read for the first time, Linux maps up to fifteen of its neighbours along with it. For the
// pages of an image that makes Scan slow: it looks at each page that is mapped, and most of those a guest never uses.
// The kernel leaves it off where somebody may want to hear of writes through a userfaultfd, even if nobody asks to.

// UFFDIO_API and UFFDIO_REGISTER of linux/userfaultfd.h, and what they are given.
const (
	uffdioAPI      = 0xc018aa3f
	uffdioRegister = 0xc020aa00

	uffdVersion         = 0xaa
	uffdWPUnpopulated   = 1 << 13
	uffdWPAsync         = 1 << 15 // writes are never reported, so that nobody has to be there to hear
	uffdRegisterModeWP  = 1 << 1
	uffdUserModeOnly    = 1 // needs no privilege
	uffdCloseOnExecFlag = unix.O_CLOEXEC | unix.O_NONBLOCK
)

type (
	uffdAPIArg      struct{ api, features, ioctls uint64 }
	uffdRegisterArg struct{ start, len, mode, ioctls uint64 }
)

// userfault opens a userfaultfd once and for all, -1 if there is none to be had: then Scan is just slower.
var userfault = sync.OnceValue(func() int {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, uffdCloseOnExecFlag|uffdUserModeOnly, 0, 0)
	if errno != 0 {
		return -1
	}
	arg := uffdAPIArg{api: uffdVersion, features: uffdWPUnpopulated | uffdWPAsync}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, uffdioAPI, uintptr(unsafe.Pointer(&arg))); errno != 0 {
		unix.Close(int(fd))
		return -1
	}
	return int(fd)
})

// singly has the pages of a mapping come one by one, if it can be had.
func singly(mem []byte) {
	fd := userfault()
	if fd < 0 || len(mem) == 0 {
		return
	}
	arg := uffdRegisterArg{start: uint64(uintptr(unsafe.Pointer(&mem[0]))), len: uint64(len(mem)), mode: uffdRegisterModeWP}
	unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uffdioRegister, uintptr(unsafe.Pointer(&arg))) // or it is just slower
}
