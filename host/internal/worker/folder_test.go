//go:build linux

package worker

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"patchbay/host/internal/guest"
)

// TestFolder_Sweep: what a killed engine has left is removed by the next, and nothing else is.
func TestFolder_Sweep(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	left := &folder{parent: parent}
	alive := &folder{parent: parent}
	for _, f := range []*folder{left, alive} {
		if _, err := f.make(); err != nil {
			t.Fatal(err)
		}
	}
	others := filepath.Join(parent, folderPrefix+"others") // has no lock
	if err := os.Mkdir(others, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(parent, folderPrefix+"link")
	if err := os.Symlink(alive.path, link); err != nil {
		t.Fatal(err)
	}
	// As the kernel does when a process ends. Closing would not do: a process that another test starts at this moment
	// has the file too, until it executes its program.
	if err := syscall.Flock(int(left.lock.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	left.lock.Close()
	f := &folder{parent: parent}
	if _, err := f.make(); err != nil {
		t.Fatal(err)
	}
	own := f.path
	for path, want := range map[string]bool{left.path: false, alive.path: true, others: true, link: true, own: true} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", filepath.Base(path), err == nil, want)
		}
	}
	for range 2 {
		if err := f.remove(); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.make(); !errors.Is(err, guest.ErrClosed) {
		t.Errorf("a folder after the last: %v", err)
	}
	if _, err := os.Lstat(own); err == nil {
		t.Error("its folder is left")
	}
}

// TestFolder_AtOnce: engines that begin at the same moment leave each other alone.
func TestFolder_AtOnce(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				f := &folder{parent: parent}
				if _, err := f.make(); err != nil {
					t.Error(err)
				}
				if err := f.remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
