package host

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"patchbay/bundle"
)

// Certified is what a host thinks of a bundle's certificates.
type Certified struct {
	bundle.Certificate       // the one that holds longest; also one that expired or failed; else zero
	First              bool  // no key of this certifier was known: Key was only claimed, to be pinned by [Host.PinCertifier]
	Problem            error // why none holds, as [bundle.VerifyCertificate] has it; nil if one does
}

// Kept is the certificate that a record of the installation keeps: one that holds, or held once; nil for none.
func (c Certified) Kept() *bundle.Certificate {
	if c.Problem == nil || errors.Is(c.Problem, bundle.ErrExpired) {
		return &c.Certificate
	}
	return nil
}

// Certified looks at a bundle's certificates: by the keys that are pinned for certifiers, and for names that have none
// yet by claims, the keys that the registry says are the certifiers'. A certificate that does not hold is
// no error but a problem to show to a person, unless it was changed after it was signed, which matches
// bundle.ErrCorrupt.
func (h *Host) Certified(ctx context.Context, b *bundle.Bundle, claims []bundle.PublicKey, all ...bundle.Certification) (Certified, error) {
	pinned, err := h.certifiers(ctx)
	if err != nil {
		return Certified{}, err
	}
	trusted := slices.Clone(pinned)
	for _, k := range claims {
		known := func(p bundle.PublicKey) bool { return p.Publisher() == k.Publisher() }
		if !slices.ContainsFunc(pinned, known) {
			trusted = append(trusted, k)
		}
	}
	c, err := bundle.VerifyCertificate(b.Digest(), trusted, h.cfg.Now(), all...)
	if errors.Is(err, bundle.ErrCorrupt) {
		return Certified{}, fmt.Errorf("%s: %w", b.Ref(), err)
	}
	return Certified{Certificate: c, First: c.Bundle != "" && !slices.Contains(pinned, c.Key), Problem: err}, nil
}

// PinCertifier makes key the one that its certifier's certificates must be signed with from now on, see [Host.Pin].
func (h *Host) PinCertifier(ctx context.Context, key bundle.PublicKey) error {
	return h.pin(ctx, "certifier", key)
}

// certifiers returns the keys that are pinned for certifiers.
func (h *Host) certifiers(ctx context.Context) ([]bundle.PublicKey, error) {
	prefix := h.key("certifier", "")
	keys, err := h.cfg.Store.Keys(ctx, prefix)
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	var all []bundle.PublicKey
	for _, k := range keys {
		p, err := h.pinned(ctx, "certifier", k[len(prefix):])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// certification says whether an installed connector is certified now: nil, bundle.ErrUncertified or bundle.ErrExpired.
func (h *Host) certification(rec Installed) error {
	switch {
	case rec.Certificate == nil:
		return bundle.ErrUncertified
	case rec.Certificate.Expired(h.cfg.Now()):
		return bundle.ErrExpired
	}
	return nil
}

// certifiedBy is how the audit log names a certificate.
func certifiedBy(c *bundle.Certificate) string {
	if c == nil {
		return ""
	}
	return c.Certifier() + " " + c.Key.Fingerprint() + " report " + c.Report
}
