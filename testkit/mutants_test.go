package testkit_test

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"patchbay"
	"patchbay/build"
	"patchbay/bundle"
	"patchbay/testkit"
	"patchbay/testkit/internal/hunks"
	"patchbay/testkit/internal/rules"
	"patchbay/testkit/report"
)

// TestMutants breaks the two connectors of this repository in one thing at a time, as testdata/mutants says, and wants
// the rule that a file is named after to find it. Files of one connector are laid over its folder, see [hunks.Overlay];
// previous/NAME is laid over the version before. The command that a finding names must find it again.
func TestMutants(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/mutants/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no mutants", err)
	}
	for _, file := range files {
		connector := filepath.Base(filepath.Dir(file))
		id, _, _ := strings.Cut(filepath.Base(file), "-")
		t.Run(connector+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			opts := testkit.Options{Only: []string{id}, CacheDir: filepath.Join(workshop(t), "cache")}
			now, before := layers(archive)
			if len(before) > 0 {
				if opts.Previous, err = assemble(t, connector, before); err != nil {
					t.Fatal(err)
				}
			}
			r := examine(t, connector, now, opts)
			if len(r.Findings) == 0 {
				t.Fatal("the rule finds nothing")
			}
			for _, f := range r.Findings {
				t.Log(f)
				if f.Rule != id || f.Place == "" || f.Evidence == "" || !strings.Contains(f.Reproduce, "pack certify --only "+id) {
					t.Errorf("half a finding: %+v", f)
				}
			}
		})
	}
}

// runs is how often the flagships are certified: go test ./testkit -run TestFlagships -runs 20
var runs = flag.Int("runs", 2, "how often the flagships are certified")

// TestFlagships certifies the same connectors as they are: nothing is found, each time in the same words.
func TestFlagships(t *testing.T) {
	t.Parallel()
	for _, connector := range []string{"tallyfy", "netsuite"} {
		t.Run(connector, func(t *testing.T) {
			t.Parallel()
			var first string
			for range *runs {
				r := examine(t, connector, nil, testkit.Options{CacheDir: filepath.Join(workshop(t), "cache")})
				for _, f := range r.Findings {
					if f.Severity != report.Note {
						t.Error(f)
					}
				}
				text, err := r.JSON()
				if err != nil {
					t.Fatal(err)
				}
				if first == "" {
					first = string(text)
				} else if first != string(text) {
					t.Errorf("two reports differ:\n%s\n%s", first, text)
				}
			}
		})
	}
}

// layers tells what is laid over the connector from what is laid over the version before.
func layers(a *txtar.Archive) (now, before map[string]string) {
	now, before = map[string]string{}, map[string]string{}
	for _, f := range a.Files {
		text := strings.ReplaceAll(string(f.Data), rules.Gap, "")
		if name, ok := strings.CutPrefix(f.Name, "previous/"); ok {
			before[name] = text
		} else {
			now[f.Name] = text
		}
	}
	return now, before
}

// examine certifies what can be built, and says of the rest why not.
func examine(t *testing.T, connector string, over map[string]string, opts testkit.Options) report.Report {
	t.Helper()
	b, err := assemble(t, connector, over)
	if err != nil {
		r, ok := testkit.Refused(err, opts)
		if !ok {
			t.Fatal(err)
		}
		return r
	}
	r, err := testkit.Certify(t.Context(), b, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// work is the folder of the whole run.
var work = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "patchbay-mutants-*")
	if err != nil {
		return "", err
	}
	return dir, patchbay.WriteSDK(filepath.Join(dir, "sdk"))
})

func workshop(t *testing.T) string {
	t.Helper()
	dir, err := work()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := work(); err == nil {
		err = os.RemoveAll(dir)
		code = max(code, map[bool]int{true: 1}[err != nil])
	}
	os.Exit(code)
}

// assemble builds a connector of this repository with files laid over it.
func assemble(t *testing.T, connector string, over map[string]string) (*bundle.Bundle, error) {
	t.Helper()
	dir, shop := layDown(t, connector, over), workshop(t)
	for name := range over {
		if strings.Contains(name, ".go") { // another guest than the rest of them share
			return build.Connector(context.Background(), dir, build.Options{WorkDir: t.TempDir()})
		}
	}
	building.Lock()
	defer building.Unlock()
	return build.Connector(context.Background(), dir, build.Options{WorkDir: filepath.Join(shop, "build", connector)})
}

// building is held while the guests that mutants share are built.
var building sync.Mutex

// layDown makes a folder of a connector of this repository with files laid over it.
func layDown(t *testing.T, connector string, over map[string]string) (dir string) {
	t.Helper()
	files, err := hunks.Overlay(sources(t, connector), over)
	if err != nil {
		t.Fatal(err)
	}
	shop := workshop(t)
	files["go.mod"] = "module " + connector + "\n\ngo 1.26.0\n\nrequire patchbay v0.0.0\n\nreplace patchbay => ../sdk\n" // a whole path would be in the module
	if dir, err = os.MkdirTemp(shop, connector+"-*"); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sources reads a connector's folder, without its tests.
func sources(t *testing.T, connector string) map[string]string {
	t.Helper()
	files := map[string]string{}
	dir := os.DirFS(filepath.Join("..", "plugins", connector))
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(dir, name)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
