package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var arriving = rule.Rule{
	Rule: report.Rule{
		ID: "O133", Title: "A text of the vendor's arrives whole", Severity: report.Warning,
		Rationale: "Names have letters outside ASCII, and remarks are long. What is cut or left out is missing in every recipe, and in no log.",
		Fix:       "pass texts on as they came; cut at no length, and never a string by bytes",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Kind != abi.KindAction && op.Kind != abi.KindTrigger {
				continue
			}
			var best lab.Trace
			for _, t := range traces(ctx, s, op) {
				if t.Fault == nil && len(t.Output) > len(best.Output) {
					best = t
				}
			}
			if best.Case == nil {
				continue
			}
			if seen := mutilated(ctx, s, best); seen != "" {
				found(op.Title, "case %s: %s", best.Case.Name, seen)
			}
		}
		return nil
	},
}

// mostTexts is how many texts of a case's answers are tried.
const mostTexts = 20

// mutilated says which text of the answers comes out as a part of it.
func mutilated(ctx context.Context, s *rule.Subject, t lab.Trace) string {
	before := map[string]string{}
	leaves("", rule.Decode(t.Output), before)
	for _, text := range passedThrough(t, before) {
		for _, more := range []string{letters + "z", letters + strings.Repeat(" and more of the same", 100) + "z"} {
			after := map[string]string{}
			again := s.Lab.Try(ctx, lab.Try{Case: t.Case, Call: t.Case.Call, Change: renamed(text, text+more)})
			leaves("", rule.Decode(again.Output), after)
			if slices.Contains(slices.Collect(maps.Values(after)), text+more) || again.Fault != nil {
				continue
			}
			for _, place := range slices.Sorted(maps.Keys(after)) {
				if v := after[place]; before[place] == text && v != text && strings.HasPrefix(v, text) {
					return fmt.Sprintf("of %d characters that the vendor answers, %q, %d arrive: %q", len([]rune(text+more)), clip([]byte(text+more)), len([]rune(v)), clip([]byte(v)))
				}
			}
		}
	}
	return ""
}

// passedThrough are the texts of the answers that the output has as they are.
func passedThrough(t lab.Trace, output map[string]string) []string {
	all := map[string]bool{}
	given := slices.Collect(maps.Values(output))
	for _, x := range t.Case.Exchanges {
		eachString("", rule.Decode(x.AnswerBody), func(_, text string) {
			if slices.Contains(given, text) && strings.ContainsFunc(text, isLetter) {
				all[text] = true
			}
		})
	}
	texts := slices.Sorted(maps.Keys(all))
	return texts[:min(len(texts), mostTexts)]
}

func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }

// renamed has another text in place of one, wherever an answer has it.
func renamed(text, other string) func(int, cases.Exchange) cases.Exchange {
	return func(_ int, x cases.Exchange) cases.Exchange {
		if doc := rule.Decode(x.AnswerBody); doc != nil {
			if made, err := json.Marshal(replacedText(doc, text, other)); err == nil {
				x.AnswerBody = made
			}
		}
		return x
	}
}

func replacedText(v any, text, other string) any {
	switch v := v.(type) {
	case string:
		if v == text {
			return other
		}
	case map[string]any:
		for name, e := range v {
			v[name] = replacedText(e, text, other)
		}
	case []any:
		for i, e := range v {
			v[i] = replacedText(e, text, other)
		}
	}
	return v
}
