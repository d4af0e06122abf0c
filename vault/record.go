package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	version     = 1
	magic       = "PBV\x01" // with the version
	dataKeySize = 32
)

// errDamaged is the answer to a record that is none, whatever is wrong with it.
var errDamaged = fmt.Errorf("%w: it is damaged", ErrSealed)

// seal returns the record of secrets at p; the package comment describes it.
func (m master) seal(p place, secrets map[string]string) ([]byte, error) {
	var dataKey [dataKeySize]byte
	rand.Read(dataKey[:])
	wrapped, err := m.wrap(dataKey[:])
	if err != nil {
		return nil, fmt.Errorf("wrap the data key: %w", err)
	}
	aead, err := m.aead(dataKey[:])
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(toBytes(secrets))
	if err != nil {
		return nil, err
	}
	record := binary.BigEndian.AppendUint16([]byte(magic), uint16(len(wrapped)))
	record = append(record, wrapped...)
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	rand.Read(nonce)
	record = append(record, nonce...)
	return aead.Seal(record, nonce, plain, p.associatedData()), nil
}

// openSealed undoes the rest of seal, once the data key is unwrapped. Its errors match [ErrSealed].
func (m master) openSealed(p place, dataKey, nonce, sealed []byte) (map[string]string, error) {
	aead, err := m.aead(dataKey)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nonce, sealed, p.associatedData())
	if err != nil {
		return nil, fmt.Errorf("%w: it was changed, or belongs to another connection", ErrSealed)
	}
	var values map[string][]byte
	if json.Unmarshal(plain, &values) != nil { // the cause would quote what is sealed
		return nil, errDamaged
	}
	return toStrings(values), nil
}

// toBytes makes values fit for JSON, which would replace what is not UTF-8.
func toBytes(secrets map[string]string) map[string][]byte {
	values := make(map[string][]byte, len(secrets))
	for name, value := range secrets {
		values[name] = []byte(value)
	}
	return values
}

func toStrings(values map[string][]byte) map[string]string {
	secrets := make(map[string]string, len(values))
	for name, value := range values {
		secrets[name] = string(value)
	}
	return secrets
}

// split finds a record's parts, without a copy.
func split(record []byte) (wrapped, nonce, sealed []byte, err error) {
	const head = len(magic) + 2
	if len(record) < head || string(record[:len(magic)]) != magic {
		return nil, nil, nil, errDamaged
	}
	n := int(binary.BigEndian.Uint16(record[len(magic):]))
	rest := record[head:]
	if len(rest) < n+chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return nil, nil, nil, errDamaged
	}
	return rest[:n], rest[n:][:chacha20poly1305.NonceSizeX], rest[n+chacha20poly1305.NonceSizeX:], nil
}

func (m master) aead(dataKey []byte) (cipher.AEAD, error) {
	key, err := m.cipherKey(dataKey)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.NewX(key)
}

// associatedData ties a record to its place. Lengths come first, so that no two places have the same bytes.
func (p place) associatedData() []byte {
	data := []byte{version}
	for _, part := range []string{p.workspace, p.connection, p.field} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return data
}
