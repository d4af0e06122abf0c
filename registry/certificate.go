package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/bundle"
)

// maxCertificates is how many certificates of one bundle are read, the newest.
const maxCertificates = 16

// MaxReport is the greatest size of a report in bytes.
const MaxReport = 4 << 20

// Certified is what a registry makes of a bundle's certificates, by the certifiers' keys that it keeps.
type Certified struct {
	*bundle.Certificate        // the one that holds longest; also one that expired or failed; else nil
	Problem             string `json:"problem,omitempty"` // why none holds; empty if one does
}

// Certificates returns the certificates of a published bundle with their reports, the newest 16. Bytes have been
// checked against their digests; whether to believe any is for [bundle.VerifyCertificate] to say. A damaged one
// matches [bundle.ErrCorrupt] when no other is found.
func (r *Registry) Certificates(ctx context.Context, b *bundle.Bundle) ([]bundle.Certification, error) {
	var all []bundle.Certification
	m := b.Manifest()
	err := r.resolve(m.Ref()+"@"+b.Digest(), func(_ *os.Root, repo *repository, t tag) (err error) {
		all, err = repo.certifications(ctx, t.desc)
		return err
	})
	return all, err
}

func encodeCertificate(subject ocispec.Descriptor, c bundle.Certification) ([][]byte, ocispec.Descriptor, error) {
	return encodeReferrer(subject, bundle.TypeCertificate, layer{bundle.TypeEnvelope, c.Envelope}, layer{bundle.TypeReport, c.Report})
}

func (r *repository) certifications(ctx context.Context, subject ocispec.Descriptor) ([]bundle.Certification, error) {
	certificates, damage := r.referrers(ctx, subject, bundle.TypeCertificate)
	var found []bundle.Certification
	for _, c := range certificates[max(0, len(certificates)-maxCertificates):] {
		got, err := r.certification(ctx, c)
		if err != nil {
			damage = err
		} else {
			found = append(found, got)
		}
	}
	if len(found) == 0 {
		return nil, damage
	}
	return found, ctx.Err()
}

func (r *repository) certification(ctx context.Context, c referrer) (got bundle.Certification, err error) {
	l := c.layers
	if len(l) != 2 || l[0].MediaType != bundle.TypeEnvelope || l[1].MediaType != bundle.TypeReport ||
		l[0].Size > bundle.MaxEnvelope || l[1].Size > MaxReport {
		return got, r.corrupt("certificate %s: want an envelope of at most %d bytes and a report of at most %d", c.digest, bundle.MaxEnvelope, MaxReport)
	}
	if got.Envelope, err = r.fetch(ctx, l[0]); err != nil {
		return got, err
	}
	got.Report, err = r.fetch(ctx, l[1])
	return got, err
}

// certified looks at the certificates of a version for its listing. What is wrong with them is told, and hides nothing
// else.
func (r *repository) certified(ctx context.Context, t tag, keys []bundle.PublicKey, now time.Time) *Certified {
	all, err := r.certifications(ctx, t.desc)
	if err != nil {
		return &Certified{Problem: err.Error()}
	}
	c, err := bundle.VerifyCertificate(t.desc.Digest.String(), keys, now, all...)
	switch {
	case errors.Is(err, bundle.ErrUncertified):
		return nil
	case err == nil:
		return &Certified{Certificate: &c}
	case c.Bundle == "":
		return &Certified{Problem: err.Error()}
	}
	return &Certified{Certificate: &c, Problem: err.Error()}
}

// check verifies the certificate that comes with a publication, and runs the certification again.
func (o PublishOptions) check(ctx context.Context, r *Registry, b *bundle.Bundle) error {
	c := o.Certification
	if c == nil {
		return nil
	}
	if len(c.Report) > MaxReport {
		return fmt.Errorf("the report has %d bytes, at most %d are allowed", len(c.Report), MaxReport)
	}
	if _, err := bundle.VerifyCertificate(b.Digest(), []bundle.PublicKey{o.CertifierKey}, r.now(), *c); err != nil {
		return err
	}
	if o.Certifier == nil {
		return nil
	}
	return recertify(ctx, r, o.Certifier, b, c.Report)
}
