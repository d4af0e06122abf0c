package module

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// leftovers are the rules about what a build has left in a module.
var leftovers = []rule.Rule{debug, names, paths, tests, network, foreign}

var debug = rule.Look(report.Rule{
	ID: "W008", Title: "The module has no debug information", Severity: report.Warning,
	Rationale: "It can double the module, no host reads it, and it tells every file of the author's.",
	Fix:       "build with 'pack build', or with -ldflags \"-s -w\" (Go), strip = true (Rust), -g0 (C)",
}, func(s *rule.Subject, found rule.Found) {
	var list []string
	for _, name := range s.Module.Custom {
		if strings.HasPrefix(name, ".debug") || slices.Contains([]string{"sourceMappingURL", "external_debug_info", "linking"}, name) || strings.HasPrefix(name, "reloc.") {
			list = append(list, name)
		}
	}
	if len(list) > 0 {
		found("guest", "it has the custom sections %s", strings.Join(list, ", "))
	}
})

var names = rule.Look(report.Rule{
	ID: "W009", Title: "The module does not carry the names of its functions", Severity: report.Note,
	Rationale: "They are for a debugger; in Go guests they make a tenth of the module.",
	Fix:       "build with 'pack build', or with -ldflags \"-s -w\"",
}, func(s *rule.Subject, found rule.Found) {
	if slices.Contains(s.Module.Custom, "name") {
		found("guest", "it has the custom section \"name\"")
	}
})

var paths = rule.Look(report.Rule{
	ID: "W010", Title: "The module holds no path of the machine it was built on", Severity: report.Warning,
	Rationale: "Paths tell the author's name and folders to everybody, and the same sources built elsewhere give other bytes.",
	Fix:       "build with 'pack build', or with -trimpath (Go), --remap-path-prefix (Rust), -ffile-prefix-map (C)",
	Origin:    "reproducible-builds.org",
}, func(s *rule.Subject, found rule.Found) {
	list := home.FindAll(s.Contents.Module, -1)
	slices.SortFunc(list, bytes.Compare)
	list = slices.CompactFunc(list, bytes.Equal)
	if n := len(list); n > 0 {
		found("guest", "it holds %q%s", list[0], more(n-1))
	}
})

// home are folders that belong to a person or to a build machine, with what they are in.
var home = regexp.MustCompile(`(/home/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+|/Users/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+|/root/[A-Za-z0-9._-]+|` +
	`/(private/)?(var/folders|tmp)/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+|/(go|workspace|build|builds|github)/(pkg/mod|src|home|workspace)/[A-Za-z0-9._-]+|[A-Za-z]:[\\/]+Users[\\/]+[A-Za-z0-9._-]+)`)

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

var tests = rule.Look(report.Rule{
	ID: "W011", Title: "No test code is in the module", Severity: report.Warning,
	Rationale: "What is for tests may answer without asking the vendor, and it is never looked at in a review.",
	Fix:       "move it into files that end in _test.go, and do not import testing elsewhere",
}, func(s *rule.Subject, found rule.Found) {
	for _, sign := range []string{"test.timeout", "testing.(*T).", "testing.(*common)", "net/http/httptest.", "patchbay/sdk/sdktest."} {
		if bytes.Contains(s.Contents.Module, []byte(sign)) {
			found("guest", "it holds %q", sign)
			return
		}
	}
})

var network = rule.Look(report.Rule{
	ID: "W012", Title: "The module has no network code of its own", Severity: report.Note,
	Rationale: "A guest reaches the network through its host only: a client or TLS of its own is megabytes that cannot work.",
	Fix:       "use sdk.Call.HTTP in the place of net/http, and leave clients of vendors that use it out",
}, func(s *rule.Subject, found rule.Found) {
	for _, sign := range []string{"net/http.(*Client)", "net/http.(*Transport)", "crypto/tls.(*Conn)", "golang.org/x/net/http2."} {
		if bytes.Contains(s.Contents.Module, []byte(sign)) {
			found("guest", "it holds %q", sign)
			return
		}
	}
})

var foreign = rule.Look(report.Rule{
	ID: "W013", Title: "The module has no custom section that nobody knows", Severity: report.Note,
	Rationale: "A custom section can hold anything, and no tool that looks at code sees it.",
	Fix:       "remove it ('wasm-tools strip')",
}, func(s *rule.Subject, found rule.Found) {
	for _, name := range s.Module.Custom {
		if !slices.Contains(sections, name) && !strings.HasPrefix(name, ".debug") && !strings.HasPrefix(name, "reloc.") {
			found("guest", "it has the custom section %q", name)
		}
	}
})

// sections are what compilers write: Go, TinyGo, Rust, C, Zig, AssemblyScript.
var sections = []string{"name", "producers", "go:buildid", "target_features", "build_id", "dylink", "dylink.0", "linking", "sourceMappingURL", "external_debug_info", "go.version"}
