package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var uncut = rule.Rule{
	Rule: report.Rule{
		ID: "O123", Title: "A text is sent whole", Severity: report.Warning,
		Rationale: "What is cut off is gone, nobody is told, and half a sentence may say the opposite.",
		Fix:       "send all of it; say with maxLength how much the vendor takes, or end with invalid_input",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		judgeInputs(s, found, func(op rule.Operation, k *cases.Case, name string, schema map[string]any) string {
			text := longest(schema)
			call, ok := with(op, k, name, text)
			if !ok || len(text) < 50 {
				return ""
			}
			if cut, r := cutIn(s.Lab.Try(ctx, lab.Try{Case: k, Call: call}), text); cut {
				return fmt.Sprintf("of %d characters %s has the beginning, and not the end", len(text), line(r))
			}
			return ""
		})
		return nil
	},
}

// longest is a text of words that differ, as long as a schema allows and people write.
func longest(schema map[string]any) string {
	most := 8000
	if n, ok := schema["maxLength"].(json.Number); ok {
		if n, err := n.Int64(); err == nil {
			most = int(min(n, int64(most)))
		}
	}
	var b strings.Builder
	for i := 0; b.Len()+6 < most; i++ {
		fmt.Fprintf(&b, "w%04d ", i)
	}
	return strings.TrimSpace(b.String())
}

// cutIn reports whether a conversation has the first word of a text, and its last nowhere.
func cutIn(t lab.Trace, text string) (bool, lab.Request) {
	words := strings.Fields(text)
	var first *lab.Request
	for i, r := range t.Requests {
		all := plain(r.URL) + "\n" + string(r.Body)
		if strings.Contains(all, words[len(words)-1]) {
			return false, r
		}
		if first == nil && strings.Contains(all, words[0]) {
			first = &t.Requests[i]
		}
	}
	if first == nil {
		return false, lab.Request{}
	}
	return true, *first
}

var zoned = rule.Rule{
	Rule: report.Rule{
		ID: "O124", Title: "A time keeps its zone", Severity: report.Error,
		Rationale: "17:00 in Mumbai is not 17:00 in London. A time that loses its offset on its way is another time, and looks right.",
		Fix:       "pass times on as they came, or convert them to UTC before the offset goes; let times in outputs end with Z or an offset",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			zonesSent(ctx, s, op, found)
			for _, t := range traces(ctx, s, op) {
				if seen := zoneLost(ctx, s, t); t.Fault == nil && seen != "" {
					found(op.Title, "case %s: %s", t.Case.Name, seen)
					break
				}
			}
		}
		return nil
	},
}

// The first two are moments that a clock without its zone cannot tell apart.
const (
	inLondon = "2026-03-20T17:00:00Z"
	inMumbai = "2026-03-20T17:00:00+05:30"
	later    = "2026-03-20T18:00:00Z"
)

// zonesSent looks for inputs that take a time, of which the clock is sent alone.
func zonesSent(ctx context.Context, s *rule.Subject, op rule.Operation, found rule.Found) {
	k := fullest(s, op)
	if k == nil {
		return
	}
	properties := propertiesOf(op)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !takesTime(properties[name], inputOf(k.Call)[name]) {
			continue
		}
		here, ok := with(op, k, name, inLondon)
		there, fine := with(op, k, name, inMumbai)
		if !ok || !fine {
			continue
		}
		a, b := s.Lab.Try(ctx, lab.Try{Case: k, Call: here}), s.Lab.Try(ctx, lab.Try{Case: k, Call: there})
		if all := asked(a); all == asked(b) && strings.Contains(all, "17:00") {
			found(rule.Pointer(op.Place+"/input/properties", name), "%s and %s make the same requests", inLondon, inMumbai)
		}
	}
}

func takesTime(schema map[string]any, now any) bool {
	examples, _ := schema["examples"].([]any)
	return schema["format"] == "date-time" || slices.ContainsFunc(append(examples, now), isZoned)
}

func isZoned(v any) bool {
	text, _ := v.(string)
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// zoneLost looks for times of the vendor's that lose their zone on the way to the output.
func zoneLost(ctx context.Context, s *rule.Subject, t lab.Trace) string {
	if !slices.ContainsFunc(t.Case.Exchanges, func(x cases.Exchange) bool { return hasZoned(x.AnswerBody) }) {
		return ""
	}
	try := func(moment string) string {
		all := s.Lab.Try(ctx, lab.Try{Case: t.Case, Call: t.Case.Call, Change: everywhere(func(_ string, v any) any {
			if isZoned(v) {
				return moment
			}
			return v
		})})
		out, _ := rule.Decode(all.Output).(map[string]any)
		delete(out, "cursor") // is the guest's own affair
		text, _ := json.Marshal(out)
		return string(text)
	}
	here := try(inLondon)
	if bare := unzoned.FindString(here); bare != "" {
		return fmt.Sprintf("the vendor's %s comes out as %s", inLondon, strings.Trim(bare, `"`))
	}
	if here == try(inMumbai) && here != try(later) {
		return fmt.Sprintf("the output is the same when the vendor answers %s as when it answers %s", inMumbai, inLondon)
	}
	return ""
}

var unzoned = regexp.MustCompile(`"2026-03-20[T ]17:00(:00)?(\.0+)?"`)

func hasZoned(body []byte) bool {
	all := map[string]string{}
	leaves("", rule.Decode(body), all)
	return slices.ContainsFunc(slices.Collect(maps.Values(all)), func(v string) bool { return isZoned(v) })
}
