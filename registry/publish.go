package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/bundle"
)

// Publish adds a bundle and its signature by key, and returns the bundle's digest. The first key that publishes
// under a publisher's name claims it; any other key, or an envelope that does not verify, matches
// [bundle.ErrUntrusted]. Publishing the same bundle again changes nothing but may add a signature; another bundle
// of the same version matches [ErrVersionExists].
func (r *Registry) Publish(ctx context.Context, b *bundle.Bundle, env bundle.Envelope, key bundle.PublicKey) (string, error) {
	if _, err := bundle.Verify(b, []bundle.PublicKey{key}, env); err != nil {
		return "", fmt.Errorf("publish: %w", err)
	}
	err := r.change(ctx, func(d disk) error {
		if err := claim(d, key); err != nil {
			return err
		}
		return publish(ctx, d, b, env)
	})
	if err != nil {
		return "", fmt.Errorf("publish %s: %w", b.Ref(), err)
	}
	return b.Digest(), nil
}

func publish(ctx context.Context, d disk, b *bundle.Bundle, env bundle.Envelope) error {
	m := b.Manifest()
	name := path.Join(m.Publisher, m.Name)
	index := newIndex()
	repo, err := openRepository(d.root, name)
	if err == nil {
		index = repo.index
		err = repo.checkFree(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	artifact := describe(ocispec.MediaTypeImageManifest, b.Blobs()[0].Data)
	blobs, signature, err := encodeSignature(artifact, env)
	if err != nil {
		return err
	}
	for _, blob := range b.Blobs() {
		blobs = append(blobs, blob.Data)
	}
	if err := writeBlobs(ctx, d, name, blobs); err != nil {
		return err
	}
	artifact.ArtifactType = bundle.TypeConnector
	artifact.Annotations = map[string]string{ocispec.AnnotationRefName: m.Version}
	for _, entry := range []ocispec.Descriptor{artifact, signature} {
		listed := func(d ocispec.Descriptor) bool { return d.Digest == entry.Digest && tagOf(d) == tagOf(entry) }
		if !slices.ContainsFunc(index.Manifests, listed) {
			index.Manifests = append(index.Manifests, entry)
		}
	}
	return writeIndex(d, name, index)
}

// checkFree reports whether b may be published: under a new version, or again.
func (r *repository) checkFree(b *bundle.Bundle) error {
	t, ok := r.find(b.Manifest().Version)
	if ok && t.desc.Digest.String() != b.Digest() {
		return fmt.Errorf("%w by the bundle %s; raise the version in the manifest", ErrVersionExists, t.desc.Digest)
	}
	return nil
}

// writeBlobs stores blobs, which nothing refers to yet, in a layout that is made if need be.
func writeBlobs(ctx context.Context, d disk, name string, blobs [][]byte) error {
	dir := path.Join(name, ocispec.ImageBlobsDir, "sha256")
	if err := d.mkdir(path.Dir(name), name, path.Dir(dir), dir); err != nil {
		return err
	}
	for _, data := range blobs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.writeOnce(path.Join(dir, describe("", data).Digest.Encoded()), data); err != nil {
			return fmt.Errorf("write blob: %w", err)
		}
	}
	layout := fmt.Sprintf(`{"imageLayoutVersion":%q}`, ocispec.ImageLayoutVersion)
	return d.writeOnce(path.Join(name, ocispec.ImageLayoutFile), []byte(layout))
}

// writeIndex makes what is published visible.
func writeIndex(d disk, name string, index ocispec.Index) error {
	data, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("encode index.json: %w", err)
	}
	if len(data) > maxIndex {
		return fmt.Errorf("the repository is full: its index.json would have %d bytes, at most %d are allowed", len(data), maxIndex)
	}
	if err := d.writeOnce(path.Join(name, ocispec.ImageIndexFile), data); err != nil {
		return fmt.Errorf("write index.json: %w", err)
	}
	return nil
}
