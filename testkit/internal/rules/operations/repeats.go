package operations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var marked = rule.Rule{
	Rule: report.Rule{
		ID: "O103", Title: "A call made twice with one key reaches the vendor with one key", Severity: report.Error,
		Rationale: "The vendor knows a repeated call only by the header. Without it, or with another value, the effect is there twice.",
		Fix:       "let the host set the header: do not set it in the guest, and write by POST, PATCH or PUT under a grant",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			k := fullest(s, op)
			header := op.IdempotencyHeader()
			if k == nil || header == "" {
				continue
			}
			try := lab.Try{Case: k, Call: k.Call, Key: "certification-1"}
			first, again := s.Lab.Try(ctx, try), s.Lab.Try(ctx, try)
			try.Key = "certification-2"
			other := s.Lab.Try(ctx, try)
			if seen := repeated(header, first, again, other); seen != "" {
				found(op.Title, "%s", seen)
			}
		}
		return nil
	},
}

// repeated says what is wrong with the header of two calls with one key and of one with another.
func repeated(header string, first, again, other lab.Trace) string {
	a, b, c := keys(header, first), keys(header, again), keys(header, other)
	if len(a) == 0 {
		return "no request that writes could carry " + header
	}
	for i, key := range a {
		switch {
		case key == "":
			return line(writesOf(first)[i]) + " has no " + header
		case i >= len(b) || b[i] != key:
			return line(writesOf(first)[i]) + " has another " + header + " when the call is repeated with the same key"
		case i < len(c) && c[i] == key:
			return line(writesOf(first)[i]) + " has the same " + header + " in a call with another key"
		}
	}
	return ""
}

func writesOf(t lab.Trace) []lab.Request {
	var all []lab.Request
	for _, r := range t.Requests {
		if !safe(r.Method) && !asks(r) {
			all = append(all, r)
		}
	}
	return all
}

func keys(header string, t lab.Trace) []string {
	var all []string
	for _, r := range writesOf(t) {
		all = append(all, r.Header.Get(header))
	}
	return all
}

var upserted = rule.Rule{
	Rule: report.Rule{
		ID: "O104", Title: "An action that is idempotent by a key makes one effect of two equal calls", Severity: report.Error,
		Rationale: "The host repeats such an action without asking. If the vendor makes something new each time, it is there twice.",
		Fix:       "write to a URL that holds the key, by PUT or PATCH, or look first and show in a case that nothing is written when it is there; else do not declare the key",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.Idempotency == nil || len(op.Idempotency.Key) == 0 {
				continue
			}
			all := traces(ctx, s, op)
			if looksFirst(all) {
				continue
			}
			for _, t := range all {
				for _, r := range writesOf(t) {
					if why := again(op.Idempotency.Key, t, r); t.Case.Want.Fault == nil && why != "" {
						found(op.Title, "case %s sends %s, %s", t.Case.Name, line(r), why)
					}
				}
			}
		}
		return nil
	},
}

// looksFirst is true where a case shows that a repeated call finds what is there and writes nothing.
func looksFirst(all []lab.Trace) bool {
	for _, t := range all {
		if t.Fault == nil && len(t.Requests) > 0 && len(writesOf(t)) == 0 {
			return true
		}
	}
	return false
}

// again says why a request would have a second effect when it is made again, or nothing.
func again(key []string, t lab.Trace, r lab.Request) string {
	for _, name := range key {
		value, ok := inputOf(t.Case.Call)[name]
		if text := scalar(value); ok && text != "" && !holds(r, text) {
			return "which does not hold " + name + " " + text
		}
	}
	if r.Method != http.MethodPost {
		return ""
	}
	switch {
	case r.Mutation():
		if making.Match(r.Body) {
			return "a mutation that makes something new"
		}
	case r.Status == http.StatusCreated:
		return "which the vendor answers with 201: it has made something, and will again"
	case located(t, r):
		return "which the vendor answers with the address of something new"
	case !upserting.MatchString(plain(r.URL)+"\n"+string(r.Body)) && !inURL(key, t, r):
		return "a POST whose URL does not hold the key"
	}
	return ""
}

// located reports whether the answer to r names a resource that was made.
func located(t lab.Trace, r lab.Request) bool {
	for _, x := range t.Case.Exchanges {
		if x.Method == r.Method && x.URL.Path == r.URL.Path && x.Answer.Get("Location") != "" && x.Status/100 == 2 {
			return true
		}
	}
	return false
}

func inURL(key []string, t lab.Trace, r lab.Request) bool {
	for _, name := range key {
		if text := scalar(inputOf(t.Case.Call)[name]); text != "" && !strings.Contains(plain(r.URL), text) {
			return false
		}
	}
	return true
}

func holds(r lab.Request, text string) bool {
	quoted, _ := json.Marshal(text) // a string
	return strings.Contains(plain(r.URL), text) || strings.Contains(string(r.Body), strings.Trim(string(quoted), `"`)) ||
		strings.Contains(string(r.Body), url.QueryEscape(text))
}

func plain(u *url.URL) string {
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil {
		query = u.RawQuery
	}
	return u.Path + "?" + query
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

var looked = rule.Rule{
	Rule: report.Rule{
		ID: "O105", Title: "The lookup of an action finds something in a case", Severity: report.Warning,
		Rationale: "After a crash the lookup decides whether the action is made again. One that has only ever found nothing decides wrongly.",
		Fix:       "add a case of the lookup whose output is what the action has made",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		all := map[string]bool{}
		for _, op := range s.Operations() {
			for _, t := range traces(ctx, s, op) {
				all[op.Name] = all[op.Name] || op.Kind == abi.KindAction && finds(t)
			}
		}
		for _, op := range s.Operations() {
			if op.Idempotency != nil && op.Idempotency.Lookup != "" && !all[op.Idempotency.Lookup] {
				found(op.Place+"/idempotency/lookup", "no case of %s finds anything", op.Idempotency.Lookup)
			}
		}
		return nil
	},
}

// finds is true of an output with something in it.
func finds(t lab.Trace) bool {
	out, _ := rule.Decode(t.Output).(map[string]any)
	if items, ok := out["items"].([]any); ok {
		return len(items) > 0
	}
	return len(out) > 0
}

var repeatsItself = rule.Rule{
	Rule: report.Rule{
		ID: "O115", Title: "The same call makes the same requests and gives the same output", Severity: report.Error,
		Rationale: "A call that is made up of chance or of the time of day cannot be repeated, tested or explained.",
		Fix:       "take times and ids from the input; range over sorted keys; let the host make idempotency keys",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		other, err := s.Lab.Elsewhere(ctx)
		if err != nil {
			return err
		}
		for _, op := range s.Operations() {
			if seen := fickle(ctx, s, other, op); seen != "" {
				found(op.Title, "%s", seen)
			}
		}
		for _, op := range s.Operations() {
			for _, k := range s.CasesOf(op) {
				if op.Kind == abi.KindTrigger && len(k.Call.Cursor) == 0 {
					continue // a first poll may begin now
				}
				try := lab.Try{Case: k, Call: k.Call}
				if diff := differ(s.Lab.Try(ctx, try), other.Try(ctx, try), op.IdempotencyHeader()); diff != "" {
					found(op.Title, "case %s at another time and with other random numbers: %s", k.Name, diff)
				}
			}
		}
		return nil
	},
}

// making is how mutations of GraphQL are called that make something: createIssue, issueCreate.
var making = regexp.MustCompile(`\b(create|add|insert)([A-Z]\w*)?\s*[({]|\w(Create|Add|Insert)\s*[({]`)

// fickle finds an input that makes one mistake be told here and another elsewhere, as it does where the first of several
// is the first by the order of a map.
func fickle(ctx context.Context, s *rule.Subject, other *lab.Lab, op rule.Operation) string {
	k := fullest(s, op)
	if k == nil {
		return ""
	}
	properties := propertiesOf(op)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		now, _ := inputOf(k.Call)[name].(map[string]any)
		call, ok := with(op, k, name, strangers(now))
		if try := (lab.Try{Case: k, Call: call}); ok && rule.Has(properties[name], "object") {
			if diff := differ(s.Lab.Try(ctx, try), other.Try(ctx, try), op.IdempotencyHeader()); diff != "" {
				return fmt.Sprintf("with properties in %s that nobody knows, at another time and with other random numbers: %s", name, diff)
			}
		}
	}
	return ""
}

// strangers is an object with properties that nobody knows.
func strangers(now map[string]any) map[string]any {
	made := maps.Clone(now)
	if made == nil {
		made = map[string]any{}
	}
	for i := range 6 {
		made[fmt.Sprint("stranger_", i)] = "x"
	}
	return made
}

// upserting requests say, in their address or body, that what is there already is taken.
var upserting = regexp.MustCompile(`(?i)(upsert|create_?or_?(update|replace)|on_?conflict|if_?exists|overwrite)`)
