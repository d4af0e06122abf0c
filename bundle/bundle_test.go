package bundle

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"pgregory.net/rapid"
)

func TestNew_Golden(t *testing.T) {
	t.Parallel()
	b := mustNew(t, testContents(t))
	var got strings.Builder
	fmt.Fprintf(&got, "%s %s, %d bytes\n", b.FileName(), b.Ref(), b.Size())
	entries, err := b.entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fmt.Fprintf(&got, "-- %s, %d bytes --\n%q\n", e.name, len(e.data), e.data)
	}
	const golden = "testdata/shop.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the format has changed, and with it every digest (-want +got):\n%s", diff)
	}
}

func TestNew_Reproducible(t *testing.T) {
	t.Parallel()
	a, b := mustNew(t, testContents(t)), mustNew(t, testContents(t))
	if a.Digest() != b.Digest() || !bytes.Equal(file(t, a), file(t, b)) {
		t.Error("the same contents made two bundles")
	}
	if n := int64(len(file(t, a))); a.Size() != n {
		t.Errorf("Size() = %d, the file has %d bytes", a.Size(), n)
	}
}

func TestNew_AbsentParts(t *testing.T) {
	t.Parallel()
	b := mustNew(t, Contents{Module: module, Manifest: testManifest(t, "acme", "shop", "1.2.0"), IconType: TypePNG})
	var types []string
	for _, blob := range b.Blobs() {
		types = append(types, blob.MediaType)
	}
	if diff := cmp.Diff([]string{ocispec.MediaTypeImageManifest, TypeConfig, TypeModule, TypeManifest}, types); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}
}

// Every part counts: a change of any of them is another bundle.
func TestNew_EveryPartCounts(t *testing.T) {
	t.Parallel()
	digests := map[string]string{"nothing": mustNew(t, testContents(t)).Digest()}
	for what, change := range map[string]func(*Contents){
		"module":    func(c *Contents) { c.Module = append(bytes.Clone(c.Module), 0) },
		"manifest":  func(c *Contents) { c.Manifest = testManifest(t, "acme", "shop", "1.2.1") },
		"readme":    func(c *Contents) { c.Readme = nil },
		"icon":      func(c *Contents) { c.Icon = []byte("<svg/>") },
		"icon type": func(c *Contents) { c.IconType = TypePNG },
		"case":      func(c *Contents) { c.Cases = map[string][]byte{"a.yaml": nil} },
		"case name": func(c *Contents) { c.Cases = map[string][]byte{"b.yaml": nil} },
		"sbom":      func(c *Contents) { c.SBOM = []byte("{}") },
	} {
		c := testContents(t)
		change(&c)
		b := mustNew(t, c)
		for other, d := range digests {
			if d == b.Digest() {
				t.Errorf("a change of the %s makes the same digest as one of the %s", what, other)
			}
		}
		digests[what] = b.Digest()
	}
}

func TestNew_Refuses(t *testing.T) {
	t.Parallel()
	big := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for _, test := range []struct {
		name   string
		change func(*Contents)
		want   string
	}{
		{"no module", func(c *Contents) { c.Module = nil }, "module.wasm is missing"},
		{"no manifest", func(c *Contents) { c.Manifest = nil }, "manifest.json is missing"},
		{"broken manifest", func(c *Contents) { c.Manifest = []byte("{") }, "make bundle: "},
		{"large module", func(c *Contents) { c.Module = big(16<<20 + 1) }, "module.wasm has 16777217 bytes, at most 16777216 are allowed"},
		{"large readme", func(c *Contents) { c.Readme = big(1<<20 + 1) }, "README.md has 1048577 bytes, at most 1048576 are allowed"},
		{"large in all", func(c *Contents) {
			c.Module, c.SBOM, c.Cases = big(16<<20), big(8<<20), map[string][]byte{"a": big(8<<20 - 8)}
		}, "bytes, at most 33554432 are allowed"},
		{"icon type", func(c *Contents) { c.IconType = "image/gif" }, `icon has the type "image/gif"; use image/svg+xml or image/png`},
		{"case above", func(c *Contents) { c.Cases["../x"] = nil }, `case "../x": the name is not a plain relative path`},
		{"case absolute", func(c *Contents) { c.Cases["/x"] = nil }, `case "/x"`},
		{"case empty", func(c *Contents) { c.Cases[""] = nil }, `case ""`},
		{"case dot", func(c *Contents) { c.Cases["."] = nil }, `case "."`},
		{"case backslash", func(c *Contents) { c.Cases[`a\b`] = nil }, `case "a\\b"`},
		{"case control", func(c *Contents) { c.Cases["a\nb"] = nil }, `case "a\nb"`},
		{"case long", func(c *Contents) { c.Cases[strings.Repeat("a", 256)] = nil }, "plain relative path"},
		{"case bytes", func(c *Contents) { c.Cases["a"] = []byte{0xff} }, `case "a" is not UTF-8 text`},
		{"publisher", func(c *Contents) { c.Manifest = testManifest(t, "../acme", "shop", "1.2.0") }, "make bundle: "},
		{"name", func(c *Contents) { c.Manifest = testManifest(t, "acme", "..", "1.2.0") }, "make bundle: "},
		{"version", func(c *Contents) { c.Manifest = testManifest(t, "acme", "shop", "1/../2") }, "make bundle: "},
		{"build metadata", func(c *Contents) { c.Manifest = testManifest(t, "acme", "shop", "1.2.0+linux") }, "leave out the part from \"+\" on"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := testContents(t)
			test.change(&c)
			_, err := New(c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestValidName(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"ab", "acme", "a-b", "a3", strings.Repeat("a", 40)} {
		if !ValidName(s) {
			t.Errorf("%q should be a name", s)
		}
	}
	for _, s := range []string{"", "a", ".", "..", "a/b", "AB", "-a", "a-", "a--b", "3com", "a.b", "a_b", "a b", "ää", "ab\n", strings.Repeat("a", 41)} {
		if ValidName(s) {
			t.Errorf("%q should not be a name", s)
		}
	}
}

// A name is valid here when it is valid in a manifest.
func TestValidName_Manifest(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"ab", "a", "3com", "a--b", "a-b", strings.Repeat("a", 40), strings.Repeat("a", 41), "a_b", "a-"} {
		_, err := New(Contents{Module: module, Manifest: testManifest(t, s, "shop", "1.2.0")})
		if ValidName(s) != (err == nil) {
			t.Errorf("%q: ValidName says %v, the manifest %v", s, ValidName(s), err)
		}
	}
}

func TestRead_RoundTrip(t *testing.T) {
	t.Parallel()
	versions := []string{"0.0.1", "1.2.3-rc.1"}
	manifests := map[string][]byte{}
	for _, v := range versions {
		manifests[v] = testManifest(t, "acme", "shop", v)
	}
	// Few different bytes, so that parts are often equal and stand once in the file.
	blob := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\x00")), 0, 3)
	text := rapid.Map(rapid.String(), func(s string) []byte { return []byte(strings.ToValidUTF8(s, "?")) })
	name := rapid.StringMatching(`[a-z]{1,3}(/[A-Z .]{1,3}x)?`)
	rapid.Check(t, func(t *rapid.T) {
		c := Contents{
			Module:   append([]byte("m"), blob.Draw(t, "module")...),
			Manifest: manifests[rapid.SampledFrom(versions).Draw(t, "version")],
			Readme:   blob.Draw(t, "readme"),
			Icon:     blob.Draw(t, "icon"),
			IconType: rapid.SampledFrom([]string{TypeSVG, TypePNG}).Draw(t, "icon type"),
			Cases:    rapid.MapOf(name, text).Draw(t, "cases"),
			SBOM:     blob.Draw(t, "sbom"),
		}
		b, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		var first, second bytes.Buffer
		if _, err := b.WriteTo(&first); err != nil {
			t.Fatal(err)
		}
		got, err := Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Icon) == 0 {
			c.IconType = ""
		}
		if diff := cmp.Diff(texts(c), texts(got.Contents())); diff != "" {
			t.Fatalf("contents (-written +read):\n%s", diff)
		}
		if _, err := got.WriteTo(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) || got.Digest() != b.Digest() {
			t.Fatalf("the bundle read is not the one written (%v)", err)
		}
	})
}

// texts makes contents comparable: absent and empty are the same.
func texts(c Contents) []string {
	out := []string{string(c.Module), string(c.Manifest), string(c.Readme), string(c.Icon), c.IconType, string(c.SBOM)}
	for _, name := range slices.Sorted(maps.Keys(c.Cases)) {
		out = append(out, name, string(c.Cases[name]))
	}
	return out
}
