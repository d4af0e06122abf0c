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

// PublishOptions is what may come with a publication.
type PublishOptions struct {
	Certification *bundle.Certification // the bundle's certificate and report; nil: none
	CertifierKey  bundle.PublicKey      // that the certificate is signed with
	Certifier     Certifier             // runs the certification again, to compare; nil: the certificate is verified only
}

// Publish adds a bundle and its signature by key, and returns the bundle's digest. The first key that publishes
// under a publisher's name claims it; any other key, or an envelope that does not verify, matches
// [bundle.ErrUntrusted]. Publishing the same bundle again changes nothing but may add a signature or a certificate;
// another bundle of the same version matches [ErrVersionExists].
//
// Nothing is published with a certificate that does not hold: errors are those of [bundle.VerifyCertificate],
// [ErrReportDiffers], which shows the difference, and [bundle.ErrUntrusted] when another key has claimed the
// certifier's name.
func (r *Registry) Publish(ctx context.Context, b *bundle.Bundle, env bundle.Envelope, key bundle.PublicKey, o PublishOptions) (string, error) {
	if _, err := bundle.Verify(b, []bundle.PublicKey{key}, env); err != nil {
		return "", fmt.Errorf("publish: %w", err)
	}
	if err := o.check(ctx, r, b); err != nil {
		return "", fmt.Errorf("publish %s: %w", b.Ref(), err)
	}
	err := r.change(ctx, func(d disk) error {
		if err := claim(d, publisherFile(key.Publisher()), key); err != nil {
			return err
		}
		if o.Certification != nil {
			if err := claim(d, certifierFile(o.CertifierKey.Publisher()), o.CertifierKey); err != nil {
				return err
			}
		}
		return publish(ctx, d, b, env, o.Certification)
	})
	if err != nil {
		return "", fmt.Errorf("publish %s: %w", b.Ref(), err)
	}
	return b.Digest(), nil
}

func publish(ctx context.Context, d disk, b *bundle.Bundle, env bundle.Envelope, c *bundle.Certification) error {
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
	entries := []ocispec.Descriptor{artifact, signature}
	if c != nil {
		more, certificate, err := encodeCertificate(artifact, *c)
		if err != nil {
			return err
		}
		blobs, entries = append(blobs, more...), append(entries, certificate)
	}
	for _, blob := range b.Blobs() {
		blobs = append(blobs, blob.Data)
	}
	if err := writeBlobs(ctx, d, name, blobs); err != nil {
		return err
	}
	entries[0].ArtifactType = bundle.TypeConnector
	entries[0].Annotations = map[string]string{ocispec.AnnotationRefName: m.Version}
	for _, entry := range entries {
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
