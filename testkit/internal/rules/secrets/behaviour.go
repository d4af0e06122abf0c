package secrets

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var returned = rule.Look(report.Rule{
	ID: "S012", Title: "No output hands out a credential unseen", Severity: report.Warning,
	Rationale: "An output goes into run histories and to the steps after it; an admin must know beforehand that it holds a credential.",
	Fix:       "leave the property out, or add credential to the operation's data_classes",
	Origin:    "Make log.sanitize",
}, func(s *rule.Subject, found rule.Found) {
	for i, a := range s.Manifest.Actions {
		if !slices.Contains(a.DataClasses, "credential") {
			secretProperties(a.Output, rule.Action(i)+"/output", found)
		}
	}
	for i, t := range s.Manifest.Triggers {
		if !slices.Contains(t.DataClasses, "credential") {
			secretProperties(t.Output, rule.Trigger(i)+"/output", found)
		}
	}
})

var handedOut = regexp.MustCompile(`(?i)^(.*_)?(access_?token|refresh_?token|client_?secret|password|passwd|api_?key|private_?key|secret_?key|credentials?)$`)

func secretProperties(schema json.RawMessage, place string, found rule.Found) {
	rule.EachProperty(schema, place, func(at, name string, _ map[string]any) {
		if handedOut.MatchString(name) {
			found(at, "the output has %s", name)
		}
	})
}

var logged = rule.Rule{
	Rule: report.Rule{
		ID: "S013", Title: "Logs do not repeat what people wrote or what the vendor answered", Severity: report.Warning,
		Rationale: "Logs are kept longer, and read by more people, than the data that an operation handles.",
		Fix:       "log ids and counts, and no bodies, names, addresses or texts",
		Origin:    "Make log.sanitize",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			if public(s, t) {
				continue
			}
			if text := repeated(t); text != "" {
				found(rule.CaseFile(t.Case.Name), "a log line of %s %s has %s", t.Case.Call.Kind, t.Case.Call.Operation, text)
			}
		}
		return nil
	},
}

// public reports whether an operation handles nothing but public data.
func public(s *rule.Subject, t lab.Trace) bool {
	if a, ok := s.Manifest.Action(t.Case.Call.Operation); ok {
		return slices.Equal(a.DataClasses, []string{"public"})
	}
	return false
}

// repeated says what the logs have of the bodies and the input: a text with a space in it, an e-mail address, or a
// whole body. Ids are fine.
func repeated(t lab.Trace) string {
	logs := strings.ReplaceAll(t.Said, `\"`, `"`)
	what := ""
	see := func(_, value string) {
		long := len(value) >= 12 && strings.Contains(value, " ")
		if what == "" && (long || strings.Contains(value, "@") && len(value) > 5) && strings.Contains(logs, value) {
			what = "a text of the input or the answer (" + lengthOf(value) + ")"
		}
	}
	bodies := [][]byte{t.Case.Call.Input}
	for _, x := range t.Case.Exchanges {
		bodies = append(bodies, x.AnswerBody, x.Body)
	}
	for _, b := range bodies {
		if len(b) >= 40 && strings.Contains(logs, string(b)) {
			return "a whole body"
		}
		var v any
		if json.Unmarshal(b, &v) == nil {
			walk("", v, see)
		}
	}
	return what
}

func lengthOf(s string) string {
	if len(s) > 40 {
		return "more than 40 characters"
	}
	return "up to 40 characters"
}
