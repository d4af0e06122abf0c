package testkit

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"patchbay/testkit/internal/rules"
	"patchbay/testkit/report"
)

// source is the code of the rules and of the lab that they try connectors in.
//
//go:embed internal/*/*.go internal/rules/*/*.go
var source embed.FS

// RuleSet names the rules that [Certify] looks at, with a hash of their code: two reports of one rule set can be
// compared, whoever made them.
var RuleSet = sync.OnceValue(func() string {
	sum := sha256.New()
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := source.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		panic(err) // of files in memory
	}
	return fmt.Sprintf("patchbay/1 sha256:%x", sum.Sum(nil))
})

// Rules describes all rules, by family and id.
func Rules() []report.Rule {
	var all []report.Rule
	for _, f := range rules.Families() {
		for _, r := range f.Rules {
			all = append(all, r.Rule)
		}
	}
	return all
}

// Explanation is a rule with an example of a connector that breaks it.
type Explanation struct {
	report.Rule
	Example string `json:"example"` // as edits of a good connector's files
}

// Explain finds a rule.
func Explain(id string) (Explanation, error) {
	for _, r := range Rules() {
		if r.ID == id {
			return Explanation{r, rules.Example(id)}, nil
		}
	}
	return Explanation{}, fmt.Errorf("there is no rule %q", id)
}
