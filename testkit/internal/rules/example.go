package rules

import (
	"embed"
	"strings"

	"golang.org/x/tools/txtar"
)

// fixtures are connectors that break the rules, one file a rule, as edits of the good one in testdata/desk.
//
//go:embed testdata/*.txtar
var fixtures embed.FS

// Gap stands in the made-up credentials of fixtures, so that nobody takes them for real ones in this repository.
const Gap = "~~"

// Example shows how a connector breaks a rule: the first fixture of it that does.
func Example(id string) string {
	data, err := fixtures.ReadFile("testdata/" + id + ".txtar")
	if err != nil {
		return ""
	}
	archive := txtar.Parse(data)
	var b strings.Builder
	b.Write(archive.Comment)
	for _, f := range archive.Files {
		name, ok := strings.CutPrefix(f.Name, "bad/")
		switch gone, deleted := strings.CutSuffix(name, ".delete"); {
		case !ok:
		case name == "guest": // it is in the code: the rest only leads there
			return string(archive.Comment)
		case deleted:
			b.WriteString("\n" + gone + " is taken away\n")
		default:
			b.WriteString("\n" + strings.TrimSuffix(name, ".edit") + "\n" + string(f.Data))
		}
	}
	return strings.ReplaceAll(b.String(), Gap, "")
}
