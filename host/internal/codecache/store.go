package codecache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"patchbay/internal/keyfile"
)

// ErrTampered says that an entry is not what this installation has written: it is damaged or cut off, was written
// with another key or under another name, or is no file at all. It has been removed.
var ErrTampered = errors.New("not written by this installation, or damaged")

const (
	keySize = 32 // bytes

	// maxBlob bounds what Get reads into memory, in bytes.
	maxBlob = 256 << 20
)

// Config says where a store is.
type Config struct {
	// Dir is the folder of the entries. It is made if it is missing, and must be writable by this user only.
	Dir string

	// KeyFile is the private file with the store's key, outside of Dir. It is made if it is missing. With another
	// key every entry counts as tampered with, so to remove the file is to empty the store.
	KeyFile string

	// MaxBytes is what the entries may take together; the ones used longest ago make room. Defaults to 2 GiB.
	MaxBytes int64
}

// Store is a folder of entries. It may be used from several goroutines, and by several processes at once.
type Store struct {
	dir string
	key []byte
	max int64
}

// Open returns the store that c describes.
func Open(c Config) (*Store, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = 2 << 30
	}
	if within(c.Dir, c.KeyFile) {
		return nil, fmt.Errorf("code cache %s: its key file %s must be outside of it", c.Dir, c.KeyFile)
	}
	if err := makePrivate(c.Dir); err != nil {
		return nil, fmt.Errorf("code cache: %w", err)
	}
	key, err := readKey(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("code cache %s: %w", c.Dir, err)
	}
	return &Store{dir: c.Dir, key: key, max: c.MaxBytes}, nil
}

// within says that path is in dir, or may be: who can write to dir could then replace it.
func within(dir, path string) bool {
	dir, err1 := filepath.Abs(dir)
	path, err2 := filepath.Abs(path)
	return err1 != nil || err2 != nil || strings.HasPrefix(path, dir+string(filepath.Separator))
}

func readKey(path string) ([]byte, error) {
	key, err := keyfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, keySize)
		rand.Read(key)
		key, err = keyfile.Create(path, key)
	}
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("key file %s has %d bytes, want %d: remove it to begin with an empty cache", path, len(key), keySize)
	}
	return key, err
}

// path is the file of an entry.
func (s *Store) path(name string) (string, error) {
	if !validName(name) {
		return "", fmt.Errorf("code cache: name %q is not 64 lower-case hexadecimal digits", name)
	}
	return filepath.Join(s.dir, name), nil
}

func validName(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// Put keeps blob under name, in place of what was there. An entry is seen complete or not at all.
func (s *Store) Put(name string, blob []byte) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if len(blob) > maxBlob || int64(headerSize+len(blob)) > s.max {
		return fmt.Errorf("code cache: entry %s of %d bytes is too large", name, len(blob))
	}
	if err := s.write(path, s.header(name, blob), blob); err != nil {
		return fmt.Errorf("code cache: write entry %s: %w", name, err)
	}
	if err := s.trim(name); err != nil {
		return fmt.Errorf("code cache: make room: %w", err)
	}
	return nil
}

// tempPrefix begins the names of entries that are being written.
const tempPrefix = ".new-"

// write does not wait for the disk: an entry that a power cut has left incomplete is one that Get refuses.
func (s *Store) write(path string, parts ...[]byte) (err error) {
	f, err := os.CreateTemp(s.dir, tempPrefix+"*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	for _, p := range parts {
		if _, err := f.Write(p); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Get returns what was put under name. The error matches [fs.ErrNotExist] if there is nothing, and [ErrTampered] if
// there was something else.
func (s *Store) Get(name string) ([]byte, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	entry, err := read(path)
	if err == nil && !s.genuine(name, entry) {
		err = ErrTampered
	}
	if errors.Is(err, ErrTampered) {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err != nil {
		return nil, fmt.Errorf("code cache: entry %s: %w", name, err)
	}
	touch(path)
	return entry[headerSize:], nil
}
