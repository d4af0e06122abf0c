package operations

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var continued = rule.Rule{
	Rule: report.Rule{
		ID: "O126", Title: "A page that the vendor continues has a cursor", Severity: report.Warning,
		Rationale: "What comes after a page without a cursor is read by nobody, and a recipe takes the part for the whole.",
		Fix:       "return a cursor wherever the vendor says that there is more",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind == abi.KindAction {
				checkOnward(ctx, s, op, found)
			}
		}
		return nil
	},
}

var furtherChoices = rule.Rule{
	Rule: report.Rule{
		ID: "O127", Title: "A pick list that the vendor continues has a cursor", Severity: report.Note,
		Rationale: "A choice on the second page cannot be made, and nobody sees that there is one.",
		Fix:       "return a cursor wherever the vendor says that there is more",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind == abi.KindOptions {
				checkOnward(ctx, s, op, found)
			}
		}
		return nil
	},
}

// checkOnward looks for pages that end although the last answer says that there is more.
func checkOnward(ctx context.Context, s *rule.Subject, op rule.Operation, found rule.Found) {
	for _, t := range traces(ctx, s, op) {
		n := len(t.Case.Exchanges)
		if n == 0 || !ends(t) {
			continue
		}
		more, sure := leadsOn(t.Case.Exchanges[n-1])
		if more && (sure || op.Kind == abi.KindOptions) {
			found(op.Title, "case %s: the answer to %s leads to more, and the page has no cursor", t.Case.Name, line(t.Requests[len(t.Requests)-1]))
			return
		}
	}
}

// ends is true of a page with items and without a cursor.
func ends(t lab.Trace) bool {
	_, cursor := parts(t)
	return len(itemsOf(t)) > 0 && len(cursor) == 0 && len(t.Requests) > 0
}

// leadsOn reports whether an answer says that another page follows it, in one of the ways that vendors say so. It is sure
// of numbers and of yes and no: links to a next page are there after the last one too, at some vendors.
func leadsOn(x cases.Exchange) (more, sure bool) {
	if x.Status/100 != 2 {
		return false, false
	}
	doc := rule.Decode(x.AnswerBody)
	if more, sure := counts(doc, asksFor(x), 0); sure {
		return more, true
	}
	for _, link := range x.Answer["Link"] {
		if strings.Contains(link, `rel="next"`) || strings.Contains(link, "rel=next") {
			return true, false
		}
	}
	return saysMore(doc, 0), false // no flag: counts would have been sure
}

// asksFor is the number of the page that a request asks for. The answer may claim to be another.
func asksFor(x cases.Exchange) int64 {
	query := x.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if n, err := strconv.ParseInt(query[name][0], 10, 64); err == nil && pageNumber.MatchString(name) {
			return n
		}
	}
	return 0
}

// counts finds the number of the page and of all, or a flag.
func counts(v any, asked int64, depth int) (more, sure bool) {
	m, _ := v.(map[string]any)
	current, hasCurrent := number(m, "current_page", "currentPage", "page", "page_number", "pageNumber")
	total, hasTotal := number(m, "total_pages", "totalPages", "last_page", "lastPage", "page_count", "pageCount")
	if hasCurrent && hasTotal {
		return max(current, asked) < total, true
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if flag, ok := m[name].(bool); ok && moreFlag.MatchString(name) {
			return flag, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if more, sure := counts(m[name], asked, depth+1); sure && depth < 3 {
			return more, true
		}
	}
	return false, false
}

func nothing(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case map[string]any:
		return len(v) == 0
	}
	return v == nil || v == false
}

func number(m map[string]any, names ...string) (int64, bool) {
	for _, name := range names {
		if n, ok := m[name].(json.Number); ok {
			if n, err := n.Int64(); err == nil {
				return n, true
			}
		}
	}
	return 0, false
}

var understood = rule.Rule{
	Rule: report.Rule{
		ID: "O128", Title: "A cursor that cannot be read is a fault", Severity: report.Warning,
		Rationale: "Whoever goes on after a page gets the first one again, and takes it for the next: everything comes twice, or for ever.",
		Fix:       "return the error of reading the cursor (sdk: call.Cursor)",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range pages(ctx, s) {
			if p.trace.Case.Call.Cursor != nil {
				continue
			}
			call := p.trace.Case.Call
			call.Cursor = json.RawMessage(`{"not": ["a", "cursor"]}`)
			t := s.Lab.Try(ctx, lab.Try{Case: p.trace.Case, Call: call})
			if t.Fault == nil && asked(t) == asked(p.trace) && asked(p.next(ctx, s)) != asked(t) {
				found(p.op.Title, "case %s: with cursor %s it gives the first page", p.trace.Case.Name, call.Cursor)
			}
		}
		return nil
	},
}
