package registry

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/bundle"
)

// maxEnvelopes is how many signatures of one bundle are read. More are no help, only work.
const maxEnvelopes = 64

func encodeSignature(subject ocispec.Descriptor, env bundle.Envelope) ([][]byte, ocispec.Descriptor, error) {
	return encodeReferrer(subject, bundle.TypeSignature, layer{bundle.TypeEnvelope, env})
}

// envelopes returns the signatures of subject. A damaged one counts only when no other is found: it may be another
// version's, whose damage is no reason to refuse this one.
func (r *repository) envelopes(ctx context.Context, subject ocispec.Descriptor) ([]bundle.Envelope, error) {
	signatures, damage := r.referrers(ctx, subject, bundle.TypeSignature)
	var found []bundle.Envelope
	for _, s := range signatures {
		env, err := r.envelope(ctx, s)
		if err != nil {
			damage = err
		} else if len(found) < maxEnvelopes {
			found = append(found, env)
		}
	}
	if len(found) == 0 {
		return nil, damage
	}
	return found, ctx.Err()
}

// envelope returns a signature's one layer.
func (r *repository) envelope(ctx context.Context, s referrer) (bundle.Envelope, error) {
	if l := s.layers; len(l) != 1 || l[0].MediaType != bundle.TypeEnvelope || l[0].Size > bundle.MaxEnvelope {
		return nil, r.corrupt("signature %s: want one layer, an envelope of at most %d bytes", s.digest, bundle.MaxEnvelope)
	}
	return r.fetch(ctx, s.layers[0])
}
