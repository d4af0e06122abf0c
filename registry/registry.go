package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"patchbay/bundle"
)

// Registry is a folder of published connectors. It holds nothing open and may be used by many goroutines and processes.
type Registry struct {
	dir  string
	step func()           // see disk
	now  func() time.Time // whether a certificate has expired
}

// Open returns the registry in dir, which is made by the first [Registry.Publish] or [Registry.AddKey]; until then
// it is empty.
func Open(dir string) (*Registry, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	info, err := os.Stat(abs)
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open registry: %s is not a folder", abs)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	return &Registry{dir: abs, now: time.Now}, nil
}

// errEmpty says that nobody has published yet. It matches fs.ErrNotExist.
const errEmpty = notFound("the registry is empty")

// read calls f with the registry's folder. It returns errEmpty when there is none.
func (r *Registry) read(f func(*os.Root) error) error {
	root, err := os.OpenRoot(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return errEmpty
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return f(root)
}

// change calls f with the registry's folder, which it makes if it must, under the registry's lock.
func (r *Registry) change(ctx context.Context, f func(disk) error) (err error) {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	unlock, err := lock(ctx, root)
	if err != nil {
		return fmt.Errorf("lock registry %s: %w", r.dir, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return f(disk{root: root, step: r.step})
}

// repositories returns "publisher/name" of every folder that may be a repository, sorted.
func repositories(root *os.Root) ([]string, error) {
	var all []string
	publishers, err := folders(root, ".")
	if err != nil {
		return nil, err
	}
	for _, p := range publishers {
		names, err := folders(root, p)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			all = append(all, path.Join(p, n))
		}
	}
	slices.Sort(all)
	return all, nil
}

// folders returns the names in dir that can be a publisher's or connector's. Links are none.
func folders(root *os.Root, dir string) ([]string, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && bundle.ValidName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
