package bundle

import (
	"errors"
	"fmt"
)

// ErrCorrupt is matched when the bytes of a bundle are not what its digests, or its format, say.
var ErrCorrupt = errors.New("corrupt bundle")

// ErrUntrusted is matched when a bundle has no valid signature of a trusted key of its publisher.
var ErrUntrusted = errors.New("untrusted bundle")

// What keeps a certificate from counting; see [VerifyCertificate].
var (
	ErrUncertified      = errors.New("not certified")
	ErrUnknownCertifier = errors.New("unknown certifier")
	ErrExpired          = errors.New("expired certificate")
	ErrOtherBundle      = errors.New("certificate of another bundle")
	ErrFailed           = errors.New("certification failed")
)

// badCertificate matches ErrCorrupt and says that it is the certificate that is corrupt.
type badCertificate string

func (e badCertificate) Error() string      { return "corrupt certificate: " + string(e) }
func (badCertificate) Is(target error) bool { return target == ErrCorrupt }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
