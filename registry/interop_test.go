package registry

import (
	"path/filepath"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	orasregistry "oras.land/oras-go/v2/registry"

	"patchbay/bundle"
)

// A repository is an ordinary OCI layout: oras opens it, finds the signature and copies both, and we read the copy.
func TestInterop_Layout(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0", "acme/shop@1.1.0")
	store, err := oci.New(filepath.Join(r.dir, "acme", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	desc, err := store.Resolve(t.Context(), "1.1.0")
	if err != nil {
		t.Fatal(err)
	}
	want := newBundle(t, "acme/shop@1.1.0", "readme")
	if desc.Digest.String() != want.Digest() {
		t.Errorf("oras resolves %s, want %s", desc.Digest, want.Digest())
	}
	referrers, err := orasregistry.Referrers(t.Context(), store, desc, bundle.TypeSignature)
	if err != nil || len(referrers) != 1 {
		t.Fatalf("oras finds %d signatures, %v", len(referrers), err)
	}
	successors, err := content.Successors(t.Context(), store, referrers[0])
	if err != nil {
		t.Fatal(err)
	}
	var env []byte
	for _, d := range successors {
		if d.MediaType == bundle.TypeEnvelope {
			if env, err = content.FetchAll(t.Context(), store, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := bundle.Verify(want, []bundle.PublicKey{k.Public()}, env); err != nil {
		t.Errorf("the envelope that oras finds: %v", err)
	}

	copied := newRegistry(t)
	target, err := oci.New(filepath.Join(copied.dir, "acme", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := oras.ExtendedCopy(t.Context(), store, "1.1.0", target, "1.1.0", oras.DefaultExtendedCopyOptions); err != nil {
		t.Fatal(err)
	}
	if _, err := pull(t, copied, "acme/shop@1.1.0", k.Public()); err != nil {
		t.Errorf("what oras copied: %v", err)
	}
	publishAll(t, copied, k, "acme/shop@1.2.0") // and it can be published to
	if _, err := pull(t, copied, "acme/shop@1.1.0", k.Public()); err != nil {
		t.Error(err)
	}
}

// A bundle's file is an ordinary OCI archive.
func TestInterop_File(t *testing.T) {
	t.Parallel()
	b := newBundle(t, "acme/shop@1.0.0", "readme")
	path := filepath.Join(t.TempDir(), b.FileName())
	if err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	store, err := oci.NewFromTar(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	desc, err := store.Resolve(t.Context(), "1.0.0")
	if err != nil || desc.Digest.String() != b.Digest() || desc.ArtifactType != bundle.TypeConnector {
		t.Fatalf("oras resolves %+v, %v", desc, err)
	}
	layers, err := content.Successors(t.Context(), store, desc)
	if err != nil || len(layers) != len(b.Blobs())-1 {
		t.Fatalf("oras finds %d blobs, %v", len(layers), err)
	}
	for _, d := range layers {
		if _, err := content.FetchAll(t.Context(), store, d); err != nil {
			t.Errorf("%s: %v", d.MediaType, err)
		}
	}
	if layers[1].MediaType != bundle.TypeModule || layers[1].Annotations[ocispec.AnnotationTitle] != "module.wasm" {
		t.Errorf("the first layer is %+v", layers[1])
	}
}

// Tags and artifacts that other tools add are left alone.
func TestInterop_OtherTags(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0")
	store, err := oci.New(filepath.Join(r.dir, "acme", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	desc, err := store.Resolve(t.Context(), "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Tag(t.Context(), desc, "latest"); err != nil {
		t.Fatal(err)
	}
	opts := oras.PackManifestOptions{Subject: &desc}
	if _, err := oras.PackManifest(t.Context(), store, oras.PackManifestVersion1_1, "application/vnd.example.note", opts); err != nil {
		t.Fatal(err)
	}
	l, err := r.Resolve(t.Context(), "acme/shop")
	if err != nil || len(l.Versions) != 1 {
		t.Errorf("Resolve = %v, %v", l, err)
	}
	if _, envelopes, err := r.Pull(t.Context(), "acme/shop"); err != nil || len(envelopes) != 1 {
		t.Errorf("%d envelopes, %v", len(envelopes), err)
	}
	publishAll(t, r, k, "acme/shop@1.1.0")
	if store, err = oci.New(filepath.Join(r.dir, "acme", "shop")); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"latest", "1.0.0", "1.1.0"} {
		if _, err := store.Resolve(t.Context(), tag); err != nil {
			t.Errorf("the tag %s: %v", tag, err)
		}
	}
}
