//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package state

import (
	"errors"
	"os"
	"syscall"
)

// tryLock opens the file at path and locks it for this process alone. It returns nil if another has it. The
// lock lasts until the file is closed, which the kernel does when the process ends, however it ends; Go opens
// files close-on-exec, so that no child keeps it alive. flock rather than fcntl: an fcntl lock would be lost
// with any other close of the file in this process, and would let two States of one process both be owner.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}
