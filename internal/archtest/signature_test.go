package archtest

import (
	"go/ast"
	"path"
	"strconv"
	"strings"
	"testing"
)

// TestVendorTypesStayInside: what a vendor library's owner exports does not speak of the library, so that
// nobody else comes to depend on it. A library with several owners is their common vocabulary.
func TestVendorTypesStayInside(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		vendors := vendorNames(s)
		for _, part := range exported(s.file) {
			ast.Inspect(part, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && vendors[x.Name] != "" {
					t.Errorf("%s exports a signature with %s.%s of %s", s.name, x.Name, sel.Sel.Name, vendors[x.Name])
				}
				return true
			})
		}
	}
}

// vendorNames maps the names under which a file imports libraries of a single owner to their paths.
func vendorNames(s source) map[string]string {
	names := map[string]string{}
	for _, i := range s.file.Imports {
		imp, _ := strconv.Unquote(i.Path.Value)
		_, pkgs, ok := owner(imp)
		if !ok || len(pkgs) != 1 {
			continue
		}
		name := path.Base(imp)
		if strings.HasPrefix(name, "v") && len(name) == 2 {
			name = path.Base(path.Dir(imp))
		}
		if i.Name != nil {
			name = i.Name.Name
		}
		names[strings.TrimPrefix(name, "go-")] = imp
	}
	return names
}

// exported returns the parts of a file that other packages can see: signatures, types, exported fields.
func exported(f *ast.File) []ast.Node {
	var parts []ast.Node
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) {
				parts = append(parts, d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				parts = append(parts, exportedSpec(spec)...)
			}
		}
	}
	return parts
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	id, ok := t.(*ast.Ident)
	return !ok || id.IsExported()
}

func exportedSpec(spec ast.Spec) []ast.Node {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		if spec.Names[0].IsExported() && spec.Type != nil {
			return []ast.Node{spec.Type}
		}
	case *ast.TypeSpec:
		if !spec.Name.IsExported() {
			return nil
		}
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			return []ast.Node{spec.Type}
		}
		var fields []ast.Node
		for _, f := range st.Fields.List {
			if len(f.Names) == 0 || f.Names[0].IsExported() {
				fields = append(fields, f.Type)
			}
		}
		return fields
	}
	return nil
}
