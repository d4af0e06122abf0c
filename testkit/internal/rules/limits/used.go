package limits

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// used are the rules about what operations use of their limits.
var used = []rule.Rule{
	half(fuel, "L001", "A case uses at most half of its fuel", "What a case shows is small; accounts are not. Who is at the limit with ten records fails with a hundred.",
		"do less in one call: smaller pages, no work that is thrown away"),
	half(memory, "L002", "A case uses at most half of its memory", "What a case shows is small; accounts are not. A guest that runs out of memory ends without an answer.",
		"keep less at a time: smaller pages, no copies; or ask for more memory"),
	half(calls, "L003", "A case makes at most half of the requests that it may", "Whoever asks once for each record runs into the limit, and into the vendor's.",
		"ask the vendor for lists, or answer page by page"),
	half(output, "L004", "A case's output is at most half of what it may be", "An output that fits only just fails with the next record.",
		"answer page by page, or leave out what nobody uses"),
	half(logged, "L005", "A case logs at most half of what it may", "Lines beyond the limit are dropped, and the line that explains a failure is the last.",
		"log what somebody acts on, once a call and not once a record"),
	half(request, "L006", "A case's requests are at most half as large as they may be", "A body that fits only just fails with the next record.",
		"send less in one request, or ask for a larger request_body"),
	half(response, "L007", "A case's responses are at most half as large as they may be", "A page that fits only just fails when records grow.",
		"ask the vendor for smaller pages, or ask for a larger response_body"),
	enough, perItem,
}

// least is how much of a limit counts at all: a call that makes two requests may well be limited to two.
const least = 3

func half(m measure, id, title, why, fix string) rule.Rule {
	return rule.Rule{
		Rule: report.Rule{ID: id, Title: title, Severity: report.Warning, Rationale: why, Fix: fix},
		Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
			for _, u := range uses(ctx, s, m) {
				limit := m.limit(u.op.Limits.Apply(ceiling))
				if u.most >= least && 2*u.most > limit {
					found(u.op.Place, "%s: %s uses %s of %s; its limit is %s", u.op.Title, u.file, m.say(u.most), m.what, m.say(limit))
				}
			}
			return nil
		},
	}
}

// ceiling lets every wish through: an admin who installs a connector consents to it.
var ceiling = abi.Limits{Memory: 1 << 40, Fuel: 1 << 60, HTTPCalls: 1 << 30, HostCalls: 1 << 30, Wall: 1 << 60,
	RequestBody: 1 << 40, ResponseBody: 1 << 40, Output: 1 << 40, Log: 1 << 40}

var enough = rule.Rule{
	Rule: report.Rule{
		ID: "L008", Title: "No case runs into a limit that it does not expect", Severity: report.Error,
		Rationale: "An operation that does not fit into its limits never works.",
		Fix:       "ask for more under limits, or do less in one call",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			expected := t.Case.Want.Fault != nil && t.Case.Want.Fault.Code == abi.LimitExceeded
			if t.Fault != nil && (t.Fault.Code == abi.LimitExceeded || lab.Unstarted(t.Fault)) && !expected {
				found(rule.CaseFile(t.Case.Name), "%s %s: %s", t.Case.Call.Kind, t.Case.Call.Operation, t.Fault.Message)
			}
		}
		return nil
	},
}

var perItem = rule.Rule{
	Rule: report.Rule{
		ID: "L009", Title: "A list does not cost a request for each of its items", Severity: report.Warning,
		Rationale: "A page of a hundred becomes a hundred and one requests: slow, over the limit, and the vendor's quota is gone.",
		Fix:       "ask for the list with what it needs (expand, include, fields), or for many records in one request",
		Origin:    "N+1 queries",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			for _, t := range tracesOf(ctx, s, op) {
				if n := items(&t); n >= 2 && alike(&t) >= n {
					found(rule.CaseFile(t.Case.Name), "%s lists %d items and makes %d requests, %d of them alike", op.Title, n, len(t.Requests), alike(&t))
				}
			}
		}
		return nil
	},
}

// alike is how many requests that read differ from one another in one segment of their paths, at most.
func alike(t *lab.Trace) int {
	most := 0
	counts := map[string]map[string]bool{}
	for _, r := range t.Requests {
		segments := strings.Split(r.URL.Path, "/")
		if r.Method != http.MethodGet {
			continue
		}
		for i := range segments {
			key := strings.Join(slices.Concat(segments[:i], []string{"*"}, segments[i+1:]), "/") + "?" + r.URL.Host
			if counts[key] == nil {
				counts[key] = map[string]bool{}
			}
			counts[key][segments[i]] = true
			most = max(most, len(counts[key]))
		}
	}
	return most
}
