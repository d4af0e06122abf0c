//go:build unix && !solaris && !illumos && !aix

package worker

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

const lockFile = "lock"

// lockFolder makes the lock of a new folder. It has its name only when it is taken: others would take it for that of
// an engine that is gone.
func lockFolder(path string) (*os.File, error) {
	name := filepath.Join(path, lockFile)
	f, err := flock(os.OpenFile(name+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600))
	if err != nil {
		return nil, err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// relock takes the lock of a folder whose engine is gone. A folder without one is somebody else's, or is just being
// made.
func relock(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Geteuid() {
		return nil, errors.New("not a folder of ours")
	}
	return flock(os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|syscall.O_NOFOLLOW, 0))
}

func flock(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
