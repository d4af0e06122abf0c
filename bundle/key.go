package bundle

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

const keyType = "patchbay-ed25519"

// PublicKey is a publisher's public key. Two are equal (==) when publisher and key are.
type PublicKey struct {
	publisher string
	key       [ed25519.PublicKeySize]byte
}

// Publisher returns the name that the key is bound to.
func (k PublicKey) Publisher() string { return k.publisher }

// Fingerprint returns "SHA256:" and the unpadded base64 of the key's SHA-256. It does not cover the publisher.
func (k PublicKey) Fingerprint() string {
	sum := sha256.Sum256(k.key[:])
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// String returns the key as the one line of text that [ParsePublicKey] reads, without a line feed.
func (k PublicKey) String() string {
	return keyType + " " + k.publisher + " " + base64.StdEncoding.EncodeToString(k.key[:])
}

// MarshalText returns [PublicKey.String].
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText is [ParsePublicKey].
func (k *PublicKey) UnmarshalText(text []byte) (err error) {
	*k, err = ParsePublicKey(string(text))
	return err
}

// ParsePublicKey reads a public key's line, with or without a line feed at its end.
func ParsePublicKey(line string) (PublicKey, error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(fields) != 3 || fields[0] != keyType {
		return PublicKey{}, fmt.Errorf("public key: want one line %q", keyType+" PUBLISHER BASE64")
	}
	if !ValidName(fields[1]) {
		return PublicKey{}, fmt.Errorf("public key: publisher %.80q: want %s", fields[1], nameRule)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(raw) != ed25519.PublicKeySize || strings.ContainsAny(fields[2], "\r\n") {
		return PublicKey{}, fmt.Errorf("public key of %s: want %d bytes in base64", fields[1], ed25519.PublicKeySize)
	}
	return newPublicKey(fields[1], raw), nil
}

func newPublicKey(publisher string, raw []byte) PublicKey {
	k := PublicKey{publisher: publisher}
	copy(k.key[:], raw)
	return k
}

// Key is a publisher's private key. It prints as its fingerprint.
type Key struct {
	public  PublicKey
	private ed25519.PrivateKey
}

// GenerateKey makes a new key for a publisher.
func GenerateKey(publisher string) (*Key, error) {
	if !ValidName(publisher) {
		return nil, fmt.Errorf("generate key: publisher %.80q: want %s", publisher, nameRule)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return &Key{public: newPublicKey(publisher, public), private: private}, nil
}

// Public returns the public half.
func (k *Key) Public() PublicKey { return k.public }

// Format prints the fingerprint whatever the verb is: the key itself never reaches a log.
func (k Key) Format(s fmt.State, _ rune) {
	io.WriteString(s, "private key "+k.public.Fingerprint()) // fmt.State takes everything
}
