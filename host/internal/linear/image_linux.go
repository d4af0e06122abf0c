package linear

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// seal copies mem into a file that nobody can write to any more, not even this process, and maps it.
func seal(mem []byte) (view []byte, fd int, err error) {
	fd, err = memfd()
	if err != nil {
		return nil, -1, os.NewSyscallError("memfd_create", err)
	}
	if err = fill(fd, mem); err == nil {
		// A private view: kernels before 6.7 refuse a shared one of a file that is sealed against writing.
		view, err = unix.Mmap(fd, 0, len(mem), unix.PROT_READ, unix.MAP_PRIVATE)
	}
	if err != nil {
		return nil, -1, errors.Join(err, unix.Close(fd))
	}
	return view, fd, nil
}

// memfd asks for a file that can never be executed, which kernels before 6.3 do not know of and newer ones may demand.
func memfd() (int, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("linear-memory", flags|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL {
		return unix.MemfdCreate("linear-memory", flags)
	}
	return fd, err
}

func fill(fd int, mem []byte) error {
	if err := unix.Ftruncate(fd, int64(len(mem))); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	page := os.Getpagesize()
	for o := 0; o < len(mem); o += page {
		p := mem[o : o+page]
		if zero(p) {
			continue
		}
		if n, err := unix.Pwrite(fd, p, int64(o)); err != nil || n < page {
			return fmt.Errorf("pwrite: %d of %d bytes: %w", n, page, cmp.Or(err, io.ErrShortWrite))
		}
	}
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	return os.NewSyscallError("fcntl", err)
}

func unseal(view []byte, fd int) error {
	return errors.Join(unix.Munmap(view), unix.Close(fd))
}
