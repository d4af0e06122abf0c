package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/bundle"
	"patchbay/manifest"
)

// newBundle makes a small bundle of the name "publisher/name@version" with a readme.
func newBundle(t testing.TB, ref, readme string) *bundle.Bundle {
	t.Helper()
	data, err := os.ReadFile("testdata/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	name, version, _ := strings.Cut(ref, "@")
	m.Publisher, m.Name, _ = strings.Cut(name, "/")
	m.Version = version
	m.Title = strings.ToUpper(m.Name[:1]) + m.Name[1:]
	if data, err = m.Canonical(); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.New(bundle.Contents{Module: []byte("\x00asm\x01\x00\x00\x00"), Manifest: data, Readme: []byte(readme)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newKey(t testing.TB, publisher string) *bundle.Key {
	t.Helper()
	k, err := bundle.GenerateKey(publisher)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t testing.TB, b *bundle.Bundle, k *bundle.Key) bundle.Envelope {
	t.Helper()
	env, err := bundle.Sign(b, k)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// newRegistry returns an empty registry in a folder that is not there yet.
func newRegistry(t testing.TB) *Registry {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "registry"))
}

func open(t testing.TB, dir string) *Registry {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// publishAll publishes small bundles by one key.
func publishAll(t testing.TB, r *Registry, k *bundle.Key, refs ...string) {
	t.Helper()
	for _, ref := range refs {
		b := newBundle(t, ref, "readme")
		if _, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// pull pulls and verifies.
func pull(t testing.TB, r *Registry, ref string, trusted ...bundle.PublicKey) (*bundle.Bundle, error) {
	t.Helper()
	b, envelopes, err := r.Pull(t.Context(), ref)
	if err != nil {
		return nil, err
	}
	_, err = bundle.Verify(b, trusted, envelopes...)
	return b, err
}

// files returns the content of every file below dir by its slash-separated path.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = string(data)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
