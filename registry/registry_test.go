package registry

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/bundle"
)

func TestPublish_Pull(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	b := newBundle(t, "acme/shop@1.2.0", "hello")
	env := sign(t, b, k)
	digest, err := r.Publish(t.Context(), b, env, k.Public(), PublishOptions{})
	if err != nil || digest != b.Digest() {
		t.Fatalf("Publish = %s, %v", digest, err)
	}
	got, envelopes, err := r.Pull(t.Context(), "acme/shop@1.2.0")
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != b.Digest() || string(got.Contents().Readme) != "hello" {
		t.Errorf("pulled %s, published %s", got.Digest(), b.Digest())
	}
	if diff := cmp.Diff([]bundle.Envelope{env}, envelopes); diff != "" {
		t.Errorf("envelopes (-want +got):\n%s", diff)
	}
	if _, err := bundle.Verify(got, []bundle.PublicKey{k.Public()}, envelopes...); err != nil {
		t.Error(err)
	}
}

func TestPublish_Again(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	b := newBundle(t, "acme/shop@1.2.0", "hello")
	index := filepath.Join(r.dir, "acme/shop/index.json")
	var written [2]os.FileInfo
	for i := range written {
		if _, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{}); err != nil {
			t.Fatal(err)
		}
		var err error
		if written[i], err = os.Stat(index); err != nil {
			t.Fatal(err)
		}
	}
	if !os.SameFile(written[0], written[1]) {
		t.Error("publishing the same again wrote the index anew")
	}
	before := files(t, r.dir)
	other := newBundle(t, "acme/shop@1.2.0", "changed")
	_, err := r.Publish(t.Context(), other, sign(t, other, k), k.Public(), PublishOptions{})
	if !errors.Is(err, ErrVersionExists) || !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "raise the version") {
		t.Errorf("another bundle of the same version: %v", err)
	}
	if diff := cmp.Diff(before, files(t, r.dir)); diff != "" {
		t.Errorf("the refused bundle left a trace:\n%s", diff)
	}
	if n := len(before); n != 12 { // lock, key, layout, index, 5 blobs of the bundle, 3 of its signature
		t.Errorf("the registry has %d files", n)
	}
	second := newKey(t, "acme")
	if err := r.AddKey(t.Context(), second.Public()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Publish(t.Context(), b, sign(t, b, second), second.Public(), PublishOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, trusted := range []bundle.PublicKey{k.Public(), second.Public()} {
		if _, err := pull(t, r, "acme/shop", trusted); err != nil {
			t.Errorf("signed twice, trusting one: %v", err)
		}
	}
}

func TestPublish_Refuses(t *testing.T) {
	t.Parallel()
	r, k, thief := newRegistry(t), newKey(t, "acme"), newKey(t, "acme")
	b := newBundle(t, "acme/shop@1.0.0", "hello")
	env := sign(t, b, k)
	for name, publish := range map[string]func() error{
		"no envelope": func() error { _, err := r.Publish(t.Context(), b, nil, k.Public(), PublishOptions{}); return err },
		"other key":   func() error { _, err := r.Publish(t.Context(), b, env, thief.Public(), PublishOptions{}); return err },
		"other bundle": func() error {
			_, err := r.Publish(t.Context(), newBundle(t, "acme/shop@1.0.0", "x"), env, k.Public(), PublishOptions{})
			return err
		},
		"other publisher's key": func() error {
			_, err := r.Publish(t.Context(), b, env, newKey(t, "evil").Public(), PublishOptions{})
			return err
		},
	} {
		if err := publish(); !errors.Is(err, bundle.ErrUntrusted) {
			t.Errorf("%s: error %v, want ErrUntrusted", name, err)
		}
	}
	if got := files(t, r.dir); len(got) != 0 {
		t.Errorf("refused, yet written: %v", got)
	}
	publishAll(t, r, k, "acme/shop@1.0.0")
	b = newBundle(t, "acme/shop@1.0.1", "mine now")
	_, err := r.Publish(t.Context(), b, sign(t, b, thief), thief.Public(), PublishOptions{})
	if !errors.Is(err, bundle.ErrUntrusted) || !strings.Contains(err.Error(), k.Public().Fingerprint()) {
		t.Errorf("a second key took the publisher's name: %v", err)
	}
}

func TestPublish_Cancelled(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	b := newBundle(t, "acme/shop@1.0.0", "hello")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Publish(ctx, b, sign(t, b, k), k.Public(), PublishOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, _, err := r.Pull(t.Context(), "acme/shop"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("published all the same: %v", err)
	}
	publishAll(t, r, k, "acme/shop@1.0.0")
	if _, _, err := r.Pull(ctx, "acme/shop"); !errors.Is(err, context.Canceled) {
		t.Errorf("Pull: %v", err)
	}
}

// Whoever waits for the lock can give up.
func TestPublish_LockIsHeld(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	b := newBundle(t, "acme/shop@1.0.0", "hello")
	env := sign(t, b, k)
	cause := errors.New("out of patience")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := r.change(t.Context(), func(disk) error {
		done := make(chan error)
		go func() {
			_, err := r.Publish(ctx, b, env, k.Public(), PublishOptions{})
			done <- err
		}()
		cancel(cause)
		return <-done
	})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "lock registry "+r.dir) {
		t.Errorf("error %v", err)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0", "acme/shop@1.10.0", "acme/shop@1.9.0", "acme/shop@2.0.0-rc.1", "acme/shop@0.9.0", "acme/beta@1.0.0-rc.1")
	publishAll(t, r, newKey(t, "globex"), "globex/books@3.0.0", "globex/beta@1.0.0")
	digest := newBundle(t, "acme/shop@1.9.0", "readme").Digest()
	for _, test := range []struct{ ref, want string }{
		{"shop", "acme/shop@1.10.0"},
		{"acme/shop", "acme/shop@1.10.0"},
		{"acme/shop@1.0.0", "acme/shop@1.0.0"},
		{"shop@1.0.0", "acme/shop@1.0.0"},
		{"acme/shop@^1.2", "acme/shop@1.10.0"},
		{"acme/shop@~1.9", "acme/shop@1.9.0"},
		{"acme/shop@<1", "acme/shop@0.9.0"},
		{"acme/shop@2.0.0-rc.1", "acme/shop@2.0.0-rc.1"},
		{"acme/shop@>=2.0.0-0", "acme/shop@2.0.0-rc.1"},
		{"acme/shop@" + digest, "acme/shop@1.9.0"},
		{"books", "globex/books@3.0.0"},
	} {
		l, err := r.Resolve(t.Context(), test.ref)
		if err != nil || l.Ref() != test.want {
			t.Errorf("Resolve(%s) = %s, %v, want %s", test.ref, l.Ref(), err, test.want)
		}
	}
	for _, test := range []struct {
		ref, want string
		missing   bool
	}{
		{"shopp", "connector shopp is not in the registry; did you mean acme/shop?", true},
		{"acme/sho", "did you mean acme/shop?", true},
		{"evil/shop", "did you mean acme/shop?", true},
		{"so", "connector so is not in the registry", true},
		{"nothing-like-it", "connector nothing-like-it is not in the registry", true},
		{"acme/shop@3", "does not have the version 3; newest: 2.0.0-rc.1, 1.10.0, 1.9.0, 1.0.0, 0.9.0", true},
		{"acme/beta", "does not have a version that is no prerelease; newest: 1.0.0-rc.1", true},
		{"acme/shop@sha256:" + strings.Repeat("0", 64), "does not have the version sha256:000", true},
		{"beta", "several publishers have that name; write one of acme/beta, globex/beta", false},
		{"acme/shop@", "version range", false},
		{"acme/shop@latest", "version range", false},
		{"", "the name must be", false},
		{"../acme/shop", "the publisher must be", false},
		{"acme/../acme/shop", "the name must be", false},
		{"acme/..", "the name must be", false},
		{"/etc", "the publisher must be", false},
		{"acme/shop/blobs", "the name must be", false},
		{"acme/Shop", "the name must be", false},
		{"acme\x00/shop", "the publisher must be", false},
	} {
		_, err := r.Resolve(t.Context(), test.ref)
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, fs.ErrNotExist) != test.missing {
			t.Errorf("Resolve(%q): error %v, want one with %q, missing: %v", test.ref, err, test.want, test.missing)
		}
		if _, _, perr := r.Pull(t.Context(), test.ref); perr == nil || perr.Error() != err.Error() {
			t.Errorf("Pull(%q): error %v, Resolve says %v", test.ref, perr, err)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "globex")
	publishAll(t, r, k, "globex/books@1.0.0", "globex/books@1.1.0", "globex/books@2.0.0-rc.1")
	publishAll(t, r, newKey(t, "acme"), "acme/shop@0.1.0-beta")
	for _, test := range []struct{ words, want string }{
		{"", "acme/shop@0.1.0-beta globex/books@1.1.0"},
		{"shop", "acme/shop@0.1.0-beta globex/books@1.1.0"}, // in every description
		{"BOOKS", "globex/books@1.1.0"},
		{"globex orders", "globex/books@1.1.0"},
		{"globex/b", "globex/books@1.1.0"},
		{"acme books", ""},
	} {
		found, err := r.Search(t.Context(), strings.Fields(test.words)...)
		if err != nil {
			t.Fatal(err)
		}
		var refs []string
		for _, l := range found {
			refs = append(refs, l.Ref())
		}
		if got := strings.Join(refs, " "); got != test.want {
			t.Errorf("Search(%s) = %s, want %s", test.words, got, test.want)
		}
	}
	found, err := r.Search(t.Context(), "books")
	if err != nil {
		t.Fatal(err)
	}
	m := newBundle(t, "globex/books@1.1.0", "readme")
	want := []Listing{{
		Publisher: "globex", Name: "books", Version: "1.1.0", Digest: m.Digest(), Title: "Books",
		Description: m.Manifest().Description, Categories: m.Manifest().Categories, License: m.Manifest().License,
		Versions: []string{"2.0.0-rc.1", "1.1.0", "1.0.0"},
	}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
}

// One broken repository does not hide the others.
func TestSearch_Broken(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/good@1.0.0", "acme/bad@1.0.0")
	write(t, filepath.Join(r.dir, "acme/bad/index.json"), "{}")
	found, err := r.Search(t.Context())
	if len(found) != 1 || found[0].Ref() != "acme/good@1.0.0" {
		t.Errorf("found %v", found)
	}
	if !errors.Is(err, bundle.ErrCorrupt) || !strings.Contains(err.Error(), "acme/bad") {
		t.Errorf("error %v, want ErrCorrupt that names acme/bad", err)
	}
}

// A repository that lists no version is nothing to find.
func TestSearch_NoVersion(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0")
	write(t, filepath.Join(r.dir, "acme/shop/index.json"), `{"schemaVersion":2,"manifests":[]}`)
	if found, err := r.Search(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Search = %v, %v", found, err)
	}
	if _, err := r.Resolve(t.Context(), "acme/shop"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "has no version") {
		t.Errorf("Resolve: %v", err)
	}
}

// Reading makes nothing.
func TestOpen_Empty(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	if found, err := r.Search(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("Search = %v, %v", found, err)
	}
	if _, err := r.Resolve(t.Context(), "shop"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "connector shop: the registry is empty") {
		t.Errorf("Resolve: %v", err)
	}
	if _, err := r.Keys(t.Context(), "acme"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Keys: %v", err)
	}
	if _, err := os.Stat(r.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made the folder: %v", err)
	}
}

func TestOpen_File(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x")
	write(t, path, "")
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("error %v", err)
	}
	if _, err := Open(filepath.Join(path, "below")); err == nil {
		t.Error("a folder below a file was opened")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	r, a, b := newRegistry(t), newKey(t, "acme"), newKey(t, "acme")
	publishAll(t, r, a, "acme/shop@1.0.0")
	for range 2 {
		if err := r.AddKey(t.Context(), b.Public()); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := r.Keys(t.Context(), "acme")
	if err != nil || len(keys) != 2 || keys[0] != a.Public() || keys[1] != b.Public() {
		t.Errorf("Keys = %v, %v", keys, err)
	}
	publishAll(t, r, b, "acme/shop@1.1.0")
	for _, publisher := range []string{"", "..", "acme/shop"} {
		if _, err := r.Keys(t.Context(), publisher); err == nil || !strings.Contains(err.Error(), "want 2 to 40") {
			t.Errorf("Keys(%q) wants an error", publisher)
		}
	}
	if err := r.AddKey(t.Context(), bundle.PublicKey{}); err == nil || !strings.Contains(err.Error(), "the key is empty") {
		t.Errorf("an empty key: %v", err)
	}
	write(t, filepath.Join(r.dir, "acme/publisher.pub"), a.Public().String()+"\nnonsense\n")
	if _, err := r.Keys(t.Context(), "acme"); err == nil || !strings.Contains(err.Error(), "acme/publisher.pub: line 2") {
		t.Errorf("a broken file: %v", err)
	}
	write(t, filepath.Join(r.dir, "acme/publisher.pub"), newKey(t, "evil").Public().String()+"\n")
	if _, err := r.Keys(t.Context(), "acme"); err == nil || !strings.Contains(err.Error(), "line 1: the key is bound to evil") {
		t.Errorf("another's key: %v", err)
	}
}
