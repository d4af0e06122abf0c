package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// errOtherKey is the answer to a record that none of the keys opens.
var errOtherKey = fmt.Errorf("%w: another master key sealed it", ErrSealed)

// master is a key that wraps records' data keys.
type master struct{ identity *age.HybridIdentity }

// NewKey makes a master key, for Config.Key.
func NewKey() (Secret, error) {
	m, err := newMaster()
	if err != nil {
		return Secret{}, fmt.Errorf("make a master key: %w", err)
	}
	return NewSecret(m.identity.String()), nil
}

func newMaster() (master, error) {
	identity, err := age.GenerateHybridIdentity()
	return master{identity}, err
}

// parseMasters reads keys, a line each. It leaves out why age refuses a text, since age quotes from it.
func parseMasters(text []byte) ([]master, bool) {
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, false
	}
	var masters []master
	for _, identity := range identities {
		hybrid, ok := identity.(*age.HybridIdentity)
		if !ok {
			return nil, false
		}
		masters = append(masters, master{hybrid})
	}
	return masters, len(masters) > 0
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
		return nil, errOtherKey
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
