package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"patchbay/bundle"
)

// Trust is what a host thinks of the key that signed a bundle.
type Trust struct {
	Key   bundle.PublicKey
	First bool // no key of this publisher was known: Key was only claimed, to be pinned by [Host.Pin]
}

// Verify checks that one of the envelopes is a signature over b by its publisher: by the key that was pinned
// for the publisher, or, when none was yet, by one of claims, the keys that the registry says are the publisher's.
// The first use decides whom to believe: show Trust.First to a person, then call [Host.Pin].
// A signature that does not hold matches bundle.ErrUntrusted.
func (h *Host) Verify(ctx context.Context, b *bundle.Bundle, claims []bundle.PublicKey, envelopes ...bundle.Envelope) (Trust, error) {
	publisher := b.Manifest().Publisher
	pinned, err := h.pinned(ctx, "publisher", publisher)
	first := errors.Is(err, fs.ErrNotExist)
	trusted := []bundle.PublicKey{pinned}
	switch {
	case first && len(claims) == 0:
		return Trust{}, fmt.Errorf("%w: no key of publisher %s is known", bundle.ErrUntrusted, publisher)
	case first:
		trusted = claims
	case err != nil:
		return Trust{}, err
	}
	key, err := bundle.Verify(b, trusted, envelopes...)
	if err != nil {
		return Trust{}, err
	}
	return Trust{Key: key, First: first}, nil
}

// Pin makes key the one that its publisher's bundles must be signed with from now on. Another key that was
// pinned meanwhile stays, and the error matches bundle.ErrUntrusted.
func (h *Host) Pin(ctx context.Context, key bundle.PublicKey) error {
	return h.pin(ctx, "publisher", key)
}

// pin keeps the key of a publisher or a certifier. They are apart: whoever has one name has not the other.
func (h *Host) pin(ctx context.Context, role string, key bundle.PublicKey) error {
	pinned, err := h.pinned(ctx, role, key.Publisher())
	if err == nil && pinned != key {
		return fmt.Errorf("%w: %s %s is known by the key %s", bundle.ErrUntrusted, role, key.Publisher(), pinned.Fingerprint())
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return h.cfg.Store.Put(ctx, h.key(role, key.Publisher()), []byte(key.String()))
}

func (h *Host) pinned(ctx context.Context, role, name string) (bundle.PublicKey, error) {
	text, err := h.cfg.Store.Get(ctx, h.key(role, name))
	if err != nil {
		return bundle.PublicKey{}, err
	}
	return bundle.ParsePublicKey(string(text))
}
