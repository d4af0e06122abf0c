package codecache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// makePrivate makes dir, or checks that nobody but this user can write to it. What is in it needs no check here:
// Get looks at each entry that it returns.
func makePrivate(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	return checkPrivate(dir, info, os.Geteuid())
}

func checkPrivate(path string, info fs.FileInfo, user int) error {
	mode := info.Mode()
	switch belongs, ok := owner(info); {
	case !mode.IsDir():
		return fmt.Errorf("%s is not a folder", path)
	case mode.Perm()&0o022 != 0:
		return fmt.Errorf("%s has mode %#o, others can write to it: remove it, or allow only its owner to write", path, mode.Perm())
	case ok && belongs != user:
		return fmt.Errorf("%s belongs to user %d and not to %d: name a folder of this user's own", path, belongs, user)
	}
	return nil
}
