package registry

import (
	"io/fs"
	"strings"
	"testing"
)

// A reference that is accepted can only name a folder two levels below the root.
func FuzzReference(f *testing.F) {
	for _, s := range []string{"shop", "acme/shop@^1.2", "acme/shop@sha256:00", "../x", "a/b/c", "@", "a@b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseReference(s)
		if err != nil {
			return
		}
		if !fs.ValidPath(r.String()) || strings.Count(r.String(), "/") > 1 || strings.HasPrefix(r.String(), ".") {
			t.Errorf("%q names the path %q", s, r)
		}
		r.near([]string{"acme/shop", "a/b"})
	})
}

func FuzzIndex(f *testing.F) {
	r, k := newRegistry(f), newKey(f, "acme")
	b := newBundle(f, "acme/shop@1.0.0", "readme")
	if _, err := r.Publish(f.Context(), b, sign(f, b, k), k.Public(), PublishOptions{}); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(files(f, r.dir)["acme/shop/index.json"]))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := parseIndex(data)
		if err != nil {
			return
		}
		repo := &repository{name: "acme/shop", index: index}
		if err := repo.readTags(); err != nil {
			return
		}
		for i, tag := range repo.tags {
			if i > 0 && repo.tags[i-1].version.Compare(tag.version) < 0 {
				t.Errorf("the tags are not newest first: %s, %s", repo.tags[i-1].version, tag.version)
			}
			if len(tag.desc.Digest) != len("sha256:")+64 {
				t.Errorf("digest %q", tag.desc.Digest)
			}
		}
	})
}

// distance is a metric.
func FuzzDistance(f *testing.F) {
	f.Add("shop", "shopp")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 200 {
			return
		}
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || distance(a+"x", b+"x") > d+1 {
			t.Errorf("distance(%q, %q) = %d", a, b, d)
		}
	})
}
