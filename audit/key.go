package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"patchbay/internal/keyfile"
)

// name is the name of the log's keys, and the first line of its notes.
const name = "patchbay-audit"

// PublicKey returns the public key that belongs to the private one in a key file, as [Log.PublicKey] does. A
// missing file matches [fs.ErrNotExist].
func PublicKey(keyFile string) (string, error) {
	data, err := keyfile.Read(keyFile)
	if err != nil {
		return "", err
	}
	return publicKey(strings.TrimSpace(string(data)), keyFile)
}

// openKey reads the key file, or makes it for a log that is not begun yet.
func openKey(ctx context.Context, cfg Config) (string, error) {
	data, err := keyfile.Read(cfg.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = createKey(ctx, cfg)
	}
	return strings.TrimSpace(string(data)), err
}

func createKey(ctx context.Context, cfg Config) ([]byte, error) {
	keys, err := cfg.Store.Keys(ctx, "")
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(cfg.Checkpoint)
	if len(keys) > 0 || err == nil {
		data, err := keyfile.Read(cfg.KeyFile) // another process may have made it, and used it, just now
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("key file %s is missing, and there are entries that it has signed: restore it from a backup", cfg.KeyFile)
		}
		return data, err
	}
	private, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	return keyfile.Create(cfg.KeyFile, []byte(private+"\n"))
}

// publicKey leaves out why a key is refused, since that could quote it.
func publicKey(private, path string) (string, error) {
	parts := strings.Split(private, "+") // PRIVATE+KEY+name+hash+base64(1, seed)
	if _, err := note.NewSigner(private); err == nil && len(parts) >= 5 && parts[2] == name {
		key, err := base64.StdEncoding.DecodeString(strings.Join(parts[4:], "+"))
		if err == nil && len(key) == 1+ed25519.SeedSize {
			public := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
			return note.NewEd25519VerifierKey(name, public)
		}
	}
	return "", fmt.Errorf("key file %s does not hold one line PRIVATE+KEY+%s+…: restore it from a backup", path, name)
}

func verifier(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil || v.Name() != name {
		return nil, fmt.Errorf("%q is no public key of an audit log: want %s+HASH+KEY, as 'host audit export' prints it", key, name)
	}
	return v, nil
}
