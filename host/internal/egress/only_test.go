package egress_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bypasses are the names in net/http that reach the network with rules of their own.
var bypasses = []string{"DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"}

// Nothing in the module goes around this package with net/http's ready-made clients.
func TestOnlyWayOut(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../../..")
	checked := 0
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		checked++
		for _, pos := range uses(file) {
			t.Errorf("%s: uses net/http's own client; requests go through host/internal/egress", set.Position(pos))
		}
		return nil
	})
	if err != nil || checked < 10 {
		t.Fatalf("checked %d files: %v", checked, err)
	}
}

// uses returns where file names one of the bypasses.
func uses(file *ast.File) []token.Pos {
	name := ""
	for _, i := range file.Imports {
		if path, _ := strconv.Unquote(i.Path.Value); path == "net/http" {
			name = "http"
			if i.Name != nil {
				name = i.Name.Name
			}
		}
	}
	var found []token.Pos
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(bypasses, sel.Sel.Name) {
			if x, ok := sel.X.(*ast.Ident); ok && name != "" && x.Name == name {
				found = append(found, sel.Pos())
			}
		}
		return true
	})
	return found
}

func TestOnlyWayOut_Finds(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]int{
		`package a; import "net/http"; var _ = http.DefaultClient; func f() { http.Get("") }`: 2,
		`package a; import web "net/http"; func f() { web.Post("", "", nil) }`:                1,
		`package a; import "net/http"; type b struct{}; func (b) Get() {}; var _ http.Client`: 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "a.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(uses(file)); got != want {
			t.Errorf("%s: found %d, want %d", src, got, want)
		}
	}
}
