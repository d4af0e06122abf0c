package sdk_test

import (
	"go/build"
	"strings"
	"testing"
)

// heavy packages would add megabytes to every guest.
var heavy = []string{"net", "net/http", "net/textproto", "mime/multipart", "log/slog", "text/template", "html/template", "crypto/tls", "go/ast"}

// A guest gets the standard library, abi, sdk and sdk/reseed, without the heavy packages, however far down.
// go/build reads the files itself, so the test cache sees them; the answer of a go list would be cached.
func TestImports(t *testing.T) {
	t.Parallel()
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = "wasip1", "wasm", false
	seen := map[string]bool{}
	var visit func(dir, path, from string)
	visit = func(dir, path, from string) {
		if seen[path] || path == "unsafe" {
			return
		}
		seen[path] = true
		for _, h := range heavy {
			if path == h {
				t.Errorf("%s imports %s, which is too heavy for a guest", from, path)
			}
		}
		if dir == "" && strings.Contains(strings.Split(path, "/")[0], ".") && !strings.HasPrefix(path, "golang.org/x/") {
			t.Errorf("%s imports %s, which is not of the standard library", from, path)
			return
		}
		pkg, err := load(&ctx, dir, path)
		if err != nil {
			t.Fatalf("read %s for %s: %v", path, from, err)
		}
		for _, i := range pkg.Imports {
			next := ""
			if own, ok := strings.CutPrefix(i, "patchbay/"); ok {
				if own != "abi" && own != "sdk/reseed" {
					t.Errorf("%s imports %s, which is not for guests", path, i)
				}
				next = "../" + own
			}
			visit(next, i, path)
		}
	}
	visit(".", "patchbay/sdk", "a guest")
	if !seen["patchbay/abi"] || !seen["encoding/json"] || len(seen) < 30 {
		t.Errorf("only %d packages were seen", len(seen))
	}
}

func load(ctx *build.Context, dir, path string) (*build.Package, error) {
	if dir != "" {
		return ctx.ImportDir(dir, 0)
	}
	pkg, err := ctx.Import(path, "", build.IgnoreVendor)
	if err != nil {
		// The standard library's own copies of golang.org/x packages lie beneath its vendor folder.
		return ctx.Import("vendor/"+path, "", build.IgnoreVendor)
	}
	return pkg, nil
}
