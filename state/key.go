package state

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// MaxKey is the greatest length of a key in bytes. Encoded, a key must fit into one line of the NATS protocol.
const MaxKey = 1024

// encodeKey returns the subject tokens that stand for key; the package comment describes them.
func encodeKey(key string) string {
	segments := strings.Split(key, "/")
	for i, s := range segments {
		segments[i] = encodeSegment(s)
	}
	return strings.Join(segments, ".")
}

func encodeSegment(s string) string {
	if s == "" {
		return "="
	}
	var b strings.Builder
	for i := range len(s) {
		if plain(s[i]) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "=%02X", s[i])
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// decodeKey undoes encodeKey.
func decodeKey(subject string) (string, error) {
	segments := strings.Split(subject, ".")
	for i, s := range segments {
		decoded, err := decodeSegment(s)
		if err != nil {
			return "", fmt.Errorf("decode stored key %q: %w", subject, err)
		}
		segments[i] = decoded
	}
	return strings.Join(segments, "/"), nil
}

func decodeSegment(s string) (string, error) {
	if s == "=" {
		return "", nil
	}
	var b strings.Builder
	for {
		before, after, escaped := strings.Cut(s, "=")
		b.WriteString(before)
		if !escaped {
			return b.String(), nil
		}
		if len(after) < 2 {
			return "", fmt.Errorf("%q ends inside an escape", s)
		}
		c, err := hex.DecodeString(after[:2])
		if err != nil {
			return "", err
		}
		b.Write(c)
		s = after[2:]
	}
}

// filterFor returns a subject filter that every encoded key with this prefix matches. A filter knows whole
// segments only, so it may match more.
func filterFor(prefix string) string {
	i := strings.LastIndexByte(prefix, '/')
	if i < 0 {
		return ">"
	}
	return encodeKey(prefix[:i]) + ".>"
}
