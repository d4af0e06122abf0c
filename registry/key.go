package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"patchbay/bundle"
)

const maxKeys = 64 << 10 // bytes of a file of keys

// Keys returns the keys that the registry claims to be a publisher's. Trust none of them unseen: show the
// fingerprint to whoever decides, and keep what was decided elsewhere. A publisher without keys matches
// fs.ErrNotExist.
func (r *Registry) Keys(_ context.Context, publisher string) ([]bundle.PublicKey, error) {
	if !bundle.ValidName(publisher) {
		return nil, fmt.Errorf("publisher %.80q: want 2 to 40 lower-case letters, digits and single hyphens", publisher)
	}
	var keys []bundle.PublicKey
	err := r.read(func(root *os.Root) (err error) {
		keys, err = readKeys(root, publisherFile(publisher), publisher)
		return err
	})
	if err != nil && !errors.Is(err, errEmpty) {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, notFound(fmt.Sprintf("the registry has no key of the publisher %s", publisher))
	}
	return keys, nil
}

// AddKey lets another key publish under its publisher's name. It is for the folder's owner: who
// may add keys is decided by who may write to the folder.
func (r *Registry) AddKey(ctx context.Context, key bundle.PublicKey) error {
	if !bundle.ValidName(key.Publisher()) {
		return errors.New("add key: the key is empty")
	}
	return r.change(ctx, func(d disk) error { return addKey(d, publisherFile(key.Publisher()), key) })
}

// CertifierKeys returns the keys that the registry claims to be certifiers', each bound to its certifier's name. Trust
// none of them unseen, see [Registry.Keys].
func (r *Registry) CertifierKeys(context.Context) ([]bundle.PublicKey, error) {
	var all []bundle.PublicKey
	err := r.read(func(root *os.Root) (err error) {
		all, err = certifierKeys(root)
		return err
	})
	if errors.Is(err, errEmpty) {
		return nil, nil
	}
	return all, err
}

func certifierKeys(root *os.Root) ([]bundle.PublicKey, error) {
	f, err := root.Open(certifierDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	slices.Sort(names)
	var all []bundle.PublicKey
	for _, n := range names {
		name, ok := strings.CutSuffix(n, keySuffix)
		if !ok || !bundle.ValidName(name) {
			continue // not ours
		}
		keys, err := readKeys(root, certifierFile(name), name)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

func addKey(d disk, file string, key bundle.PublicKey) error {
	keys, err := readKeys(d.root, file, key.Publisher())
	if err != nil || slices.Contains(keys, key) {
		return err
	}
	var text strings.Builder
	for _, k := range append(keys, key) {
		text.WriteString(k.String() + "\n")
	}
	if err := d.mkdir(path.Dir(file)); err != nil {
		return err
	}
	return d.write(file, []byte(text.String()))
}

// claim makes the name that key is bound to its own if the file has no key yet, and refuses a key that is not there.
func claim(d disk, file string, key bundle.PublicKey) error {
	keys, err := readKeys(d.root, file, key.Publisher())
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return addKey(d, file, key)
	}
	if !slices.Contains(keys, key) {
		return fmt.Errorf("%w: in this registry the name %s has the key %s, and %s is not in %s; its owner can add it",
			bundle.ErrUntrusted, key.Publisher(), keys[0].Fingerprint(), key.Fingerprint(), file)
	}
	return nil
}

// A certifier may have the name of a publisher without being it: their keys are apart.
const (
	certifierDir = ".certifiers"
	keySuffix    = ".pub"
)

func publisherFile(name string) string { return path.Join(name, "publisher"+keySuffix) }
func certifierFile(name string) string { return path.Join(certifierDir, name+keySuffix) }

// readKeys returns the keys in a file, which are all bound to name; none if there is no file.
func readKeys(root *os.Root, file, name string) ([]bundle.PublicKey, error) {
	data, err := readFile(root, file, maxKeys)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var keys []bundle.PublicKey
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		k, err := bundle.ParsePublicKey(line)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, n, err)
		}
		if k.Publisher() != name {
			return nil, fmt.Errorf("%s: line %d: the key is bound to %s", file, n, k.Publisher())
		}
		keys = append(keys, k)
	}
	return keys, nil
}
