package rules_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/manifest"
	"patchbay/testkit"
	"patchbay/testkit/internal/hunks"
	"patchbay/testkit/internal/rules"
	"patchbay/testkit/report"
	"patchbay/wasm"
)

// TestRules holds every rule to what a rule is: documented, and proven by a fixture.
func TestRules(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[A-Z][0-9]{3}$`)
	seen := map[string]bool{}
	for _, f := range rules.Families() {
		for _, r := range f.Rules {
			switch {
			case !id.MatchString(r.ID) || r.Family() != f.ID || seen[r.ID]:
				t.Errorf("%s: not a new id of family %s", r.ID, f.ID)
			case r.Title == "" || strings.HasSuffix(r.Title, ".") || len(r.Title) > 90:
				t.Errorf("%s: title %q: want up to 90 characters without a full stop", r.ID, r.Title)
			case !strings.HasSuffix(r.Rationale, "."):
				t.Errorf("%s: rationale %q: want sentences", r.ID, r.Rationale)
			case r.Fix == "" || strings.HasSuffix(r.Fix, "."):
				t.Errorf("%s: fix %q: want what to do, without a full stop", r.ID, r.Fix)
			case r.Severity != report.Error && r.Severity != report.Warning && r.Severity != report.Note:
				t.Errorf("%s: severity %q", r.ID, r.Severity)
			case rules.Example(r.ID) == "":
				t.Errorf("%s: testdata/%[1]s.txtar is missing or shows nothing bad", r.ID)
			}
			seen[r.ID] = true
		}
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, f := range files {
		if !seen[strings.TrimSuffix(filepath.Base(f), ".txtar")] {
			t.Errorf("%s is of no rule", f)
		}
	}
}

// TestFixtures breaks the good connector as each fixture says and wants the rule to find it, and to find nothing in
// the good one and in the variants that come close.
func TestFixtures(t *testing.T) {
	t.Parallel()
	all := base(t)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			variants := map[string][]txtar.File{}
			for _, f := range archive.Files {
				variant, name, _ := strings.Cut(f.Name, "/")
				variants[variant] = append(variants[variant], txtar.File{Name: name, Data: f.Data})
			}
			for _, variant := range slices.Sorted(maps.Keys(variants)) {
				found := all.certify(t, id, variants[variant])
				switch bad := strings.HasPrefix(variant, "bad"); {
				case bad && len(found) == 0:
					t.Errorf("%s: the rule finds nothing", variant)
				case !bad && !strings.HasPrefix(variant, "good"):
					t.Errorf("%s: want folders good… and bad…", variant)
				case !bad && len(found) > 0:
					t.Errorf("%s: the rule finds %v", variant, found)
				}
				for _, f := range found {
					t.Log(variant, f)
				}
			}
		})
	}
}

// TestGood wants nothing at all to be found in the good connector.
func TestGood(t *testing.T) {
	t.Parallel()
	all := base(t)
	if found := all.certify(t, "", nil); len(found) > 0 {
		t.Error(found)
	}
}

// bases are the good connector's files, and the guests that a fixture may choose from.
type bases struct {
	files  map[string]string
	guests map[string][]byte
	cache  string
}

// work is the folder of the whole run: compiled guests are most of its time.
var work string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if work, err = os.MkdirTemp("", "patchbay-rules-*"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(work)
		return m.Run()
	}())
}

// newBases reads and builds what all fixtures begin with, once.
var newBases = sync.OnceValues(func() (*bases, error) {
	b := &bases{files: map[string]string{}, guests: map[string][]byte{}, cache: filepath.Join(work, "cache")}
	cases, err := filepath.Glob("testdata/desk/testdata/cases/*.txtar")
	if err != nil || len(cases) == 0 {
		return nil, errors.Join(err, errors.New("there are no cases"))
	}
	for _, path := range append(cases, "testdata/desk/connector.yaml", "testdata/desk/README.md", "testdata/desk/icon.svg") {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		b.files[strings.TrimPrefix(path, "testdata/desk/")] = string(text)
	}
	for _, name := range []string{"desk", "rogue", "mute"} {
		made, err := build.Connector(context.Background(), filepath.Join("testdata", name), build.Options{WorkDir: filepath.Join(work, name)})
		if err != nil {
			return nil, err
		}
		b.guests[name] = made.Contents().Module
		if name == "desk" {
			b.files["sbom.json"] = string(made.Contents().SBOM)
		}
	}
	b.guests["offline"], b.guests["nameless"] = offline(), nameless()
	for name, change := range small {
		b.guests[name] = assembled(change)
	}
	return b, nil
})

func base(t *testing.T) *bases {
	t.Helper()
	b, err := newBases()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// certify lays files over the good connector's, see [hunks.Overlay], and returns what the rule finds. The file guest names
// a guest; previous/NAME is laid over the version before.
func (b *bases) certify(t *testing.T, id string, over []txtar.File) []report.Finding {
	t.Helper()
	opts := testkit.Options{CacheDir: b.cache}
	if id != "" {
		opts.Only = []string{id}
	}
	var now, before []txtar.File
	var err error
	for _, f := range over {
		if name, ok := strings.CutPrefix(f.Name, "previous/"); ok {
			before = append(before, txtar.File{Name: name, Data: f.Data})
			continue
		}
		now = append(now, f)
	}
	if before != nil {
		if opts.Previous, err = b.bundle(t, before); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.report(t, now, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings
}

// report certifies what can be built, and says of the rest why not.
func (b *bases) report(t *testing.T, over []txtar.File, opts testkit.Options) (report.Report, error) {
	t.Helper()
	made, err := b.bundle(t, over)
	if err == nil {
		return testkit.Certify(t.Context(), made, opts)
	}
	if r, ok := testkit.Refused(err, opts); ok {
		return r, nil
	}
	return report.Report{}, err
}

func (b *bases) bundle(t *testing.T, over []txtar.File) (*bundle.Bundle, error) {
	t.Helper()
	layers := map[string]string{}
	for _, f := range over {
		layers[f.Name] = strings.ReplaceAll(string(f.Data), rules.Gap, "")
	}
	files, err := hunks.Overlay(b.files, layers)
	if err != nil {
		t.Fatal(err)
	}
	pad(t, files)
	m, err := manifest.Parse([]byte(files["connector.yaml"]))
	if err != nil {
		return nil, err
	}
	c, err := b.contents(m, files)
	if err != nil {
		return nil, err
	}
	return bundle.New(c)
}

// pad makes a file large: NAME.pad says by how many bytes, which are spaces at NAME's end.
func pad(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range maps.Clone(files) {
		if base, ok := strings.CutSuffix(name, ".pad"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil {
				t.Fatal(err)
			}
			files[base] += strings.Repeat(" ", n)
			delete(files, name)
		}
	}
}

func (b *bases) contents(m *manifest.Manifest, files map[string]string) (c bundle.Contents, err error) {
	which := "desk"
	if files["guest"] != "" {
		which = strings.TrimSpace(files["guest"])
	}
	c = bundle.Contents{Module: b.guests[which], Readme: []byte(files["README.md"]), Cases: map[string][]byte{}, SBOM: []byte(files["sbom.json"])}
	if c.Module == nil {
		c.Module = []byte(files["guest"]) // a module as it is
		if _, err := wasm.Scan(c.Module); err != nil {
			return c, err
		}
	}
	if c.Manifest, err = m.Canonical(); err != nil {
		return c, err
	}
	if m.Icon != "" {
		c.Icon, c.IconType = []byte(files[m.Icon]), bundle.TypeSVG
		if strings.HasSuffix(m.Icon, ".png") {
			c.IconType = bundle.TypePNG
		}
	}
	for name, text := range files {
		if name, ok := strings.CutPrefix(name, "testdata/cases/"); ok {
			c.Cases[name] = []byte(text)
		}
	}
	return c, nil
}
