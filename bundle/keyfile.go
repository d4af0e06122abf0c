package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

const (
	pemType    = "PRIVATE KEY"
	maxKeyFile = 4 << 10
)

// errKeyFile says what is wrong with a file without quoting from it.
var errKeyFile = errors.New("want the public key's line and an Ed25519 key as PKCS #8 in PEM, and nothing else")

// WriteFile writes the key to a new file that only its owner may read. It appears under path only when it is whole, and a file that
// is there already stays: the error then matches fs.ErrExist.
func (k *Key) WriteFile(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	text := k.public.String() + "\n" + string(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}))
	err = writeAtomic(path, 0o600, os.Link, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// ReadKey reads the file that [Key.WriteFile] wrote. It refuses a file that others than its owner may read or write. A missing
// file matches fs.ErrNotExist.
func ReadKey(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	// Windows has no such mode bits.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("read key: %s has mode %#o, so others may use it: chmod 600 %[1]s", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
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
		return nil, fmt.Errorf("its first line is the key %s, but the private key belongs to %s", public.Fingerprint(), got.Fingerprint())
	}
	return &Key{public: public, private: private}, nil
}
