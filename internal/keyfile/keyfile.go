// Package keyfile keeps a secret in a private file that several processes may create at the same moment.
//
// A key file is readable by its owner only (mode 0600), appears under its name complete or not at all, is on
// disk before [Create] returns: of several processes that create it, one succeeds and the others read what that
// one wrote. It is replaced under an exclusive [Lock] only, by one process, while those who hold a shared one
// can rely on what they read.
//
// Not for use outside this module.
package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSize bounds what Read takes from a file: key files hold one key.
const maxSize = 64 << 10

// Read returns what the key file at path holds. A missing file matches [fs.ErrNotExist]. A file that its
// group or others may read or write is refused: its secret must be taken as known.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return nil, fmt.Errorf("read key file %s: it is no regular file of at most %d bytes", path, maxSize)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("read key file %s: others than its owner may use it (mode %#o); run chmod 600 %s",
			path, mode, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	return data, nil
}

// Create writes content to a new key file at path, with its folder (mode 0700) if that is missing, and
// returns what the file then holds: content, or what another process wrote there first.
func Create(path string, content []byte) ([]byte, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	err := publish(dir, path, content)
	if errors.Is(err, fs.ErrExist) {
		return Read(path)
	}
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return content, nil
}

// Replace puts content in the place of the key file at path. Readers see the old content or the new one, never
// a part, and so does who comes after a power cut. The caller has the exclusive [Lock].
func Replace(path string, content []byte) error {
	// A fixed name: what a process left there that was killed is written over by the next one, and gone with it.
	next := path + ".next"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	return nil
}

// publish links a finished, synced file to path. A hard link fails when the name is taken, which a rename
// would silently replace, and which an exclusive open would show to others while it is still empty.
func publish(dir, path string, content []byte) error {
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
