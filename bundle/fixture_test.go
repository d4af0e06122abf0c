package bundle

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"patchbay/manifest"
)

var update = flag.Bool("update", false, "write the golden files")

// module is the least WebAssembly module.
var module = []byte("\x00asm\x01\x00\x00\x00")

func testManifest(t testing.TB, publisher, name, version string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	m.Publisher, m.Name, m.Version = publisher, name, version
	if data, err = m.Canonical(); err != nil {
		t.Fatal(err)
	}
	return data
}

// testContents has every part.
func testContents(t testing.TB) Contents {
	return Contents{
		Module:   module,
		Manifest: testManifest(t, "acme", "shop", "1.2.0"),
		Readme:   []byte("# Shop\n"),
		Icon:     []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`),
		IconType: TypeSVG,
		Cases:    map[string][]byte{"orders/get.yaml": []byte("name: <get> & more\n"), "a.yaml": nil},
		SBOM:     []byte(`{"bomFormat":"CycloneDX"}`),
	}
}

// smallContents is enough for tests that read a bundle once for each of its bytes.
func smallContents(t testing.TB) Contents {
	c := testContents(t)
	return Contents{Module: c.Module, Manifest: c.Manifest, Readme: c.Readme}
}

func mustNew(t testing.TB, c Contents) *Bundle {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// file returns b in its file form.
func file(t testing.TB, b *Bundle) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := b.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func testKey(t testing.TB, publisher string) *Key {
	t.Helper()
	k, err := GenerateKey(publisher)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// edit decodes data as T, changes it and encodes it again.
func edit[T any](t testing.TB, data []byte, change func(*T)) []byte {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	change(&v)
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
