package bundle

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// writeAtomic writes a file under a temporary name in path's folder, flushes it to disk and gives it its name with place: os.Rename
// replaces what is there, os.Link refuses to. Whatever happens, path never names half a file.
func writeAtomic(path string, perm os.FileMode, place func(old, new string) error, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".bundle-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already after a rename
	err = errors.Join(f.Chmod(perm), write(f))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
