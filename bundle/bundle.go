package bundle

import (
	"fmt"

	"github.com/opencontainers/go-digest"

	"patchbay/manifest"
)

// Bundle is a built connector. It does not change once made and may be used by many goroutines.
type Bundle struct {
	contents Contents
	manifest *manifest.Manifest
	blobs    []Blob // image manifest, config, layers
}

// Blob is one of an artifact's blobs, or what its image manifest says of it.
type Blob struct {
	MediaType string
	Digest    string // "sha256:" and 64 lower-case hex digits
	Size      int64
	Data      []byte // nil until read
}

// New makes a bundle of c, whose slices the bundle keeps: do not change them afterwards.
func New(c Contents) (*Bundle, error) {
	parts, err := c.parts()
	if err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	m, err := manifest.Decode(c.Manifest)
	if err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	if err := checkVersion(m); err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	blobs, err := encodeImage(m, parts)
	if err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	b := &Bundle{contents: c, manifest: m, blobs: blobs}
	if n := b.Size(); n > MaxSize {
		return nil, fmt.Errorf("make bundle: the file would have %d bytes, at most %d are allowed", n, MaxSize)
	}
	return b, nil
}

// Contents returns what the bundle was made of; do not change it.
func (b *Bundle) Contents() Contents { return b.contents }

// Manifest returns the connector's manifest; do not change it.
func (b *Bundle) Manifest() *manifest.Manifest { return b.manifest }

// Blobs returns the image manifest, then the config, then the layers; do not change them.
func (b *Bundle) Blobs() []Blob { return b.blobs }

// Digest returns the digest of the image manifest, which is the bundle's identity: "sha256:" and 64 hex digits.
func (b *Bundle) Digest() string { return b.blobs[0].Digest }

// Ref returns the bundle's full name, "publisher/name@version".
func (b *Bundle) Ref() string {
	return b.manifest.Publisher + "/" + b.manifest.Name + "@" + b.manifest.Version
}

// FileName returns the name its file goes by, "NAME-VERSION.bundle".
func (b *Bundle) FileName() string { return b.manifest.Name + "-" + b.manifest.Version + ".bundle" }

func newBlob(mediaType string, data []byte) Blob {
	return Blob{MediaType: mediaType, Digest: digest.FromBytes(data).String(), Size: int64(len(data)), Data: data}
}

// check reports whether data is what the blob's size and digest say.
func (b Blob) check(data []byte) error {
	if int64(len(data)) != b.Size {
		return corrupt("blob %s (%s) has %d bytes, not %d", b.Digest, b.MediaType, len(data), b.Size)
	}
	if got := digest.FromBytes(data).String(); got != b.Digest {
		return corrupt("blob %s (%s, %d bytes) has the digest %s", b.Digest, b.MediaType, b.Size, got)
	}
	return nil
}
