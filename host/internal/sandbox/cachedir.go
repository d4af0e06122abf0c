package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// makePrivate makes dir, or checks that nobody but this user can have written to it or to what is in it.
// A compiled module is machine code, which wazero runs if its checksum is right, and anyone can compute that.
func makePrivate(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err == nil {
		return nil
	} else if !os.IsExist(err) {
		return err
	}
	if info, err := os.Lstat(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info() // of the entry itself: it does not follow links
		if err != nil {
			return err
		}
		return checkPrivate(path, info, os.Geteuid())
	})
}

func checkPrivate(path string, info fs.FileInfo, user int) error {
	mode := info.Mode()
	switch owner, ok := info.Sys().(*syscall.Stat_t); {
	case !mode.IsDir() && !mode.IsRegular():
		return fmt.Errorf("%s is neither a folder nor a file: name a folder of this user's own", path)
	case mode.Perm()&0o022 != 0:
		return fmt.Errorf("%s has mode %#o, others can write to it: remove it, or allow only its owner to write", path, mode.Perm())
	case ok && int(owner.Uid) != user:
		return fmt.Errorf("%s belongs to user %d and not to %d: name a folder of this user's own", path, owner.Uid, user)
	}
	return nil
}
