package operations

import (
	"context"
	"regexp"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var shortened = rule.Rule{
	Rule: report.Rule{
		ID: "O131", Title: "A short page is not the last when the vendor says that more follows", Severity: report.Error,
		Rationale: "Vendors leave out of a page what the caller may not see, and go on. Who counts the items stops there and takes a part for the whole.",
		Fix:       "end where the vendor says so (has_more, next), not where a page has fewer items than it could have",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range pages(ctx, s) {
			k := p.trace.Case
			last := k.Exchanges[len(k.Exchanges)-1]
			if !saysMore(rule.Decode(last.AnswerBody), 0) {
				continue
			}
			t := s.Lab.Try(ctx, lab.Try{Case: k, Call: k.Call, Change: withoutLast})
			if items, cursor := parts(t); len(cursor) == 0 && items > 0 && items < p.items {
				found(p.op.Title, "case %s, with one item less and the vendor's word that more follows: no cursor", k.Name)
			}
		}
		return nil
	},
}

// withoutLast takes the last item away from lists of more than one.
func withoutLast(_ int, x cases.Exchange) cases.Exchange {
	for _, l := range lab.Lists(x.AnswerBody) {
		if n := len(l.Items); n > 1 {
			x.AnswerBody = l.In(x.AnswerBody, l.Items[:n-1])
		}
	}
	return x
}

var (
	moreFlag = regexp.MustCompile(`(?i)^(has_?more(_?items)?|has_?next(_?page)?|more|more_?available|is_?truncated)$`)
	nextPage = regexp.MustCompile(`(?i)^(@odata\.)?next_?(link|page|url|href|cursor|token|page_?token|page_?url)?$`)
)

// saysMore reports whether an answer says in so many words that another page follows.
func saysMore(v any, depth int) bool {
	m, _ := v.(map[string]any)
	for name, v := range m {
		if moreFlag.MatchString(name) && v == true || nextPage.MatchString(name) && !nothing(v) || depth < 3 && saysMore(v, depth+1) {
			return true
		}
	}
	return false
}
