package vault

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that does not show itself: with every verb of package fmt, in JSON and other text
// encodings, in package log/slog and as the value of a panic it reads "[redacted]". In an unexported field, where
// its methods are not asked, it shows as the address of a function. It cannot be compared with == nor be the key
// of a map. The zero value is the empty secret.
//
// The characters lie in memory in the clear: a core dump and a debugger show them.
type Secret struct {
	reveal func() string // a function, since package reflect goes through pointers but not into what a function holds
}

// NewSecret returns text as a secret.
func NewSecret(text string) Secret { return Secret{reveal: func() string { return text }} }

// Reveal returns the secret itself. Call it where it is used, as late as possible.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Equal says whether two secrets are the same, in a time that tells nothing but their lengths.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format writes "[redacted]", for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]"; encoding/json uses it too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
