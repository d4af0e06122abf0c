package bundle

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// fetcher serves the blobs of bundles by digest.
func fetcher(bundles ...*Bundle) func(Blob) ([]byte, error) {
	return func(want Blob) ([]byte, error) {
		for _, b := range bundles {
			for _, blob := range b.Blobs() {
				if blob.Digest == want.Digest {
					return blob.Data, nil
				}
			}
		}
		return nil, errors.New("fetched what is not there")
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	got, err := Load(b.Blobs()[0].Data, fetcher(b))
	if err != nil || got.Digest() != b.Digest() {
		t.Fatalf("Load: %v", err)
	}
	blobs, err := ParseImage(b.Blobs()[0].Data)
	if err != nil || len(blobs) != len(b.Blobs())-1 || blobs[0].MediaType != TypeConfig || blobs[1].MediaType != TypeModule {
		t.Errorf("ParseImage = %v, %v", blobs, err)
	}
}

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	c := testContents(t)
	c.Module = append(bytes.Clone(module), 0, 1, 0)
	other := mustNew(t, c)
	image := b.Blobs()[0].Data
	for _, test := range []struct {
		name   string
		change func(*ocispec.Manifest)
		want   string
	}{
		{"annotation", func(m *ocispec.Manifest) { m.Annotations[ocispec.AnnotationVersion] = "9.9.9" }, "is not in this format"},
		{"extra annotation", func(m *ocispec.Manifest) { m.Annotations["x"] = "y" }, "is not in this format"},
		{"title", func(m *ocispec.Manifest) { m.Layers[0].Annotations[ocispec.AnnotationTitle] = "../x" }, "is not in this format"},
		{"order", func(m *ocispec.Manifest) { m.Layers[0], m.Layers[1] = m.Layers[1], m.Layers[0] }, "is not in this format"},
		{"twice", func(m *ocispec.Manifest) { m.Layers = append(m.Layers, m.Layers[0]) }, "is not in this format"},
		{"other module", func(m *ocispec.Manifest) {
			m.Layers[0].Digest, m.Layers[0].Size = digest.Digest(other.Blobs()[2].Digest), other.Blobs()[2].Size
		}, "is not in this format"},
		{"subject", func(m *ocispec.Manifest) { m.Subject = &m.Config }, "is not in this format"},
		{"size", func(m *ocispec.Manifest) { m.Layers[0].Size++ }, "has 8 bytes, not 9"},
		{"swapped", func(m *ocispec.Manifest) { m.Layers[0].MediaType = TypePNG }, ""},
		{"artifact type", func(m *ocispec.Manifest) { m.ArtifactType = TypeSignature }, "artifact type"},
		{"media type", func(m *ocispec.Manifest) { m.Layers[0].MediaType = "application/x-tar" }, `media type "application/x-tar", which no bundle has there`},
		{"config type", func(m *ocispec.Manifest) { m.Config.MediaType = TypeModule }, "which no bundle has there"},
		{"second config", func(m *ocispec.Manifest) { m.Layers[1].MediaType = TypeConfig }, "which no bundle has there"},
		{"sha512", func(m *ocispec.Manifest) { m.Layers[0].Digest = digest.SHA512.FromBytes(module) }, "which is not SHA-256"},
		{"path", func(m *ocispec.Manifest) { m.Layers[0].Digest = "sha256:../../../../etc/passwd" }, "which is not SHA-256"},
		{"empty", func(m *ocispec.Manifest) { m.Layers[0].Size = 0 }, "claims 0 bytes, allowed are 1 to 16777216"},
		{"huge", func(m *ocispec.Manifest) { m.Layers[0].Size = 16<<20 + 1 }, "claims 16777217 bytes, allowed are 1 to 16777216"},
		{"huge in all", func(m *ocispec.Manifest) {
			for i := range m.Layers {
				m.Layers[i].Size = partLimit(m.Layers[i].MediaType)
			}
		}, "more than 33554432 bytes in all"},
		{"many", func(m *ocispec.Manifest) { m.Layers = slices.Repeat(m.Layers, 20) }, "blobs, at most 64 are allowed"},
		{"config of another", func(m *ocispec.Manifest) {
			m.Config.Digest, m.Config.Size = digest.Digest(other.Blobs()[1].Digest), other.Blobs()[1].Size
		}, "is not in this format"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(edit(t, image, test.change), fetcher(b, other))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if test.want != "" && !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v does not match ErrCorrupt", err)
			}
		})
	}
	twice := bytes.Replace(image, []byte(`"schemaVersion":2`), []byte(`"schemaVersion":2,"schemaVersion":2`), 1)
	for want, data := range map[string][]byte{
		"image manifest: invalid JSON":           []byte("x"),
		"duplicate key":                          twice,
		"cannot unmarshal":                       []byte("[]"),
		"is not in this format":                  append(bytes.Clone(image), ' '),
		"image manifest has more than 65536 byt": append(bytes.Clone(image), bytes.Repeat([]byte(" "), maxImage)...),
	} {
		if _, err := Load(data, fetcher(b)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want ErrCorrupt with %q", err, want)
		}
	}
}

// Nothing beyond the limits is ever asked for.
func TestLoad_FetchesWithinLimits(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	image := edit(t, b.Blobs()[0].Data, func(m *ocispec.Manifest) { m.Layers[5].Size = 1 << 40 })
	_, err := Load(image, func(Blob) ([]byte, error) {
		t.Error("fetched from an image manifest that breaks a limit")
		return nil, nil
	})
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v", err)
	}
}

func TestLoad_FetchFails(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	cause := errors.New("no network")
	if _, err := Load(b.Blobs()[0].Data, func(Blob) ([]byte, error) { return nil, cause }); !errors.Is(err, cause) {
		t.Errorf("error %v, want fetch's own", err)
	}
}

// Of all image manifests over known blobs only New's own is accepted.
func FuzzLoad(f *testing.F) {
	b := mustNew(f, testContents(f))
	small := mustNew(f, Contents{Module: module, Manifest: b.Contents().Manifest})
	for _, b := range []*Bundle{b, small} {
		f.Add(b.Blobs()[0].Data)
		f.Add(edit(f, b.Blobs()[0].Data, func(m *ocispec.Manifest) { m.Layers = m.Layers[1:] }))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		got, err := Load(image, fetcher(b, small))
		if err == nil && !bytes.Equal(got.Blobs()[0].Data, image) {
			t.Error("an image manifest was accepted that is not the bundle's own")
		}
	})
}
