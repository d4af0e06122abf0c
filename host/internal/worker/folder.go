package worker

import (
	"errors"
	"os"
	"path/filepath"
	"sync"

	"patchbay/host/internal/guest"
)

// folderPrefix begins the name of what engines have below their TempDir.
const folderPrefix = "patchbay-"

// folder is what an engine has on disk: a folder of this user's alone, which keeps others from the sockets in it. A
// lock in it is held as long as the engine lives, however that ends, so that the next one sees what is left over.
type folder struct {
	parent string

	mu   sync.Mutex // guards what follows
	path string     // empty until it is made
	lock *os.File
	gone bool // for ever
}

// make makes a folder in the engine's.
func (f *folder) make() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return "", guest.ErrClosed
	}
	if f.path == "" {
		if err := f.open(); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(f.path, "p")
}

func (f *folder) open() error {
	sweep(f.parent)
	path, err := os.MkdirTemp(f.parent, folderPrefix) // with mode 0700
	if err != nil {
		return err
	}
	if f.lock, err = lockFolder(path); err != nil {
		return errors.Join(err, os.RemoveAll(path))
	}
	f.path = path
	return nil
}

func (f *folder) remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	if f.path == "" {
		return nil
	}
	err := errors.Join(os.RemoveAll(f.path), f.lock.Close())
	f.path = ""
	return err
}

// sweep removes the folders of engines that were killed.
func sweep(parent string) {
	if parent == "" {
		parent = os.TempDir()
	}
	old, _ := filepath.Glob(filepath.Join(parent, folderPrefix+"*")) // no error: the pattern is well formed
	for _, path := range old {
		if lock, err := relock(path); err == nil {
			os.RemoveAll(path) // or the next one does
			lock.Close()
		}
	}
}
