package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/abi"
)

// reader walks through a bundle's file. It knows what has to come next at every point, so that there is nothing
// to search for, to skip or to extract.
type reader struct {
	r      io.Reader
	offset int64
	blobs  map[string][]byte // by digest
}

func (r *reader) bundle() (*Bundle, error) {
	r.blobs = map[string][]byte{}
	if err := r.layout(); err != nil {
		return nil, err
	}
	index, err := r.entry("index.json", maxIndex)
	if err != nil {
		return nil, err
	}
	d, err := parseIndex(index)
	if err != nil {
		return nil, err
	}
	image, err := r.blob(d)
	if err != nil {
		return nil, err
	}
	b, err := Load(image, r.blob)
	if err != nil {
		return nil, err
	}
	if want, err := b.index(); err != nil || !bytes.Equal(index, want) {
		return nil, corrupt("index.json is not the one of this bundle")
	}
	return b, r.end()
}

func (r *reader) layout() error {
	data, err := r.entry("oci-layout", int64(len(layout)))
	if err != nil {
		return err
	}
	if string(data) != layout {
		return corrupt("oci-layout is not %s", layout)
	}
	return nil
}

// parseIndex returns the one image manifest that index.json lists.
func parseIndex(data []byte) (Blob, error) {
	var index ocispec.Index
	if err := abi.CheckJSON(data); err != nil {
		return Blob{}, corrupt("index.json: %v", err)
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return Blob{}, corrupt("index.json: %v", err)
	}
	if len(index.Manifests) != 1 {
		return Blob{}, corrupt("index.json lists %d artifacts, a bundle is one", len(index.Manifests))
	}
	d := index.Manifests[0]
	if d.Digest.Validate() != nil || d.Digest.Algorithm() != digest.SHA256 || d.Size < 1 || d.Size > maxImage {
		return Blob{}, corrupt("index.json: the image manifest %.80q has %d bytes; want a SHA-256 digest and 1 to %d bytes",
			d.Digest, d.Size, maxImage)
	}
	return Blob{MediaType: d.MediaType, Digest: d.Digest.String(), Size: d.Size}, nil
}

// blob reads the next entry, which has to be b, unless an earlier entry was the same blob.
func (r *reader) blob(b Blob) ([]byte, error) {
	if data, ok := r.blobs[b.Digest]; ok {
		return data, b.check(data)
	}
	data, err := r.entry(blobName(b.Digest), b.Size)
	if err != nil {
		return nil, err
	}
	r.blobs[b.Digest] = data
	return data, b.check(data)
}

// entry reads the next entry, which has to have this name and at most limit bytes.
func (r *reader) entry(name string, limit int64) ([]byte, error) {
	start := r.offset
	got, err := r.next(block)
	if err != nil {
		return nil, fmt.Errorf("entry %s: %w", name, err)
	}
	if found, _, _ := bytes.Cut(got[:100], []byte{0}); string(found) != name {
		return nil, corrupt("byte %d: expected the entry %s, found %.40q", start, name, found)
	}
	size := sizeOf(got)
	if size < 0 || size > limit {
		return nil, corrupt("byte %d: the entry %s claims %d bytes, at most %d are expected", start, name, size, limit)
	}
	want, err := header(name, size)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(got, want) {
		return nil, corrupt("byte %d: the header of %s, %d bytes, is not the one of a bundle", start, name, size)
	}
	data, err := r.next(size)
	if err != nil {
		return nil, fmt.Errorf("entry %s: %w", name, err)
	}
	return data, r.zeros(padding(len(data)))
}

// next reads n bytes. The buffer grows with what is there, not with n, which is only a claim.
func (r *reader) next(n int64) ([]byte, error) {
	var b bytes.Buffer
	k, err := io.CopyN(&b, r.r, n)
	r.offset += k
	if errors.Is(err, io.EOF) {
		return nil, corrupt("the file ends at byte %d, %d bytes too early", r.offset, n-k)
	}
	return b.Bytes(), err
}

func (r *reader) zeros(n int) error {
	start := r.offset
	data, err := r.next(int64(n))
	if err != nil {
		return err
	}
	if i := bytes.IndexFunc(data, func(c rune) bool { return c != 0 }); i >= 0 {
		return corrupt("byte %d is not zero", start+int64(i))
	}
	return nil
}

func (r *reader) end() error {
	if err := r.zeros(2 * block); err != nil {
		return err
	}
	k, err := io.CopyN(io.Discard, r.r, 1)
	if k != 0 {
		return corrupt("the file goes on after byte %d, where its last entry ends", r.offset)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
