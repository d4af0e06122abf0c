package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"patchbay/bundle"
)

// refused reports whether err is one of the ways in which a reader says no.
func refused(err error) bool {
	return errors.Is(err, bundle.ErrCorrupt) || errors.Is(err, bundle.ErrUntrusted) || errors.Is(err, fs.ErrNotExist)
}

// A flipped byte in any file is refused, or changes nothing about what is pulled and believed. Of blobs, which their
// digests guard, a few bytes are flipped; of the other files every byte.
func TestPull_FlippedBytes(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0")
	want, err := pull(t, r, "acme/shop@1.0.0", k.Public())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(r.dir, "acme", "shop")
	blobs, all := 0, files(t, dir)
	for name, content := range all {
		isBlob := strings.HasPrefix(name, "blobs/")
		if isBlob {
			blobs++
		}
		for i := range content {
			if isBlob && i != 0 && i != len(content)/2 && i != len(content)-1 {
				continue
			}
			changed := []byte(content)
			changed[i] ^= 0x20 // changes the case of letters too, which encoding/json overlooks in keys
			write(t, filepath.Join(dir, name), string(changed))
			got, err := pull(t, r, "acme/shop@1.0.0", k.Public())
			switch {
			case err == nil && isBlob && !strings.HasPrefix(content, "{}"): // nobody reads the signature's empty config
				t.Fatalf("%s: byte %d was flipped and nobody saw", name, i)
			case err == nil && got.Digest() != want.Digest():
				t.Fatalf("%s: byte %d was flipped and another bundle pulled", name, i)
			case err != nil && !refused(err):
				t.Fatalf("%s: byte %d: %v", name, i, err)
			case err != nil && isBlob && !errors.Is(err, bundle.ErrCorrupt):
				t.Fatalf("%s: byte %d: %v, want ErrCorrupt", name, i, err)
			}
		}
		write(t, filepath.Join(dir, name), content)
	}
	if blobs != 8 { // image manifest, config, 3 layers; image manifest, config and envelope of the signature
		t.Errorf("looked at %d blobs", blobs)
	}
	if _, err := pull(t, r, "acme/shop@1.0.0", k.Public()); err != nil {
		t.Errorf("all put back: %v", err)
	}
}

// shop is a repository of two signed versions.
type shop struct {
	*Registry
	dir      string
	key      *bundle.Key
	old, new *bundle.Bundle
}

func newShop(t *testing.T) shop {
	s := shop{Registry: newRegistry(t), key: newKey(t, "acme")}
	publishAll(t, s.Registry, s.key, "acme/shop@1.0.0", "acme/shop@1.1.0", "acme/other@1.1.0")
	s.dir = filepath.Join(s.Registry.dir, "acme", "shop")
	s.old, s.new = newBundle(t, "acme/shop@1.0.0", "readme"), newBundle(t, "acme/shop@1.1.0", "readme")
	return s
}

func (s shop) blob(digest string) string {
	return filepath.Join(s.dir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
}

// index changes index.json.
func (s shop) index(t *testing.T, change func(*ocispec.Index)) {
	t.Helper()
	path := filepath.Join(s.dir, "index.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	change(&index)
	if data, err = json.Marshal(index); err != nil {
		t.Fatal(err)
	}
	write(t, path, string(data))
}

// entry finds the version's entry in the index.
func entry(index *ocispec.Index, version string) *ocispec.Descriptor {
	i := slices.IndexFunc(index.Manifests, func(d ocispec.Descriptor) bool { return d.Annotations[ocispec.AnnotationRefName] == version })
	return &index.Manifests[i]
}

func TestPull_Tampered(t *testing.T) {
	t.Parallel()
	rename := func(t *testing.T, from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		tamper func(*testing.T, shop)
		want   error
	}{
		{"nothing", func(*testing.T, shop) {}, nil},
		{"module of another", func(t *testing.T, s shop) { write(t, s.blob(s.new.Blobs()[2].Digest), "\x00asm\x02\x00\x00\x00") }, bundle.ErrCorrupt},
		{"swapped blobs", func(t *testing.T, s shop) {
			a, b := s.blob(s.new.Blobs()[3].Digest), s.blob(s.old.Blobs()[3].Digest)
			rename(t, a, a+"x")
			rename(t, b, a)
			rename(t, a+"x", b)
		}, bundle.ErrCorrupt},
		{"image manifest of the old version", func(t *testing.T, s shop) {
			rename(t, s.blob(s.old.Digest()), s.blob(s.new.Digest()))
		}, bundle.ErrCorrupt},
		{"blob gone", func(t *testing.T, s shop) { os.Remove(s.blob(s.new.Blobs()[2].Digest)) }, bundle.ErrCorrupt},
		{"blob cut", func(t *testing.T, s shop) { write(t, s.blob(s.new.Blobs()[2].Digest), "\x00asm") }, bundle.ErrCorrupt},
		{"blob longer", func(t *testing.T, s shop) { write(t, s.blob(s.new.Blobs()[2].Digest), "\x00asm\x01\x00\x00\x00\x00") }, bundle.ErrCorrupt},
		{"tag bent to the old version", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) {
				entry(x, "1.1.0").Digest, entry(x, "1.1.0").Size = entry(x, "1.0.0").Digest, entry(x, "1.0.0").Size
			})
		}, bundle.ErrCorrupt},
		{"new tag on the old version", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) {
				d := *entry(x, "1.0.0")
				d.Annotations = map[string]string{ocispec.AnnotationRefName: "1.2.0"}
				x.Manifests = append(x.Manifests, d)
			})
		}, bundle.ErrCorrupt},
		{"tag twice", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) {
				d := *entry(x, "1.0.0")
				d.Annotations = map[string]string{ocispec.AnnotationRefName: "1.1.0"}
				x.Manifests = append(x.Manifests, d)
			})
		}, bundle.ErrCorrupt},
		{"tag on a signature", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) {
				i := slices.IndexFunc(x.Manifests, func(d ocispec.Descriptor) bool { return d.ArtifactType == bundle.TypeSignature })
				x.Manifests[i].Annotations = map[string]string{ocispec.AnnotationRefName: "1.2.0"}
			})
		}, bundle.ErrCorrupt},
		{"size claimed larger", func(t *testing.T, s shop) { s.index(t, func(x *ocispec.Index) { entry(x, "1.1.0").Size = 1 << 62 }) }, bundle.ErrCorrupt},
		{"size claimed negative", func(t *testing.T, s shop) { s.index(t, func(x *ocispec.Index) { entry(x, "1.1.0").Size = -1 }) }, bundle.ErrCorrupt},
		{"media type", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) { entry(x, "1.1.0").MediaType = ocispec.MediaTypeImageIndex })
		}, bundle.ErrCorrupt},
		{"digest with a path", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) { entry(x, "1.1.0").Digest = "sha256:../../../x" })
		}, bundle.ErrCorrupt},
		{"index of another repository", func(t *testing.T, s shop) {
			other := filepath.Join(s.Registry.dir, "acme", "other")
			if err := os.RemoveAll(s.dir); err != nil {
				t.Fatal(err)
			}
			rename(t, other, s.dir)
		}, bundle.ErrCorrupt},
		{"version taken back", func(t *testing.T, s shop) {
			s.index(t, func(x *ocispec.Index) {
				x.Manifests = slices.DeleteFunc(x.Manifests, func(d ocispec.Descriptor) bool { return d.Digest.String() == s.new.Digest() })
			})
		}, nil}, // 1.0.0 is pulled: without a log nobody can know
		{"index gone", func(t *testing.T, s shop) { os.Remove(filepath.Join(s.dir, "index.json")) }, fs.ErrNotExist},
		{"layout gone", func(t *testing.T, s shop) { os.Remove(filepath.Join(s.dir, "oci-layout")) }, bundle.ErrCorrupt},
		{"layout of the future", func(t *testing.T, s shop) {
			write(t, filepath.Join(s.dir, "oci-layout"), `{"imageLayoutVersion":"2.0.0"}`)
		}, bundle.ErrCorrupt},
		{"index too large", func(t *testing.T, s shop) {
			write(t, filepath.Join(s.dir, "index.json"), files(t, s.dir)["index.json"]+strings.Repeat(" ", maxIndex))
		}, bundle.ErrCorrupt},
		{"signatures gone", func(t *testing.T, s shop) { s.dropSignatures(t) }, bundle.ErrUntrusted},
		{"signatures gone, another tool's artifact damaged", func(t *testing.T, s shop) {
			s.dropSignatures(t)
			d := describe(ocispec.MediaTypeImageManifest, []byte("gone"))
			d.ArtifactType = "application/vnd.example.note"
			s.index(t, func(x *ocispec.Index) { x.Manifests = append(x.Manifests, d) })
		}, bundle.ErrUntrusted},
		{"signed by another key", func(t *testing.T, s shop) {
			s.dropSignatures(t)
			s.addSignature(t, sign(t, s.new, newKey(t, "acme")), func(*ocispec.Manifest) {})
		}, bundle.ErrUntrusted},
		{"signature of the old version", func(t *testing.T, s shop) {
			s.dropSignatures(t)
			s.addSignature(t, sign(t, s.old, s.key), func(*ocispec.Manifest) {})
		}, bundle.ErrUntrusted},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			test.tamper(t, s)
			_, err := pull(t, s.Registry, "acme/shop", s.key.Public())
			if test.want == nil && err != nil || !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// Signatures that are not as we write them are damage when there is no other.
func TestPull_OddSignatures(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ocispec.Manifest){
		"two layers":    func(m *ocispec.Manifest) { m.Layers = append(m.Layers, m.Layers[0]) },
		"no layer":      func(m *ocispec.Manifest) { m.Layers = nil },
		"other type":    func(m *ocispec.Manifest) { m.Layers[0].MediaType = "text/plain" },
		"large":         func(m *ocispec.Manifest) { m.Layers[0].Size = bundle.MaxEnvelope + 1 },
		"negative size": func(m *ocispec.Manifest) { m.Layers[0].Size = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.dropSignatures(t)
			s.addSignature(t, sign(t, s.new, s.key), change)
			if _, err := pull(t, s.Registry, "acme/shop", s.key.Public()); !errors.Is(err, bundle.ErrCorrupt) {
				t.Errorf("error %v, want ErrCorrupt", err)
			}
			s.addSignature(t, sign(t, s.new, s.key), func(*ocispec.Manifest) {})
			if _, err := pull(t, s.Registry, "acme/shop", s.key.Public()); err != nil {
				t.Errorf("with a good one beside it: %v", err)
			}
		})
	}
}

// addSignature adds a signature of the new version, with a changed image manifest.
func (s shop) addSignature(t *testing.T, env bundle.Envelope, change func(*ocispec.Manifest)) {
	t.Helper()
	blobs, _, err := encodeSignature(describe(ocispec.MediaTypeImageManifest, s.new.Blobs()[0].Data), env)
	if err != nil {
		t.Fatal(err)
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(blobs[2], &m); err != nil {
		t.Fatal(err)
	}
	change(&m)
	if blobs[2], err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	for _, data := range blobs {
		write(t, s.blob(describe("", data).Digest.String()), string(data))
	}
	d := describe(ocispec.MediaTypeImageManifest, blobs[2])
	d.ArtifactType = bundle.TypeSignature
	s.index(t, func(x *ocispec.Index) { x.Manifests = append(x.Manifests, d) })
}

func (s shop) dropSignatures(t *testing.T) {
	t.Helper()
	isSignature := func(d ocispec.Descriptor) bool { return d.ArtifactType == bundle.TypeSignature }
	s.index(t, func(x *ocispec.Index) { x.Manifests = slices.DeleteFunc(x.Manifests, isSignature) })
}

func TestPull_ManySignatures(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for i := range maxEnvelopes + 6 {
		s.addSignature(t, bundle.Envelope(fmt.Sprint(i)), func(*ocispec.Manifest) {})
	}
	b, envelopes, err := s.Pull(t.Context(), "acme/shop")
	if err != nil || len(envelopes) != maxEnvelopes {
		t.Fatalf("%d envelopes, %v", len(envelopes), err)
	}
	if _, err := bundle.Verify(b, []bundle.PublicKey{s.key.Public()}, envelopes...); err != nil {
		t.Error(err) // the publisher's own came first
	}
}

// A repository whose index has no room left says so and stays readable.
func TestPublish_Full(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.index(t, func(x *ocispec.Index) {
		data, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		x.Annotations = map[string]string{"x": strings.Repeat("x", maxIndex-len(data)-100)}
	})
	b := newBundle(t, "acme/shop@2.0.0", "readme")
	_, err := s.Publish(t.Context(), b, sign(t, b, s.key), s.key.Public(), PublishOptions{})
	if err == nil || !strings.Contains(err.Error(), "the repository is full") {
		t.Errorf("error %v", err)
	}
	if _, err := pull(t, s.Registry, "acme/shop", s.key.Public()); err != nil {
		t.Error(err)
	}
}

// The damaged signature of one version is no reason to refuse another.
func TestPull_OtherSignatureDamaged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	write(t, s.blob(describe("", sign(t, s.old, s.key)).Digest.String()), "{}")
	if _, err := pull(t, s.Registry, "acme/shop@1.1.0", s.key.Public()); err != nil {
		t.Errorf("1.1.0: %v", err)
	}
	if _, err := pull(t, s.Registry, "acme/shop@1.0.0", s.key.Public()); !errors.Is(err, bundle.ErrCorrupt) {
		t.Errorf("1.0.0: error %v, want ErrCorrupt", err)
	}
}

// A listing needs the manifest, which a forged image manifest may leave out.
func TestResolve_NoManifest(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var image ocispec.Manifest
	if err := json.Unmarshal(s.new.Blobs()[0].Data, &image); err != nil {
		t.Fatal(err)
	}
	image.Layers = image.Layers[:1]
	data, err := json.Marshal(image)
	if err != nil {
		t.Fatal(err)
	}
	d := describe(ocispec.MediaTypeImageManifest, data)
	write(t, s.blob(d.Digest.String()), string(data))
	s.index(t, func(x *ocispec.Index) { entry(x, "1.1.0").Digest, entry(x, "1.1.0").Size = d.Digest, d.Size })
	if _, err := s.Resolve(t.Context(), "acme/shop"); !errors.Is(err, bundle.ErrCorrupt) {
		t.Errorf("error %v, want ErrCorrupt", err)
	}
}

// Publishing again mends a damaged blob.
func TestPublish_Mends(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	write(t, s.blob(s.new.Blobs()[2].Digest), "damaged")
	publishAll(t, s.Registry, s.key, "acme/shop@1.1.0")
	if _, err := pull(t, s.Registry, "acme/shop@1.1.0", s.key.Public()); err != nil {
		t.Error(err)
	}
}

// Nothing outside the registry is read or written through a link, and nobody waits for a pipe.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := func(t *testing.T, target, path string) {
		t.Helper()
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range []string{"acme", "acme/shop", "acme/shop/index.json", "acme/shop/blobs", "acme/shop/blobs/sha256", "acme/publisher.pub", ".lock"} {
		t.Run(strings.ReplaceAll(what, "/", " "), func(t *testing.T) {
			t.Parallel()
			outside, s := newShop(t), newShop(t)
			link(t, filepath.Join(outside.Registry.dir, what), filepath.Join(s.Registry.dir, what))
			before := files(t, outside.Registry.dir)
			b := newBundle(t, "acme/shop@2.0.0", "readme")
			if _, err := s.Publish(t.Context(), b, sign(t, b, s.key), s.key.Public(), PublishOptions{}); err == nil {
				t.Error("published through the link")
			}
			if got := files(t, outside.Registry.dir); len(got) != len(before) {
				t.Errorf("%d files outside, there were %d", len(got), len(before))
			}
			if what == ".lock" || what == "acme/publisher.pub" {
				return // Pull reads neither
			}
			if _, _, err := s.Pull(t.Context(), "acme/shop"); err == nil {
				t.Error("pulled through the link")
			}
		})
	}
	t.Run("inside the registry", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		link(t, "shop", filepath.Join(s.Registry.dir, "acme", "mirror"))
		before := files(t, s.dir)
		b := newBundle(t, "acme/mirror@2.0.0", "readme")
		if _, err := s.Publish(t.Context(), b, sign(t, b, s.key), s.key.Public(), PublishOptions{}); !errors.Is(err, bundle.ErrCorrupt) {
			t.Errorf("published into another repository: %v", err)
		}
		if diff := cmp.Diff(before, files(t, s.dir)); diff != "" {
			t.Errorf("the other repository has changed:\n%s", diff)
		}
	})
	t.Run("blob", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		path := s.blob(s.new.Blobs()[2].Digest)
		if err := os.Rename(path, path+"x"); err != nil {
			t.Fatal(err)
		}
		link(t, path+"x", path)
		if _, _, err := s.Pull(t.Context(), "acme/shop"); !errors.Is(err, bundle.ErrCorrupt) {
			t.Errorf("error %v, want ErrCorrupt", err)
		}
	})
}
