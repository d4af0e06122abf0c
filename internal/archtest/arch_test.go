package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers gives every package its number; a package imports only lower ones. ARCHITECTURE.md prints the same table.
var layers = map[string]int{
	".":                                 0,
	"abi":                               0,
	"internal/strictyaml":               0,
	"internal/keyfile":                  0,
	"internal/memory":                   0,
	"internal/printable":                0,
	"internal/sbom":                     0,
	"internal/virtual":                  0,
	"internal/archtest":                 0,
	"manifest":                          1,
	"wasm":                              1,
	"wasm/wasmtest":                     2,
	"sdk/reseed":                        0,
	"sdk":                               1,
	"sdk/sdktest":                       2,
	"contract":                          2,
	"bundle":                            2,
	"plugins/tallyfy":                   2,
	"plugins/netsuite":                  2,
	"examples/mailgun":                  2,
	"examples/moveworks":                2,
	"examples/openweather":              2,
	"examples/servicenow":               2,
	"examples/slack":                    2,
	"examples/zendesk":                  2,
	"examples/adyen":                    2,
	"examples/texttools":                2,
	"examples/github":                   2,
	"examples/discord":                  2,
	"examples/box":                      2,
	"examples/linear":                   2,
	"examples/planio":                   2,
	"build":                             3,
	"host/internal/guest":               1,
	"host/internal/clock":               0,
	"host/internal/jail":                0,
	"host/internal/linear":              0,
	"host/internal/codecache":           1,
	"host/internal/guesttest":           3,
	"host/internal/sandbox":             3,
	"host/internal/sandbox/difftest":    4,
	"host/internal/egress":              3,
	"host/internal/quota":               3,
	"host/internal/auth":                3,
	"host/internal/auth/oidctest":       4,
	"host/internal/delivery":            3,
	"host/internal/worker":              3,
	"registry":                          3,
	"state":                             3,
	"vault":                             3,
	"audit":                             3,
	"testkit/vendors/simulated":         0,
	"testkit/vendors/oauth":             1,
	"testkit/vendors/tallyfy":           2,
	"testkit/vendors/netsuite":          2,
	"host":                              4,
	"testkit/report":                    1,
	"testkit/internal/hunks":            0,
	"testkit/internal/leaks":            0,
	"testkit/internal/cases":            2,
	"testkit/internal/inputs":           2,
	"testkit/internal/lab":              5,
	"testkit/internal/record":           5,
	"testkit/internal/rule":             6,
	"testkit/internal/rules/listing":    7,
	"testkit/internal/rules/auth":       7,
	"testkit/internal/rules/network":    7,
	"testkit/internal/rules/secrets":    7,
	"testkit/internal/rules/module":     7,
	"testkit/internal/rules/operations": 7,
	"testkit/internal/rules/triggers":   7,
	"testkit/internal/rules/resilience": 7,
	"testkit/internal/rules/compat":     7,
	"testkit/internal/rules/documents":  7,
	"testkit/internal/rules/limits":     7,
	"testkit/internal/rules":            8,
	"testkit":                           9,
	"internal/cli":                      5,
	"cmd/host":                          10,
	"cmd/pack":                          10,
}

// owners names the packages that may import a vendor module; test files are held to it too.
var owners = map[string][]string{
	"code.dny.dev/ssrf":                                 {"host/internal/egress"},
	"filippo.io/age":                                    {"vault"},
	"github.com/Masterminds/semver/v3":                  {"manifest"},
	"github.com/goccy/go-yaml":                          {"internal/strictyaml"},
	"github.com/golang-jwt/jwt/v5":                      {"host/internal/auth"},
	"github.com/gowebpki/jcs":                           {"manifest"},
	"github.com/hashicorp/go-hclog":                     {"host/internal/worker"},
	"github.com/hashicorp/go-plugin":                    {"host/internal/worker"},
	"github.com/nats-io/nats-server/v2":                 {"state"},
	"github.com/nats-io/nats.go":                        {"state"},
	"github.com/opencontainers/go-digest":               {"bundle", "registry"},
	"github.com/opencontainers/image-spec":              {"bundle", "registry"},
	"github.com/santhosh-tekuri/jsonschema/v5":          {"manifest"},
	"github.com/secure-systems-lab/go-securesystemslib": {"bundle"},
	"github.com/spf13/cobra":                            {"internal/cli", "cmd/host", "cmd/pack"},
	"github.com/tetratelabs/wazero":                     {"host/internal/sandbox", "host/internal/sandbox/difftest"},
	"golang.org/x/crypto":                               {"vault"},
	"golang.org/x/mod":                                  {"audit"},
	"golang.org/x/sys":                                  {"host/internal/linear", "host/internal/jail"},
	"golang.org/x/term":                                 {"internal/cli"},
	"golang.org/x/tools":                                {"testkit", "testkit/internal/cases", "testkit/internal/rules"},
	"google.golang.org/grpc":                            {"host/internal/worker"},
	"oras.land/oras-go/v2":                              {"registry"},

	// Test files only; see testOnly.
	"github.com/chromedp/cdproto":     nil,
	"github.com/chromedp/chromedp":    nil,
	"github.com/google/go-cmp":        nil,
	"github.com/rogpeppe/go-internal": nil,
	"pgregory.net/rapid":              nil,
}

var testOnly = []string{"github.com/chromedp/cdproto", "github.com/chromedp/chromedp", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal", "pgregory.net/rapid"}

// testers names packages whose tests, and only they, may import a library that others own.
var testers = map[string][]string{
	"github.com/santhosh-tekuri/jsonschema/v5": {"testkit/report"}, // SARIF's own schema judges what is written
}

// badNames are package names that say nothing.
var badNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "base", "impl", "types", "models", "misc"}

const module = "patchbay"

// source is one parsed Go file.
type source struct {
	pkg  string // folder below the root, "." for the root
	name string
	file *ast.File
	test bool
}

func TestLayers(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sources(t) {
		layer, ok := layers[s.pkg]
		if !ok {
			t.Errorf("%s: package %s has no layer: add it to the table here and in ARCHITECTURE.md", s.name, s.pkg)
			continue
		}
		seen[s.pkg] = true
		if s.test {
			continue // tests may reach up: a connector's test runs testkit
		}
		for _, imp := range imports(s) {
			dep, ok := ours(imp)
			if ok && layers[dep] >= layer && dep != s.pkg {
				t.Errorf("%s (layer %d) imports %s (layer %d): a package imports only lower layers", s.name, layer, dep, layers[dep])
			}
		}
	}
	for p := range layers {
		if !seen[p] && p != "." {
			t.Errorf("the table names %s, which has no Go files", p)
		}
	}
}

func TestVendorsHaveOneOwner(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range imports(s) {
			if !strings.Contains(strings.Split(imp, "/")[0], ".") {
				continue // standard library or ours
			}
			vendor, pkgs, ok := owner(imp)
			switch {
			case !ok:
				t.Errorf("%s imports %s, which has no owner: name one here and its reason in RATIONALE.md", s.name, imp)
			case slices.Contains(testOnly, vendor) && !s.test:
				t.Errorf("%s imports %s, which is for tests", s.name, imp)
			case s.test && slices.Contains(testers[vendor], s.pkg):
			case pkgs != nil && !slices.Contains(pkgs, s.pkg):
				t.Errorf("%s imports %s, which belongs to %v", s.name, imp, pkgs)
			}
		}
	}
}

// TestGuestsAreLean keeps what is compiled into every connector to the ABI and the standard library.
func TestGuestsAreLean(t *testing.T) {
	lean := []string{"abi", "sdk", "sdk/reseed"}
	for _, s := range sources(t) {
		guest := slices.Contains(lean, s.pkg) || strings.HasPrefix(s.pkg, "plugins/") || strings.HasPrefix(s.pkg, "examples/")
		if !guest || s.test {
			continue
		}
		for _, imp := range imports(s) {
			dep, isOurs := ours(imp)
			if isOurs && !slices.Contains(lean, dep) || strings.Contains(strings.Split(imp, "/")[0], ".") {
				t.Errorf("%s imports %s: guests use %v and the standard library", s.name, imp, lean)
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	documented := map[string]bool{}
	all := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		all[s.pkg] = true
		if d := s.file.Doc; d != nil && len(strings.Fields(d.Text())) >= 8 {
			documented[s.pkg] = true
		}
		if slices.Contains(badNames, path.Base(s.pkg)) {
			t.Errorf("package %s: the name says nothing about what is in it", s.pkg)
		}
	}
	for p := range all {
		if !documented[p] {
			t.Errorf("package %s has no package comment", p)
		}
	}
}

// TestOneWayOut: requests leave through egress; nothing else uses Go's default client.
func TestOneWayOut(t *testing.T) {
	forbidden := []string{"Get", "Head", "Post", "PostForm", "DefaultClient", "DefaultTransport"}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "http" && x.Obj == nil && slices.Contains(forbidden, sel.Sel.Name) {
				t.Errorf("%s uses http.%s: outbound requests go through host/internal/egress", s.name, sel.Sel.Name)
			}
			return true
		})
	}
}

// TestConnectorsAreTwins: every connector has the same files, so that a new one is begun by copying.
func TestConnectorsAreTwins(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(root(t), "plugins", "*"))
	if err != nil || len(dirs) < 2 {
		t.Fatalf("found %d connectors (%v), want at least 2", len(dirs), err)
	}
	first := shape(t, dirs[0])
	for _, d := range dirs[1:] {
		if got := shape(t, d); !slices.Equal(first, got) {
			t.Errorf("%s has the files %v, but %s has %v", filepath.Base(d), got, filepath.Base(dirs[0]), first)
		}
	}
	for _, want := range []string{"README.md", "connector.yaml", "main.go", "main_test.go", "testdata/cases"} {
		if !slices.Contains(first, want) {
			t.Errorf("%s has no %s", filepath.Base(dirs[0]), want)
		}
	}
}

// shape lists a connector's files; its cases count as one.
func shape(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		rel = filepath.ToSlash(rel)
		if rel == "testdata/cases" {
			files = append(files, rel)
			return fs.SkipDir
		}
		if rel == "dist" {
			return fs.SkipDir
		}
		if !d.IsDir() {
			files = append(files, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	top := root(t)
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != top && (skipped(d.Name()) || nested(p)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(top, p)
		rel = filepath.ToSlash(rel)
		out = append(out, source{pkg: path.Dir(rel), name: rel, file: f, test: strings.HasSuffix(rel, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("found only %d Go files below %s", len(out), top)
	}
	return out
}

func skipped(dir string) bool {
	return slices.Contains([]string{"testdata", "template", "bin", "node_modules"}, dir) || strings.HasPrefix(dir, ".")
}

// nested reports whether a folder is a module of its own: nothing here can import it, and what it requires stays out
// of this go.mod. bench is one so that it may require the hosts that it compares with.
func nested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func imports(s source) []string {
	var out []string
	for _, i := range s.file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		out = append(out, p)
	}
	return out
}

func ours(imp string) (pkg string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func owner(imp string) (vendor string, pkgs []string, ok bool) {
	for v, p := range owners {
		if imp == v || strings.HasPrefix(imp, v+"/") {
			return v, p, true
		}
	}
	return "", nil, false
}
