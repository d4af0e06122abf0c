package lab

import (
	"errors"
	"io/fs"
	"path/filepath"

	"patchbay/internal/keyfile"
)

// keyFile is where a host keeps the key that its compiled code is authenticated with.
const keyFile = "cache.key"

// lendKey gives a new host the key of those that have used the cache before it, which trusts no other code and would
// compile all anew. It lies beside the cache, not in it, as in a host's own folder.
func (l *Lab) lendKey() error {
	key, err := keyfile.Read(l.opts.CacheDir + ".key")
	if err == nil {
		_, err = keyfile.Create(filepath.Join(l.dir, keyFile), key)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keepKey keeps a new host's key for those that use the cache after it.
func (l *Lab) keepKey() error {
	key, err := keyfile.Read(filepath.Join(l.dir, keyFile))
	if err == nil {
		_, err = keyfile.Create(l.opts.CacheDir+".key", key)
	}
	return err
}
