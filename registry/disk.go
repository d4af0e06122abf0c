package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// disk changes files below a registry's root in steps that a crash, or a reader, may come between.
// Only the holder of the registry's lock may change anything.
type disk struct {
	root *os.Root
	step func() // called before every change; nil but in tests
}

func (d disk) before() {
	if d.step != nil {
		d.step()
	}
}

// write makes name a file with this content, whole or not at all, and durable.
func (d disk) write(name string, data []byte) error {
	dir := path.Dir(name)
	tmp := path.Join(dir, ".new")
	d.before()
	d.root.Remove(tmp) // what a crash left behind; if it stays, O_EXCL says so
	// O_EXCL also keeps from following a link that somebody put there.
	f, err := d.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	d.before()
	_, err = f.Write(data)
	if err == nil {
		d.before()
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	d.before()
	if err := d.root.Rename(tmp, name); err != nil {
		return err
	}
	d.before()
	return d.sync(dir)
}

// writeOnce is write, unless name holds data already.
func (d disk) writeOnce(name string, data []byte) error {
	old, err := readFile(d.root, name, int64(len(data)))
	if err == nil && bytes.Equal(old, data) {
		return nil
	}
	return d.write(name, data)
}

// mkdir makes folders, durably. A path that leads through a link is refused.
func (d disk) mkdir(dirs ...string) error {
	for _, dir := range dirs {
		d.before()
		err := d.root.Mkdir(dir, 0o755)
		if err == nil {
			err = d.sync(path.Dir(dir))
		} else if errors.Is(err, fs.ErrExist) {
			err = checkDir(d.root, dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sync makes a folder's names durable.
func (d disk) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// checkDir reports whether name is a folder itself, and not a link to one.
func checkDir(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: %s is not a folder", errShape, name)
	}
	return nil
}

// plain opens regular files only: no links, and no pipe that would keep a reader waiting for ever.
type plain struct{ root *os.Root }

func (p plain) Open(name string) (fs.File, error) {
	info, err := p.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", errShape, name)
	}
	return p.root.Open(name)
}

// errShape is matched by what stands where we never put it: a link, a pipe, a file beyond its limit.
var errShape = errors.New("unexpected file")

// readFile reads a regular file of at most limit bytes.
func readFile(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := plain{root}.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: %s has more than %d bytes", errShape, name, limit)
	}
	return data, err
}
