package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	block    = 512 // tar's unit
	layout   = `{"imageLayoutVersion":"1.0.0"}`
	maxIndex = 4 << 10
)

// entry is one file of the tar.
type entry struct {
	name string
	data []byte
}

func blobName(digest string) string { return "blobs/sha256/" + strings.TrimPrefix(digest, "sha256:") }

// entries returns the file's entries in their order.
func (b *Bundle) entries() ([]entry, error) {
	index, err := b.index()
	if err != nil {
		return nil, err
	}
	entries := []entry{{"oci-layout", []byte(layout)}, {"index.json", index}}
	seen := map[string]bool{}
	for _, blob := range b.blobs {
		if !seen[blob.Digest] {
			entries = append(entries, entry{blobName(blob.Digest), blob.Data})
		}
		seen[blob.Digest] = true
	}
	return entries, nil
}

func (b *Bundle) index() ([]byte, error) {
	d := descriptor(b.blobs[0])
	d.ArtifactType = TypeConnector
	d.Annotations = map[string]string{ocispec.AnnotationRefName: b.manifest.Version}
	return json.Marshal(ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: []ocispec.Descriptor{d},
	})
}

// Size returns the size of the bundle's file in bytes.
func (b *Bundle) Size() int64 {
	n, _ := b.WriteTo(io.Discard) // io.Discard takes everything
	return n
}

// WriteTo writes the bundle in its file form.
func (b *Bundle) WriteTo(w io.Writer) (int64, error) {
	entries, err := b.entries()
	if err != nil {
		return 0, fmt.Errorf("write bundle: %w", err)
	}
	var n int64
	write := func(data []byte) {
		if err == nil {
			var k int
			k, err = w.Write(data)
			n += int64(k)
		}
	}
	for _, e := range entries {
		h, herr := header(e.name, int64(len(e.data)))
		if herr != nil {
			return n, fmt.Errorf("write bundle: %w", herr)
		}
		write(h)
		write(e.data)
		write(make([]byte, padding(len(e.data))))
	}
	write(make([]byte, 2*block))
	if err != nil {
		return n, fmt.Errorf("write bundle: %w", err)
	}
	return n, nil
}

// padding returns how many bytes are missing to a full block.
func padding(n int) int { return -n & (block - 1) }

// header returns the one block that may stand before an entry.
func header(name string, size int64) ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
	})
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// WriteFile writes the bundle to a file, which appears under path only when it is whole and on disk.
// A file that is there already is replaced.
func (b *Bundle) WriteFile(path string) error {
	err := writeAtomic(path, func(w io.Writer) error {
		_, err := b.WriteTo(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("bundle file %s: %w", path, err)
	}
	return nil
}

// ReadFile reads a bundle from a file; see [Read]. A missing file matches fs.ErrNotExist.
func ReadFile(path string) (*Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	defer f.Close()
	b, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// Read reads a bundle in its file form to r's end. Every byte is checked, and no more than [MaxSize] are read.
// Errors match [ErrCorrupt] when the bytes are not those of a bundle; a reader's own errors and those of [New] are
// passed on.
func Read(r io.Reader) (*Bundle, error) {
	b, err := (&reader{r: r}).bundle()
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return b, nil
}

// sizeOf returns the size that a header claims; what is no number is 0, which the header's comparison then finds out.
func sizeOf(header []byte) int64 {
	n, _ := strconv.ParseInt(strings.TrimRight(string(header[124:136]), "\x00 "), 8, 64)
	return n
}
