package resilience

import (
	"encoding/json"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// shown is about the errors that cases have recorded: the vendor's own words are in them.
var shown = []rule.Rule{
	static(report.Rule{
		ID: "R052", Title: "An error rule's message leads to the vendor's words", Severity: report.Error,
		Rationale: "A pointer that leads nowhere gives a message without what the vendor said.",
		Fix:       "correct message: it is a JSON pointer into the error's body, as the case has it",
		Origin:    "Workato custom error handling",
	}, misled),
	static(report.Rule{
		ID: "R031", Title: "A recorded fault has the words of the vendor's answer", Severity: report.Warning,
		Rationale: "Only the vendor knows what it did not like; who is not told has to guess.",
		Fix:       "add message to the manifest's error rule, or the vendor's words to the guest's own message",
		Origin:    "Zapier: show the API's error message; n8n NodeApiError",
	}, wordless),
}

// failed calls f for every exchange of a case whose answer is an error in JSON.
func failed(s *rule.Subject, f func(k *cases.Case, x *cases.Exchange, body any)) {
	for _, k := range s.Cases {
		for i := range k.Exchanges {
			x := &k.Exchanges[i]
			var body any
			if x.Status >= 400 && json.Unmarshal(x.AnswerBody, &body) == nil {
				f(k, x, body)
			}
		}
	}
}

// ruleFor is the index of the manifest's rule that matches an answer, -1 for none.
func ruleFor(m *manifest.Manifest, x *cases.Exchange, body any) int {
	return slices.IndexFunc(m.Errors, func(r manifest.ErrorRule) bool {
		switch {
		case r.Status != 0 && r.Status != x.Status:
			return false
		case r.Pointer != "":
			v, ok := follow(body, r.Pointer)
			return ok && (r.Equals == "" || fmt.Sprint(v) == r.Equals)
		case r.Header != "":
			v := x.Answer[textproto.CanonicalMIMEHeaderKey(r.Header)]
			return len(v) > 0 && (r.Equals == "" || slices.Contains(v, r.Equals))
		}
		return r.Status != 0
	})
}

func unruled(s *rule.Subject, found rule.Found) {
	told := map[int]bool{}
	failed(s, func(k *cases.Case, x *cases.Exchange, body any) {
		if x.Status < 500 && ruleFor(s.Manifest, x, body) < 0 && !told[x.Status] {
			told[x.Status] = true
			found("/errors", "no rule matches the answer %d of %s, %s", x.Status, k.Name, x.Name)
		}
	})
}

func misled(s *rule.Subject, found rule.Found) {
	led, astray := map[int]bool{}, map[int]string{}
	failed(s, func(k *cases.Case, x *cases.Exchange, body any) {
		i := ruleFor(s.Manifest, x, body)
		if i < 0 || s.Manifest.Errors[i].Message == "" || len(sentences(body)) == 0 {
			return
		}
		switch v, _ := follow(body, s.Manifest.Errors[i].Message); v.(type) {
		case string:
			led[i] = true
		default:
			if astray[i] == "" {
				astray[i] = fmt.Sprintf("%s leads to no text in the answer %d of %s, %s: %s", s.Manifest.Errors[i].Message, x.Status, k.Name, x.Name, clip(string(x.AnswerBody)))
			}
		}
	})
	for i := range s.Manifest.Errors {
		if astray[i] != "" && !led[i] {
			found(fmt.Sprintf("/errors/%d/message", i), "%s", astray[i])
		}
	}
}

// wordless looks at what guests say of recorded errors, which the cases expect.
func wordless(s *rule.Subject, found rule.Found) {
	failed(s, func(k *cases.Case, x *cases.Exchange, body any) {
		f := k.Want.Fault
		if f == nil || f.Message == "" || !slices.Contains(meanings[x.Status], f.Code) || x != &k.Exchanges[len(k.Exchanges)-1] {
			return
		}
		all := sentences(body)
		if len(all) == 0 || slices.ContainsFunc(all, func(text string) bool { return strings.Contains(f.Message, strings.TrimRight(text, ".")) }) {
			return
		}
		found(rule.CaseFile(k.Name), "the vendor says %q in %s.response, and the fault %q", all[0], x.Name, f.Message)
	})
}

// sentences are the texts of a body that are for people: of more than one word, and no address.
func sentences(v any) (all []string) {
	switch v := v.(type) {
	case string:
		if strings.Contains(strings.TrimSpace(v), " ") && !strings.Contains(v, "://") {
			all = append(all, v)
		}
	case map[string]any:
		for _, name := range sorted(v) {
			all = append(all, sentences(v[name])...)
		}
	case []any:
		for _, e := range v {
			all = append(all, sentences(e)...)
		}
	}
	return all
}

// follow finds the value that a JSON pointer leads to.
func follow(v any, pointer string) (any, bool) {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		switch c := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = c[name]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(c) {
				return nil, false
			}
			v = c[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// waitsOf is for how long at most a request's repetitions wait, all together.
func waitsOf(m *manifest.Manifest) (total time.Duration) {
	r := retryOf(m)
	base, most := time.Duration(r.Base), time.Duration(r.Cap)
	if base == 0 {
		base = 500 * time.Millisecond
	}
	if most == 0 {
		most = 30 * time.Second
	}
	for range r.Attempts {
		total += min(base, most)
		base *= 2
	}
	return total
}
