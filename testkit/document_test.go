package testkit_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"text/template"

	"patchbay/testkit"
	"patchbay/testkit/internal/rules"
)

var update = flag.Bool("update", false, "write docs/certification.md anew")

// TestDocument holds docs/certification.md to the rules: it is made from them and testdata/certification.md.
func TestDocument(t *testing.T) {
	t.Parallel()
	cell := func(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s) }
	page, err := template.New("certification.md").Funcs(template.FuncMap{"cell": cell}).ParseFiles("testdata/certification.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := page.Execute(&want, map[string]any{"Count": len(testkit.Rules()), "Families": rules.Families()}); err != nil {
		t.Fatal(err)
	}
	const file = "../docs/certification.md"
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/certification.md does not say what the rules say: write it anew with\n    go test ./testkit -run TestDocument -update\n%v", err)
	}
}
