package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
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

var echoed = rule.Rule{
	Rule: report.Rule{
		ID: "S014", Title: "A fault's message does not repeat records", Severity: report.Warning,
		Rationale: "Messages go to people, logs and mails that the data of a call is not for.",
		Fix:       "say which record and field it is about, in ids and names; put no part of the input or of an answer into the message but the vendor's words",
		Origin:    "Make log.sanitize",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			if t.Fault == nil || public(s, t) {
				continue
			}
			bodies := [][]byte{t.Case.Call.Input}
			for _, x := range t.Case.Exchanges {
				bodies = append(bodies, x.AnswerBody, x.Body)
			}
			message := bare(t.Fault.Message)
			if slices.ContainsFunc(bodies, func(b []byte) bool { return holdsPart(message, b) }) {
				found(rule.CaseFile(t.Case.Name), "the message of %s %s has a part of the input or of a body", t.Case.Call.Kind, t.Case.Call.Operation)
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

// repeated says what the logs have of the bodies and the input: a text with a space in it, an e-mail address, a
// whole body or an object of one. Ids are fine.
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
		if what == "" && holdsPart(bare(logs), b) {
			what = "a part of the input or of a body"
		}
	}
	return what
}

// leastPart is the length from which an object in a log is taken for a part of a body, and not for an id.
const leastPart = 20

// holdsPart reports whether logs have an object of a body, as it was or as a guest would write it out again.
func holdsPart(logs string, body []byte) bool {
	var parts map[string]json.RawMessage
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil {
		return slices.ContainsFunc(list, func(e json.RawMessage) bool { return holdsPart(logs, e) })
	}
	var v any
	if json.Unmarshal(body, &parts) != nil || json.Unmarshal(body, &v) != nil {
		return false
	}
	sorted, _ := json.Marshal(v) // it was read from JSON
	for _, text := range []string{string(body), string(sorted), fmt.Sprint(v)} {
		if text = bare(text); len(text) >= leastPart && strings.Contains(logs, text) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(parts)), func(e json.RawMessage) bool { return holdsPart(logs, e) })
}

// bare is text without white space, of which JSON may have more or less.
func bare(text string) string { return strings.Join(strings.Fields(text), "") }

func lengthOf(s string) string {
	if len(s) > 40 {
		return "more than 40 characters"
	}
	return "up to 40 characters"
}
