package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"patchbay/internal/keyfile"
)

const pemType = "PRIVATE KEY"

// errKeyFile says what is wrong with a file without quoting from it.
var errKeyFile = errors.New("want the public key's line and an Ed25519 key as PKCS #8 in PEM, and nothing else")

// WriteFile writes the key to a new file that only its owner may read, and makes the file's folder if need be. The
// file appears under path only when it is whole, and one that is there already stays: the error then matches
// fs.ErrExist.
func (k *Key) WriteFile(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	text := append([]byte(k.public.String()+"\n"), pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})...)
	got, err := keyfile.Create(path, text)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, text) {
		return fmt.Errorf("write key: %w", &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist})
	}
	return nil
}

// ReadKey reads the file that [Key.WriteFile] wrote. It refuses a file that others than its owner may read or
// write. A missing file matches fs.ErrNotExist.
func ReadKey(path string) (*Key, error) {
	data, err := keyfile.Read(path)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(data)
	if err != nil {
		return nil, fmt.Errorf("read key: %s: %w", path, err)
	}
	return k, nil
}

func parseKey(data []byte) (*Key, error) {
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	public, err := ParsePublicKey(string(line))
	if err != nil {
		return nil, errKeyFile
	}
	p, rest := pem.Decode(rest)
	if p == nil || p.Type != pemType || len(p.Headers) != 0 || len(rest) != 0 {
		return nil, errKeyFile
	}
	any, err := x509.ParsePKCS8PrivateKey(p.Bytes)
	if err != nil {
		return nil, errKeyFile
	}
	private, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, errKeyFile
	}
	if got := newPublicKey(public.publisher, private.Public().(ed25519.PublicKey)); got != public {
		return nil, fmt.Errorf("its first line is the key %s, but the private key's is %s",
			public.Fingerprint(), got.Fingerprint())
	}
	return &Key{public: public, private: private}, nil
}
