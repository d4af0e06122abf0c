package jail

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errThreads is that a change of one thread cannot be made on all: the C library makes threads that Go's runtime
// does not know. Released commands are built without it.
var errThreads = errors.New("this binary is linked with cgo: build it with CGO_ENABLED=0")

// walls are the parts of the jail that tests leave out one at a time.
type walls struct{ landlock, seccomp bool }

// Enter takes away from this process, all of its threads and whatever they start, all that spec does not keep. It
// cannot be undone. The error is of a spec that makes no sense, or of something that the kernel offers and that
// could not be set: the process is then to end. What the kernel does not offer is in the report.
//
// Enter may be called again to take away more as long as the process may open files: to keep Files for loading
// code and to give it up before the code runs. Limits are never raised.
func Enter(spec Spec) (Report, error) {
	return enter(spec, walls{landlock: true, seccomp: true})
}

func enter(spec Spec, w walls) (Report, error) {
	if err := spec.check(); err != nil {
		return Report{}, err
	}
	// What is per thread is set on this one at least, and seccomp takes no_new_privs to the others from it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	r := Report{Files: true}
	switch err := noNewPrivs(); {
	case errors.Is(err, unix.EPERM):
		return r, errors.New("jail: this process has entered without Files before, and can give up nothing more")
	case err != nil:
		return r, fmt.Errorf("jail: set no_new_privs: %w", err)
	}
	if err := dropCapabilities(&r); err != nil {
		return r, fmt.Errorf("jail: drop capabilities: %w", err)
	}
	if err := limit(spec); err != nil {
		return r, fmt.Errorf("jail: %w", err)
	}
	r.Limits = true
	if w.landlock {
		if err := restrict(spec, &r); err != nil {
			return r, fmt.Errorf("jail: landlock: %w", err)
		}
	}
	if w.seccomp {
		if err := filter(spec, &r); err != nil {
			return r, fmt.Errorf("jail: seccomp: %w", err)
		}
		r.Files = spec.Files || !r.Seccomp
	}
	return r, nil
}

// Undumpable keeps other processes of the same user from reading this one's memory and environment, and keeps it
// from leaving a core file. It is for the host itself, before it has a secret or a child. Files of /proc/self that
// only the owner may read, like pagemap, belong to root from then on: open before what is needed of them.
func Undumpable() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("jail: set undumpable: %w", err)
	}
	if err := lower(unix.RLIMIT_CORE, 0); err != nil {
		return fmt.Errorf("jail: limit core files: %w", err)
	}
	return nil
}

func noNewPrivs() error {
	err := everyThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	if errors.Is(err, errThreads) {
		return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	}
	return err
}

// dropCapabilities leaves a process of root with the files that are root's own. With its capabilities it could
// raise its limits again.
func dropCapabilities(r *Report) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have, none [2]unix.CapUserData
	if err := unix.Capget(&header, &have[0]); err != nil {
		return err
	}
	if have == none {
		return nil
	}
	err := everyThread(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)))
	if errors.Is(err, errThreads) {
		r.missing("capabilities are kept: %v", err)
		return nil
	}
	return err
}

// everyThread makes a system call on every thread of the process.
//
//go:uintptrescapes
func everyThread(trap, a1, a2 uintptr) error {
	switch _, _, errno := syscall.AllThreadsSyscall(trap, a1, a2, 0); errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return errThreads
	default:
		return errno
	}
}
