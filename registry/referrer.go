package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/abi"
)

// referrer is an artifact about a bundle: its signature, or its certificate.
type referrer struct {
	digest digest.Digest
	layers []ocispec.Descriptor
}

// layer is a blob to be made a layer.
type layer struct {
	mediaType string
	data      []byte
}

// encodeReferrer returns the blobs of an artifact about subject, its image manifest last, and the image manifest's
// descriptor.
func encodeReferrer(subject ocispec.Descriptor, artifactType string, layers ...layer) ([][]byte, ocispec.Descriptor, error) {
	empty := []byte("{}")
	blobs := [][]byte{empty}
	m := ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: artifactType,
		Config:       describe(ocispec.MediaTypeEmptyJSON, empty),
		Subject:      &ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	}
	for _, l := range layers {
		m.Layers = append(m.Layers, describe(l.mediaType, l.data))
		blobs = append(blobs, l.data)
	}
	image, err := json.Marshal(m)
	if err != nil {
		return nil, ocispec.Descriptor{}, fmt.Errorf("encode %s: %w", artifactType, err)
	}
	d := describe(ocispec.MediaTypeImageManifest, image)
	d.ArtifactType = artifactType
	return append(blobs, image), d, nil
}

func describe(mediaType string, data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
}

// referrers returns the artifacts of one type about subject, in the index's order, and what is wrong with the last one
// that cannot be read: that may be another version's.
func (r *repository) referrers(ctx context.Context, subject ocispec.Descriptor, artifactType string) (found []referrer, damage error) {
	for _, d := range r.index.Manifests {
		if tagOf(d) != "" || d.ArtifactType != "" && d.ArtifactType != artifactType {
			continue
		}
		image, err := r.referrer(ctx, d)
		if err != nil {
			damage = err
		} else if image.ArtifactType == artifactType && image.Subject != nil && image.Subject.Digest == subject.Digest {
			found = append(found, referrer{d.Digest, image.Layers})
		}
	}
	return found, damage
}

func (r *repository) referrer(ctx context.Context, d ocispec.Descriptor) (ocispec.Manifest, error) {
	var image ocispec.Manifest
	data, err := r.image(ctx, d)
	if err != nil {
		return image, err
	}
	if err := abi.CheckJSON(data); err != nil {
		return image, r.corrupt("image manifest %s: %v", d.Digest, err)
	}
	if err := json.Unmarshal(data, &image); err != nil {
		return image, r.corrupt("image manifest %s: %v", d.Digest, err)
	}
	return image, nil
}
