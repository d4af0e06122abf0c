package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Any changed byte is refused, in contents, headers, padding and at the end. 0x20 changes the case of letters, which
// encoding/json would overlook in keys.
func TestRead_EveryFlippedByte(t *testing.T) {
	t.Parallel()
	data := file(t, mustNew(t, smallContents(t)))
	for i := range data {
		data[i] ^= 0x20
		if b, err := Read(bytes.NewReader(data)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d flipped: bundle %v, error %v, want ErrCorrupt", i, b != nil, err)
		}
		data[i] ^= 0x20
	}
	if _, err := Read(bytes.NewReader(data)); err != nil {
		t.Fatalf("the file as it was: %v", err)
	}
}

func TestRead_EveryTruncation(t *testing.T) {
	t.Parallel()
	data := file(t, mustNew(t, smallContents(t)))
	for n := range data {
		if _, err := Read(bytes.NewReader(data[:n])); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut to %d bytes: error %v, want ErrCorrupt", n, err)
		}
	}
	if _, err := Read(bytes.NewReader(append(data, 0))); !errors.Is(err, ErrCorrupt) {
		t.Errorf("one byte more: error %v, want ErrCorrupt", err)
	}
}

func TestRead_SaysWhere(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	data := file(t, b)
	moduleAt := bytes.Index(data, module)
	for _, test := range []struct {
		name string
		data []byte
		want []string
	}{
		{"blob", replace(data, moduleAt, 'X'), []string{"blob sha256:", "(application/wasm, 8 bytes) has the digest sha256:"}},
		{"padding", replace(data, moduleAt+8, 'X'), []string{"is not zero"}},
		{"cut", data[:moduleAt+3], []string{"entry blobs/sha256/", "the file ends at byte", "5 bytes too early"}},
		{"order", swapEntries(data), []string{"byte 0: expected the entry oci-layout, found \"index.json\""}},
		{"mode", replace(data, 106, '6'), []string{"byte 0: the header of oci-layout, 30 bytes, is not the one of a bundle"}},
		{"no tar", bytes.Repeat([]byte("x"), 1024), []string{"byte 0: expected the entry oci-layout, found \"xxx"}},
		{"size", setSize(data, 1024, 1<<32), []string{"byte 1024: the entry index.json claims 4294967296 bytes, at most 4096 are expected"}},
	} {
		_, err := Read(bytes.NewReader(test.data))
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", test.name, err, want)
			}
		}
	}
}

// What index.json claims is judged before anything is read by it.
func TestRead_Index(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	index, err := b.index()
	if err != nil {
		t.Fatal(err)
	}
	rest := file(t, b)[4*block:]
	for want, change := range map[string]func(*ocispec.Index){
		"lists 0 artifacts, a bundle is one":          func(x *ocispec.Index) { x.Manifests = nil },
		"lists 2 artifacts, a bundle is one":          func(x *ocispec.Index) { x.Manifests = append(x.Manifests, x.Manifests[0]) },
		"want a SHA-256 digest and 1 to 65536 bytes":  func(x *ocispec.Index) { x.Manifests[0].Size = maxImage + 1 },
		"has 0 bytes; want a SHA-256 digest":          func(x *ocispec.Index) { x.Manifests[0].Size = 0 },
		`the image manifest "sha512:`:                 func(x *ocispec.Index) { x.Manifests[0].Digest = digest.SHA512.FromString("") },
		`the image manifest "sha256:../x" has`:        func(x *ocispec.Index) { x.Manifests[0].Digest = "sha256:../x" },
		"index.json is not the one of this bundle":    func(x *ocispec.Index) { x.Manifests[0].Annotations = nil },
		"expected the entry blobs/sha256/e3b0c44298f": func(x *ocispec.Index) { x.Manifests[0].Digest = digest.FromString("") },
	} {
		changed := edit(t, index, change)
		h, err := header("index.json", int64(len(changed)))
		if err != nil {
			t.Fatal(err)
		}
		data := slices.Concat(file(t, b)[:2*block], h, changed, make([]byte, padding(len(changed))), rest)
		if _, err := Read(bytes.NewReader(data)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want ErrCorrupt with %q", err, want)
		}
	}
}

func replace(data []byte, i int, c byte) []byte {
	out := bytes.Clone(data)
	out[i] = c
	return out
}

func swapEntries(data []byte) []byte {
	out := bytes.Clone(data)
	copy(out, data[1024:2048])
	copy(out[1024:], data[:1024])
	return out
}

func setSize(data []byte, at int, size int64) []byte {
	h, err := header("index.json", size)
	if err != nil {
		panic(err)
	}
	out := bytes.Clone(data)
	copy(out[at:], h)
	return out
}

// A reader's own error is passed on; it is not damage.
func TestRead_ReaderFails(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	data := file(t, mustNew(t, testContents(t)))
	for n := 0; n <= len(data); n += 128 {
		_, err := Read(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(cause)))
		if !errors.Is(err, cause) || errors.Is(err, ErrCorrupt) {
			t.Errorf("after %d bytes: error %v, want the reader's", n, err)
		}
	}
}

func TestWriteTo_WriterFails(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	for limit := int64(0); limit < b.Size(); limit += 100 {
		w := &limitedWriter{limit}
		if n, err := b.WriteTo(w); !errors.Is(err, io.ErrShortWrite) || n != limit {
			t.Fatalf("WriteTo = %d, %v after %d bytes", n, err, limit)
		}
	}
}

type limitedWriter struct{ left int64 }

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(int64(len(p)), w.left)
	if w.left -= n; n < int64(len(p)) {
		return int(n), io.ErrShortWrite
	}
	return int(n), nil
}

// Any tar program reads the file.
func TestWriteTo_StandardTar(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	want, err := b.entries()
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(bytes.NewReader(file(t, b)))
	for _, e := range want {
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || h.Name != e.name || !bytes.Equal(data, e.data) || h.Mode != 0o644 || h.ModTime.Unix() != 0 {
			t.Errorf("entry %s: %+v, %v", e.name, h, err)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last entry: %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	path := filepath.Join(t.TempDir(), b.FileName())
	if _, err := ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	for range 2 { // the second replaces the first
		if err := b.WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadFile(path)
	if err != nil || got.Digest() != b.Digest() {
		t.Fatalf("ReadFile: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(names) != 1 {
		t.Errorf("the folder holds %q", names)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// A file that cannot be finished leaves the old one, and nothing else.
func TestWriteAtomic_Fails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no space")
	err := writeAtomic(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "new")
		return errors.Join(err, cause)
	})
	if !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "old" {
		t.Errorf("the file holds %q, %v", data, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(f, mustNew(f, testContents(f))))
	f.Add(file(f, mustNew(f, Contents{Module: module, Manifest: testManifest(f, "acme", "shop", "1.2.0")})))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if !bytes.Equal(file(t, b), data) { // one bundle, one file
			t.Error("a file was accepted that is not the bundle's own")
		}
	})
}
