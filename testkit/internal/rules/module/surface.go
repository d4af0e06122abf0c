package module

import (
	"context"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// surface are the rules about what a module offers its host and asks of it.
var surface = []rule.Rule{exports, ungranted, unasked, spoken, rebuilt}

var exports = rule.Look(report.Rule{
	ID: "W014", Title: "The module exports what a host calls, and nothing else", Severity: report.Warning,
	Rationale: "What is exported is kept by the linker, and reviewed by nobody: no host calls it.",
	Fix:       "remove //go:wasmexport (Go), #[no_mangle] (Rust) or the export option",
}, func(s *rule.Subject, found rule.Found) {
	var list []string
	for _, e := range s.Module.Exports {
		if !slices.Contains(called, e.Name) {
			list = append(list, e.Kind.String()+" "+e.Name)
		}
	}
	if len(list) > 0 {
		found("guest", "it exports %s", strings.Join(list[:min(len(list), 5)], ", ")+more(max(0, len(list)-5)))
	}
})

// called are the exports of a guest; those with underscores are what linkers add by themselves.
var called = []string{
	abi.ExportMemory, abi.ExportInitialize, abi.ExportInvoke, "__indirect_function_table", "__data_end", "__heap_base", "__heap_end",
	"__stack_pointer", "__memory_base", "__table_base", "__global_base", "__dso_handle", "__wasm_call_ctors",
	"asyncify_start_unwind", "asyncify_stop_unwind", "asyncify_start_rewind", "asyncify_stop_rewind", "asyncify_get_state",
	"malloc", "free", "calloc", "realloc", // TinyGo's
}

var ungranted = rule.Look(report.Rule{
	ID: "W015", Title: "A guest that makes requests has a grant", Severity: report.Error,
	Rationale: "Without a grant the host answers none of its requests.",
	Fix:       "list the hosts that it needs under http, or remove the requests",
}, func(s *rule.Subject, found rule.Found) {
	if requests(s) && len(s.Manifest.HTTP) == 0 {
		found("/http", "the guest imports %s, and the manifest has no http grant", abi.ModuleHTTP)
	}
})

var unasked = rule.Look(report.Rule{
	ID: "W016", Title: "A connector with grants makes requests", Severity: report.Warning,
	Rationale: "It asks for more than it can use: no code of it can make a request.",
	Fix:       "remove http from the manifest, or build the guest that was meant",
}, func(s *rule.Subject, found rule.Found) {
	if !requests(s) && len(s.Manifest.HTTP) > 0 {
		found("/http", "the manifest has %d http grants, and the guest does not import %s", len(s.Manifest.HTTP), abi.ModuleHTTP)
	}
})

func requests(s *rule.Subject) bool {
	return slices.Contains(s.Module.Capabilities(), abi.ModuleHTTP)
}

var spoken = rule.Rule{
	Rule: report.Rule{
		ID: "W017", Title: "The guest says which SDK it was built with", Severity: report.Note,
		Rationale: "When an SDK turns out to be wrong, one has to find the guests that have it.",
		Fix:       "build it with an SDK of this version of the ABI, or set sdk in the answer to describe: NAME/VERSION",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		d, err := s.Lab.Describe(ctx)
		if err != nil {
			return nil // W001 says it
		}
		name, version, ok := strings.Cut(d.SDK, "/")
		switch {
		case !ok || name == "" || version == "":
			found("guest", "it describes its SDK as %q", d.SDK)
		case name == "go" && version != "1":
			found("guest", "it was built with %q; this host knows go/1", d.SDK)
		}
		return nil
	},
}

var rebuilt = rule.Look(report.Rule{
	ID: "W018", Title: "The module can be built from the connector's folder", Severity: report.Note,
	Rationale: "A module that was built elsewhere is as its author says; nobody can see that it is of the sources.",
	Fix:       "name a Go package under guest.package, or say in the README how the module is built",
	Origin:    "SLSA build levels",
}, func(s *rule.Subject, found rule.Found) {
	if s.Manifest.Guest.Module != "" && !tells(s.Contents.Readme) {
		found("/guest/module", "%s is built elsewhere, and the README does not say how", s.Manifest.Guest.Module)
	}
})

// tells reports whether a text has a command that compilers are run with.
func tells(readme []byte) bool {
	text := strings.ToLower(string(readme))
	return slices.ContainsFunc([]string{"go build", "tinygo build", "cargo build", "cargo component", "zig build", "`make", "$ make", "`asc ", "clang ", "npm run build", "## build"}, func(c string) bool {
		return strings.Contains(text, c)
	})
}
