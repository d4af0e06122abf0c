package lab

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/manifest"
)

// background outlives every test.
var background = context.Background()

const echoDir = "testdata/echo"

// built is the connector echo, built once for all tests.
var built = sync.OnceValues(func() (bundle.Contents, error) {
	work, err := os.MkdirTemp("", "patchbay-testkit-*")
	if err != nil {
		return bundle.Contents{}, err
	}
	defer os.RemoveAll(work)
	return contents(work)
})

func contents(work string) (bundle.Contents, error) {
	b, err := build.Connector(background, echoDir, build.Options{WorkDir: work})
	if err != nil {
		return bundle.Contents{}, err
	}
	return b.Contents(), nil
}

// echo returns the connector echo's contents with old text in its manifest replaced by new, in pairs.
func echo(t *testing.T, replace ...string) bundle.Contents {
	t.Helper()
	c, err := built()
	if err != nil {
		t.Fatal(err)
	}
	c.Cases = maps.Clone(c.Cases)
	text, err := os.ReadFile(filepath.Join(echoDir, build.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("the manifest has no %q", replace[i])
		}
	}
	m, err := manifest.Parse([]byte(strings.NewReplacer(replace...).Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	if c.Manifest, err = m.Canonical(); err != nil {
		t.Fatal(err)
	}
	return c
}

// open makes a lab of c. It lives as long as the test.
func open(t *testing.T, c bundle.Contents, opts Options) *Lab {
	t.Helper()
	b, err := bundle.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), b, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(background); err != nil {
			t.Error(err)
		}
	})
	return s
}

// cacheDir is the compile cache of all sessions: compiling is most of their time.
var cacheDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "patchbay-testkit-cache-*")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		cacheDir = filepath.Join(dir, "cache") // its key lies beside it
		return m.Run()
	}())
}
