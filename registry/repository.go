package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/errdef"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/manifest"
)

const (
	maxIndex = 4 << 20  // bytes of index.json, some thousand versions
	maxImage = 64 << 10 // bytes of an image manifest
)

// repository is one repository as it was when its index was read.
type repository struct {
	name  string // "publisher/name"
	blobs content.Fetcher
	index ocispec.Index
	tags  []tag // newest first
}

// tag is one published version.
type tag struct {
	version manifest.Version
	desc    ocispec.Descriptor
}

// openRepository reads a repository's index. One that is not there matches fs.ErrNotExist. The caller closes root,
// after which the repository cannot be used.
func openRepository(root *os.Root, name string) (*repository, error) {
	sub, err := fs.Sub(plain{root}, name)
	if err != nil {
		return nil, err
	}
	r := &repository{name: name, blobs: oci.NewStorageFromFS(sub)}
	for _, dir := range []string{path.Dir(name), name} {
		if err := checkDir(root, dir); err != nil {
			return nil, r.unreadable(err)
		}
	}
	data, err := readFile(root, path.Join(name, ocispec.ImageIndexFile), maxIndex)
	if err != nil {
		return nil, r.unreadable(err)
	}
	if r.index, err = parseIndex(data); err != nil {
		return nil, r.corrupt("index.json: %v", err)
	}
	if err := checkLayout(root, name); err != nil {
		return nil, r.corrupt("%v", err)
	}
	return r, r.readTags()
}

func (r *repository) corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: repository %s: %s", bundle.ErrCorrupt, r.name, fmt.Sprintf(format, args...))
}

// unreadable makes damage of what is not as a publisher left it.
func (r *repository) unreadable(err error) error {
	if errors.Is(err, errShape) {
		return r.corrupt("%v", err)
	}
	return fmt.Errorf("repository %s: %w", r.name, err)
}

func newIndex() ocispec.Index {
	return ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: []ocispec.Descriptor{}, // an empty list, not null
	}
}

func parseIndex(data []byte) (ocispec.Index, error) {
	var index ocispec.Index
	if err := abi.CheckJSON(data); err != nil {
		return index, err
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return index, err
	}
	if index.SchemaVersion != 2 {
		return index, fmt.Errorf("schemaVersion is %d, not 2", index.SchemaVersion)
	}
	for i, d := range index.Manifests {
		if d.Digest.Validate() != nil || d.Digest.Algorithm() != digest.SHA256 {
			return index, fmt.Errorf("manifests/%d: the digest %.80q is not SHA-256", i, d.Digest)
		}
	}
	return index, nil
}

func checkLayout(root *os.Root, name string) error {
	data, err := readFile(root, path.Join(name, ocispec.ImageLayoutFile), 4<<10)
	if err != nil {
		return err
	}
	var l ocispec.ImageLayout
	if err := json.Unmarshal(data, &l); err != nil || l.Version != ocispec.ImageLayoutVersion {
		return fmt.Errorf("oci-layout does not say imageLayoutVersion %s", ocispec.ImageLayoutVersion)
	}
	return nil
}

// readTags finds the versions in the index.
func (r *repository) readTags() error {
	seen := map[string]digest.Digest{}
	for _, d := range r.index.Manifests {
		v, err := manifest.ParseVersion(tagOf(d))
		if err != nil {
			continue // a signature, or another tool's tag
		}
		if old, ok := seen[v.String()]; ok && old != d.Digest {
			return r.corrupt("version %s is both %s and %s", v, old, d.Digest)
		} else if !ok {
			seen[v.String()] = d.Digest
			r.tags = append(r.tags, tag{v, d})
		}
	}
	slices.SortStableFunc(r.tags, func(a, b tag) int { return b.version.Compare(a.version) })
	return nil
}

// tagOf returns an index entry's tag, which is empty for a signature.
func tagOf(d ocispec.Descriptor) string { return d.Annotations[ocispec.AnnotationRefName] }

func (r *repository) find(version string) (tag, bool) {
	i := slices.IndexFunc(r.tags, func(t tag) bool { return t.version.String() == version })
	if i < 0 {
		return tag{}, false
	}
	return r.tags[i], true
}

// image returns an image manifest, checked by size and digest.
func (r *repository) image(ctx context.Context, d ocispec.Descriptor) ([]byte, error) {
	if d.MediaType != ocispec.MediaTypeImageManifest || d.Size > maxImage {
		return nil, r.corrupt("index.json: %s is a %.80q of %d bytes, want an image manifest of at most %d",
			d.Digest, d.MediaType, d.Size, maxImage)
	}
	return r.fetch(ctx, d)
}

// fetch returns a blob, checked by size and digest. The caller has looked at the size.
func (r *repository) fetch(ctx context.Context, d ocispec.Descriptor) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := content.FetchAll(ctx, r.blobs, d)
	for _, damage := range []error{
		errdef.ErrNotFound, errShape, io.ErrUnexpectedEOF,
		content.ErrTrailingData, content.ErrMismatchedDigest, content.ErrInvalidDescriptorSize,
	} {
		if errors.Is(err, damage) {
			return nil, r.corrupt("blob %s (%s, %d bytes): %v", d.Digest, d.MediaType, d.Size, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("repository %s: blob %s: %w", r.name, d.Digest, err)
	}
	return data, nil
}

// fetchBlob is fetch for a blob of a bundle.
func (r *repository) fetchBlob(ctx context.Context, b bundle.Blob) ([]byte, error) {
	return r.fetch(ctx, ocispec.Descriptor{MediaType: b.MediaType, Digest: digest.Digest(b.Digest), Size: b.Size})
}

// checkIdentity reports whether m is what the repository and the tag call it: a tag may have been bent to another
// version.
func (r *repository) checkIdentity(t tag, m *manifest.Manifest) error {
	if got := m.Publisher + "/" + m.Name; got != r.name || m.Version != t.version.String() {
		return r.corrupt("the tag %s leads to %s@%s", t.version, got, m.Version)
	}
	return nil
}
