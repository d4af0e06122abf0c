package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/abi"
	"patchbay/bundle"
)

// maxEnvelopes is how many signatures of one bundle are read. More are no help, only work.
const maxEnvelopes = 64

// encodeSignature returns the blobs of a signature's artifact, its image manifest last, and the image manifest's
// descriptor.
func encodeSignature(subject ocispec.Descriptor, env bundle.Envelope) ([][]byte, ocispec.Descriptor, error) {
	empty := []byte("{}")
	image, err := json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: bundle.TypeSignature,
		Config:       describe(ocispec.MediaTypeEmptyJSON, empty),
		Layers:       []ocispec.Descriptor{describe(bundle.TypeEnvelope, env)},
		Subject:      &ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	})
	if err != nil {
		return nil, ocispec.Descriptor{}, fmt.Errorf("encode signature: %w", err)
	}
	d := describe(ocispec.MediaTypeImageManifest, image)
	d.ArtifactType = bundle.TypeSignature
	return [][]byte{empty, env, image}, d, nil
}

func describe(mediaType string, data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
}

// envelopes returns the signatures of subject. A damaged one counts only when no other is found: it may be another
// version's, whose damage is no reason to refuse this one.
func (r *repository) envelopes(ctx context.Context, subject ocispec.Descriptor) ([]bundle.Envelope, error) {
	var found []bundle.Envelope
	var damage error
	for _, d := range r.index.Manifests {
		if tagOf(d) != "" || d.ArtifactType != "" && d.ArtifactType != bundle.TypeSignature {
			continue
		}
		env, err := r.envelope(ctx, d, subject)
		if err != nil {
			damage = err
		} else if env != nil && len(found) < maxEnvelopes {
			found = append(found, env)
		}
	}
	if len(found) == 0 {
		return nil, damage
	}
	return found, ctx.Err()
}

// envelope returns the envelope in the artifact d, or nil when it is not a signature of subject.
func (r *repository) envelope(ctx context.Context, d, subject ocispec.Descriptor) (bundle.Envelope, error) {
	data, err := r.image(ctx, d)
	if err != nil {
		return nil, err
	}
	var image ocispec.Manifest
	if err := abi.CheckJSON(data); err != nil {
		return nil, r.corrupt("image manifest %s: %v", d.Digest, err)
	}
	if err := json.Unmarshal(data, &image); err != nil {
		return nil, r.corrupt("image manifest %s: %v", d.Digest, err)
	}
	if image.ArtifactType != bundle.TypeSignature || image.Subject == nil || image.Subject.Digest != subject.Digest {
		return nil, nil
	}
	l := image.Layers
	if len(l) != 1 || l[0].MediaType != bundle.TypeEnvelope || l[0].Size > bundle.MaxEnvelope {
		return nil, r.corrupt("signature %s: want one layer, an envelope of at most %d bytes", d.Digest, bundle.MaxEnvelope)
	}
	return r.fetch(ctx, l[0])
}
