package bundle

import (
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/abi"
	"patchbay/manifest"
)

// Bounds of an image manifest from outside.
const (
	maxImage = 64 << 10 // bytes
	maxBlobs = 64       // config and layers
)

// config is the CNCF Wasm artifact format's config; its readers insist on created.
type config struct {
	Created      string   `json:"created"`
	Architecture string   `json:"architecture"`
	OS           string   `json:"os"`
	LayerDigests []string `json:"layerDigests"`
}

// encodeImage returns the image manifest of parts, the config and the layers, in this order.
func encodeImage(m *manifest.Manifest, parts []part) ([]Blob, error) {
	image := ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: TypeConnector,
		Annotations:  annotations(m),
	}
	cfg := config{Created: "1970-01-01T00:00:00Z", Architecture: "wasm", OS: "wasip1"}
	blobs := make([]Blob, 2, 2+len(parts))
	for _, p := range parts {
		b := newBlob(p.mediaType, p.data)
		d := descriptor(b)
		d.Annotations = map[string]string{ocispec.AnnotationTitle: p.title}
		image.Layers = append(image.Layers, d)
		cfg.LayerDigests = append(cfg.LayerDigests, b.Digest)
		blobs = append(blobs, b)
	}
	data, err := json.Marshal(cfg)
	if err != nil {
		return nil, fmt.Errorf("encode config: %w", err)
	}
	blobs[1] = newBlob(TypeConfig, data)
	image.Config = descriptor(blobs[1])
	if data, err = json.Marshal(image); err != nil {
		return nil, fmt.Errorf("encode image manifest: %w", err)
	}
	blobs[0] = newBlob(ocispec.MediaTypeImageManifest, data)
	return blobs, nil
}

func annotations(m *manifest.Manifest) map[string]string {
	a := map[string]string{}
	for key, value := range map[string]string{
		ocispec.AnnotationTitle:       m.Title,
		ocispec.AnnotationVersion:     m.Version,
		ocispec.AnnotationDescription: m.Description,
		ocispec.AnnotationLicenses:    m.License,
		ocispec.AnnotationVendor:      m.Publisher,
	} {
		if value != "" {
			a[key] = value
		}
	}
	return a
}

func descriptor(b Blob) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: b.MediaType, Digest: digest.Digest(b.Digest), Size: b.Size}
}

// ParseImage returns the blobs that a connector's image manifest lists, the config first, without their data. It
// refuses what no bundle has: other media types, sizes beyond the package comment's, digests that are not SHA-256.
// The errors match [ErrCorrupt]. The caller has checked the image manifest's own digest.
func ParseImage(imageManifest []byte) ([]Blob, error) {
	if len(imageManifest) > maxImage {
		return nil, corrupt("image manifest has more than %d bytes", maxImage)
	}
	if err := abi.CheckJSON(imageManifest); err != nil {
		return nil, corrupt("image manifest: %v", err)
	}
	var image ocispec.Manifest
	if err := json.Unmarshal(imageManifest, &image); err != nil {
		return nil, corrupt("image manifest: %v", err)
	}
	if image.ArtifactType != TypeConnector {
		return nil, corrupt("image manifest has the artifact type %.80q, not %s", image.ArtifactType, TypeConnector)
	}
	if n := 1 + len(image.Layers); n > maxBlobs {
		return nil, corrupt("image manifest lists %d blobs, at most %d are allowed", n, maxBlobs)
	}
	return parseDescriptors(append([]ocispec.Descriptor{image.Config}, image.Layers...))
}

func parseDescriptors(ds []ocispec.Descriptor) ([]Blob, error) {
	blobs := make([]Blob, 0, len(ds))
	var total int64
	for i, d := range ds {
		b := Blob{MediaType: d.MediaType, Digest: d.Digest.String(), Size: d.Size}
		limit := partLimit(b.MediaType)
		if limit == 0 || (i == 0) != (b.MediaType == TypeConfig) {
			return nil, corrupt("blob %d has the media type %.80q, which no bundle has there", i, b.MediaType)
		}
		if d.Digest.Validate() != nil || d.Digest.Algorithm() != digest.SHA256 {
			return nil, corrupt("blob %d (%s) has the digest %.80q, which is not SHA-256", i, b.MediaType, b.Digest)
		}
		if b.Size < 1 || b.Size > limit {
			return nil, corrupt("blob %s (%s) claims %d bytes, allowed are 1 to %d", b.Digest, b.MediaType, b.Size, limit)
		}
		if total += b.Size; total > MaxSize {
			return nil, corrupt("the blobs claim more than %d bytes in all", MaxSize)
		}
		blobs = append(blobs, b)
	}
	return blobs, nil
}

// Load makes a bundle from its image manifest, whose digest the caller has checked. It calls fetch once for the
// config and once for each layer, in order and within the bounds of [ParseImage]; fetch returns the blob's bytes,
// which Load checks. Errors match [ErrCorrupt] unless they are fetch's or [New]'s.
func Load(imageManifest []byte, fetch func(Blob) ([]byte, error)) (*Bundle, error) {
	blobs, err := ParseImage(imageManifest)
	if err != nil {
		return nil, err
	}
	var c Contents
	for _, b := range blobs {
		data, err := fetch(b)
		if err != nil {
			return nil, err
		}
		if err := b.check(data); err != nil {
			return nil, err
		}
		if err := c.set(b.MediaType, data); err != nil {
			return nil, corrupt("%v", err)
		}
	}
	bundle, err := New(c)
	if err != nil {
		return nil, err
	}
	if got := digest.FromBytes(imageManifest).String(); got != bundle.Digest() {
		return nil, corrupt("image manifest %s is not in this format: its parts make %s", got, bundle.Digest())
	}
	return bundle, nil
}
