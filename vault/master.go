package vault

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"

	"patchbay/internal/keyfile"
)

const keyFileHead = "# Master key of a Patchbay vault. Whoever has it can read all its credentials, and without it nobody can.\n"

// master is the key that wraps every record's data key.
type master struct{ identity *age.HybridIdentity }

// openMaster reads the key file, or makes it.
func openMaster(ctx context.Context, cfg Config) (master, error) {
	data, err := keyfile.Read(cfg.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = createKey(ctx, cfg)
	}
	if err != nil {
		return master{}, err
	}
	return parseMaster(data, cfg.KeyFile)
}

// createKey makes a key file, unless records exist that the missing one had sealed.
func createKey(ctx context.Context, cfg Config) ([]byte, error) {
	sealed, err := cfg.Store.Keys(ctx, "")
	if err != nil {
		return nil, err
	}
	if len(sealed) > 0 {
		data, err := keyfile.Read(cfg.KeyFile) // another process may have made it, and used it, just now
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("key file %s is missing, and %d records are sealed with it: restore it from a backup",
				cfg.KeyFile, len(sealed))
		}
		return data, err
	}
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	return keyfile.Create(cfg.KeyFile, []byte(keyFileHead+identity.String()+"\n"))
}

// parseMaster leaves out why age refuses a file, since age quotes from it.
func parseMaster(data []byte, path string) (master, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(data))
	if err == nil && len(identities) == 1 {
		if hybrid, ok := identities[0].(*age.HybridIdentity); ok {
			return master{hybrid}, nil
		}
	}
	return master{}, fmt.Errorf("key file %s does not hold one line AGE-SECRET-KEY-PQ-1…: restore it from a backup", path)
}

// wrap encrypts a data key, so that only the master key gets it back.
func (m master) wrap(dataKey []byte) ([]byte, error) {
	var wrapped bytes.Buffer
	w, err := age.Encrypt(&wrapped, m.identity.Recipient())
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(dataKey); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return wrapped.Bytes(), nil
}

// unwrap undoes wrap.
func (m master) unwrap(wrapped []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(wrapped), m.identity)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, fmt.Errorf("%w: another master key sealed it", ErrSealed)
	}
	if err != nil {
		return nil, errDamaged
	}
	dataKey, err := io.ReadAll(io.LimitReader(r, dataKeySize+1))
	if err != nil || len(dataKey) != dataKeySize {
		return nil, errDamaged
	}
	return dataKey, nil
}

// cipherKey derives the key that seals a record from its data key and the master key.
func (m master) cipherKey(dataKey []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, dataKey, []byte(m.identity.String()), "patchbay vault record 1", chacha20poly1305.KeySize)
}
