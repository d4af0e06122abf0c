package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var provided = rule.Rule{
	Rule: report.Rule{
		ID: "O122", Title: "An id that is sent was given", Severity: report.Warning,
		Rationale: "An id that is written into the code is of the author's account. In everybody else's it is another record or none, or it is where the author collects what people send.",
		Fix:       "take ids from the input, the connection's fields or the vendor's answers; what is the same for everybody belongs into the paths of a grant",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range trials(ctx, s) {
			for _, o := range leavingOut(ctx, s, t.op) {
				t.calls = append(t.calls, generated{o.input, o.trace})
			}
			seen := sightings(s, t)
			for _, place := range slices.Sorted(maps.Keys(seen)) {
				if ids := seen[place]; len(ids) == 1 { // what is made of the input differs from one input to another
					for id, r := range ids {
						found(t.op.Title, "%s has %s as %s, which is in no input, no field of the connection and no answer", line(r), id, place)
					}
				}
			}
		}
		return nil
	},
}

// sightings are the ids in requests that nobody gave, by their place, each with the first request that has it.
func sightings(s *rule.Subject, t trial) map[string]map[string]lab.Request {
	seen := map[string]map[string]lab.Request{}
	spelled := spelledOut(s.Manifest)
	for _, c := range append([]generated{{t.base.Case.Call.Input, t.base}}, t.calls...) {
		known := knownTo(t.op, c)
		for _, r := range c.trace.Requests {
			for place, id := range identifiers(r, spelled) {
				if strings.Contains(known, id) {
					continue
				}
				if seen[place] == nil {
					seen[place] = map[string]lab.Request{}
				}
				if _, ok := seen[place][id]; !ok {
					seen[place][id] = r
				}
			}
		}
	}
	return seen
}

// knownTo is all that a guest may have an id from in a call.
func knownTo(op rule.Operation, c generated) string {
	var b strings.Builder
	k := c.trace.Case
	b.Write(c.input)
	b.Write(k.Call.Cursor)
	for _, v := range k.Call.Fields {
		b.WriteString("\n" + v)
	}
	for _, x := range k.Exchanges {
		b.WriteString("\n")
		b.Write(x.AnswerBody)
		for _, values := range x.Answer {
			b.WriteString("\n" + strings.Join(values, "\n"))
		}
	}
	for _, schema := range rule.Schemas(op.Input) {
		for _, key := range []string{"default", "const", "enum"} {
			if v, ok := schema[key]; ok {
				text, _ := json.Marshal(v) // it was read from JSON
				b.Write(text)
			}
		}
	}
	return b.String()
}

// spelledOut are the segments of paths that the grants write out.
func spelledOut(m *manifest.Manifest) map[string]bool {
	all := map[string]bool{}
	for _, g := range m.HTTP {
		for _, text := range append([]string{g.URL}, g.Paths...) {
			for p := range strings.SplitSeq(text, "/") {
				all[p] = true
			}
		}
	}
	return all
}

// identifiers are the values in a request that name a record, by their place: segments of its path, and what is called an
// id in its query and body.
func identifiers(r lab.Request, spelled map[string]bool) map[string]string {
	all := map[string]string{}
	for i, p := range strings.Split(r.URL.Path, "/") {
		if !spelled[p] && (longID.MatchString(p) || len(p) > 4 && allDigits.MatchString(p)) && strings.ContainsAny(p, "0123456789") {
			all[fmt.Sprintf("segment %d of the path of %s", i, r.Method)] = p
		}
	}
	for name, v := range sent(r) {
		if calledID.MatchString(name) && (allDigits.MatchString(v) || longID.MatchString(v)) && strings.ContainsAny(v, "0123456789") {
			all[name] = v
		}
	}
	return all
}

var (
	longID    = regexp.MustCompile(`^[A-Za-z0-9_-]{12,}$`)
	allDigits = regexp.MustCompile(`^[0-9]{3,}$`)
	calledID  = regexp.MustCompile(`(?:(?i:(^|[ /_.-])ids?)|[a-z]I[dD]s?)(/[0-9]+)?$`)
)

// rewritten is a JSON answer in which change has replaced what it wanted to; key is the nearest name above a value.
func rewritten(body []byte, change func(key string, v any) any) []byte {
	doc := rule.Decode(body)
	if doc == nil {
		return body
	}
	made, err := json.Marshal(rewrite("", doc, change))
	if err != nil {
		return body
	}
	return made
}

func rewrite(key string, v any, change func(key string, v any) any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			v[name] = rewrite(name, e, change)
		}
		return v
	case []any:
		for i, e := range v {
			v[i] = rewrite(key, e, change)
		}
		return v
	}
	return change(key, v)
}

// everywhere changes every answer of a call.
func everywhere(change func(key string, v any) any) func(int, cases.Exchange) cases.Exchange {
	return func(_ int, x cases.Exchange) cases.Exchange {
		x.AnswerBody = rewritten(x.AnswerBody, change)
		return x
	}
}
