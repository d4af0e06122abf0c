package module

import (
	"context"
	"fmt"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
	"patchbay/wasm"
)

// weight are the rules about how large a module is.
var weight = []rule.Rule{heavy, huge, roomy, frugal, bounded}

const (
	heavyAt  = 6 << 20  // bytes; a Go guest begins at 4 MiB
	hugeAt   = 12 << 20 // bytes; a host takes no more than 16 MiB
	frugalAt = 24 << 20
	roomyAt  = 16 << 20 // bytes of memory at the start; a Go guest has 3 MiB
)

var heavy = rule.Look(report.Rule{
	ID: "W004", Title: "The module has at most 6 MiB", Severity: report.Warning,
	Rationale: "A host compiles all of it before the first call, on every machine, and keeps the result in memory.",
	Fix:       "find what is large ('go list -deps', 'go tool nm -size -sort size'), and leave net/http, templates and tables out",
}, func(s *rule.Subject, found rule.Found) {
	if n := s.Module.Size; n > heavyAt && n <= hugeAt {
		found("guest", "the module has %s", mebibytes(n))
	}
})

var huge = rule.Look(report.Rule{
	ID: "W005", Title: "The module has at most 12 MiB", Severity: report.Error,
	Rationale: "A host refuses 16 MiB. What is close to that cannot be mended any more when something has to be added.",
	Fix:       "leave packages and embedded files out until it is well below",
}, func(s *rule.Subject, found rule.Found) {
	if n := s.Module.Size; n > hugeAt {
		found("guest", "the module has %s", mebibytes(n))
	}
})

var roomy = rule.Look(report.Rule{
	ID: "W006", Title: "The module begins with at most 16 MiB of memory", Severity: report.Warning,
	Rationale: "Each call has a memory of its own from the start on, whether it needs it or not.",
	Fix:       "allocate in a handler what a handler needs; leave large tables out of package variables",
}, func(s *rule.Subject, found rule.Found) {
	if m := s.Module.Memory; m != nil && int(m.Min)*wasm.PageSize > roomyAt {
		found("guest", "its memory has %s at the start", mebibytes(int(m.Min)*wasm.PageSize))
	}
})

var frugal = rule.Rule{
	Rule: report.Rule{
		ID: "W026", Title: "A call that does little needs at most 24 MiB", Severity: report.Warning,
		Rationale: "What init functions and package variables take, every call has, and a host that runs a thousand at a time has it a thousand times.",
		Fix:       "make tables and caches smaller, or make them in the handlers that need them",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		least := int64(0)
		for _, t := range s.Lab.Replays(ctx) {
			if n := t.Usage.PeakMemory; n > 0 && (least == 0 || n < least) {
				least = n
			}
		}
		if least > frugalAt {
			found("guest", "the least that a case uses is %s", mebibytes(int(least)))
		}
		return nil
	},
}

var bounded = rule.Look(report.Rule{
	ID: "W007", Title: "The module stays away from what a host refuses", Severity: report.Warning,
	Rationale: "A module over one of the host's bounds is refused. The next dependency should not be the one that does it.",
	Fix:       "split the largest function, or leave generated code out",
}, func(s *rule.Subject, found rule.Found) {
	m := s.Module
	for _, b := range []struct {
		what     string
		has, may int
	}{
		{"functions", m.Functions, wasm.MaxFunctions}, {"bytes in one function", m.Body, wasm.MaxBody},
		{"locals in one function", m.Locals, wasm.MaxLocals}, {"blocks within each other", m.Nesting, wasm.MaxNesting},
		{"targets of one br_table", m.Targets, wasm.MaxTargets}, {"joins in one function", m.Joins, wasm.MaxJoins},
		{"function types", m.Types, wasm.MaxTypes}, {"globals", m.Globals, wasm.MaxGlobals},
	} {
		if b.has > b.may*3/4 {
			found("guest", "it has %d %s; a host takes at most %d", b.has, b.what, b.may)
		}
	}
})

func mebibytes(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
