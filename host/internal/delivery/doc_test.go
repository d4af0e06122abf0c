package delivery

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/manifest"
)

// docs/errors.md lists every code with its verb, and its examples are rules of the connectors, or such as any connector
// may have.
func TestDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range abi.Codes {
		if row := fmt.Sprintf("\n| `%s` | `%s` | ", c, c.Retry()); !strings.Contains(string(page), row) {
			t.Errorf("no row %s", row)
		}
	}
	minimal, err := os.ReadFile("../../../manifest/testdata/good/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	examples := strings.Split(string(page), "```yaml\n")[1:]
	if len(examples) != 4 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		yaml, _, _ := strings.Cut(example, "```")
		if _, err := manifest.Parse(append(append([]byte{}, minimal...), "\n"+yaml...)); err != nil {
			t.Errorf("%s%v", yaml, err)
		}
	}
	for connector, example := range map[string]string{"tallyfy": examples[1], "netsuite": examples[0] + examples[2]} {
		data, err := os.ReadFile("../../../plugins/" + connector + "/connector.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(example) {
			rule := strings.HasPrefix(line, "  - ") || strings.HasPrefix(line, "retry:")
			if rule && !strings.Contains(string(data), "\n"+line) {
				t.Errorf("%s has no line %s", connector, line)
			}
		}
	}
}
