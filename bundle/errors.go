package bundle

import (
	"errors"
	"fmt"
)

// ErrCorrupt is matched when the bytes of a bundle are not what its digests, or its format, say.
var ErrCorrupt = errors.New("corrupt bundle")

// ErrUntrusted is matched when a bundle has no valid signature of a trusted key of its publisher.
var ErrUntrusted = errors.New("untrusted bundle")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
