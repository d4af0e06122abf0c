package vault

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that does not show itself: with every verb of package fmt, in JSON and other text
// encodings, and in package log/slog it reads "[redacted]". Two places show it all the same, since its methods
// are not asked there: unexported fields of a struct that fmt prints, and keys of a map that becomes JSON.
type Secret string

// Reveal returns the secret itself. Call it where it is used, as late as possible.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format writes "[redacted]", for every verb: a wrong one, such as %d, would print the value by itself.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]"; encoding/json uses it too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
