package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// letters are of the world's languages; a guest that knows ASCII alone loses them.
const letters = "ë漢字😀"

var lettered = rule.Rule{
	Rule: report.Rule{
		ID: "O132", Title: "A text is sent with all its letters and lines", Severity: report.Warning,
		Rationale: "People write in their own languages and in more than one line. What is replaced on the way is wrong for good at the vendor; a query in which two lines become one ends at its first comment.",
		Fix:       "send texts as they came; where the vendor takes less, say so with a pattern or end with invalid_input",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		judgeInputs(s, found, func(op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
			if op.Kind != abi.KindAction {
				return ""
			}
			return misspelt(ctx, s, op, k, name, schema)
		})
		return nil
	},
}

// misspelt says how a text is changed on its way into a request.
func misspelt(ctx context.Context, s *rule.Subject, op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
	middles := []string{letters}
	if longText(name, schema) {
		middles = append(middles, "\n")
	}
	for _, middle := range middles {
		call, ok := with(op, k, name, worded(schema, "word"+middle+"thing"))
		if !ok {
			continue
		}
		for _, r := range s.Lab.Try(ctx, lab.Try{Case: k, Call: call}).Requests {
			all := sent(r)
			for _, place := range slices.Sorted(maps.Keys(all)) {
				if m := between.FindStringSubmatch(all[place]); m != nil && (strings.HasPrefix(place, "body") || middle != "\n") {
					return fmt.Sprintf("of %q %s sends %q", "word"+middle+"thing", line(r), m[0])
				}
			}
		}
	}
	return ""
}

// between finds the text with nothing between its words, or what stands for letters that are not known. Anything else is
// an encoding.
var between = regexp.MustCompile(`word[ ?_*.-]{0,16}thing`)

// longText reports whether people write more than a line there.
func longText(name string, schema map[string]any) bool {
	if n, ok := schema["maxLength"].(json.Number); ok {
		if most, err := n.Int64(); err == nil {
			return most >= 1000
		}
	}
	return manyLines.MatchString(name)
}

var manyLines = regexp.MustCompile(`(?i)^(.*_)?(body|text|description|message|comment|content|notes?|query|sql|q|code|script)$`)
