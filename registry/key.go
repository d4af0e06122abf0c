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

const maxKeys = 64 << 10 // bytes of publisher.pub

// Keys returns the keys that the registry claims to be a publisher's. Trust none of them unseen: show the
// fingerprint to whoever decides, and keep what was decided elsewhere. A publisher without keys matches
// fs.ErrNotExist.
func (r *Registry) Keys(_ context.Context, publisher string) ([]bundle.PublicKey, error) {
	if !bundle.ValidName(publisher) {
		return nil, fmt.Errorf("publisher %.80q: want 2 to 40 lower-case letters, digits and single hyphens", publisher)
	}
	var keys []bundle.PublicKey
	err := r.read(func(root *os.Root) (err error) {
		keys, err = readKeys(root, publisher)
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
	return r.change(ctx, func(d disk) error { return addKey(d, key) })
}

func addKey(d disk, key bundle.PublicKey) error {
	keys, err := readKeys(d.root, key.Publisher())
	if err != nil || slices.Contains(keys, key) {
		return err
	}
	var text strings.Builder
	for _, k := range append(keys, key) {
		text.WriteString(k.String() + "\n")
	}
	if err := d.mkdir(key.Publisher()); err != nil {
		return err
	}
	return d.write(keyFile(key.Publisher()), []byte(text.String()))
}

// claim makes key the publisher's if it has none yet, and refuses a key that is not the publisher's.
func claim(d disk, key bundle.PublicKey) error {
	keys, err := readKeys(d.root, key.Publisher())
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return addKey(d, key)
	}
	if !slices.Contains(keys, key) {
		return fmt.Errorf("%w: in this registry the publisher %s has the key %s, and %s is not added; its owner can add it",
			bundle.ErrUntrusted, key.Publisher(), keys[0].Fingerprint(), key.Fingerprint())
	}
	return nil
}

func keyFile(publisher string) string { return path.Join(publisher, "publisher.pub") }

// readKeys returns a publisher's keys, none if there is no file.
func readKeys(root *os.Root, publisher string) ([]bundle.PublicKey, error) {
	data, err := readFile(root, keyFile(publisher), maxKeys)
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
			return nil, fmt.Errorf("%s: line %d: %w", keyFile(publisher), n, err)
		}
		if k.Publisher() != publisher {
			return nil, fmt.Errorf("%s: line %d: the key is bound to %s", keyFile(publisher), n, k.Publisher())
		}
		keys = append(keys, k)
	}
	return keys, nil
}
