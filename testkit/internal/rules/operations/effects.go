package operations

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var innocent = rule.Rule{
	Rule: report.Rule{
		ID: "O101", Title: "What is read-only changes nothing", Severity: report.Error,
		Rationale: "Read-only actions, pick lists, polls and tests are run without asking anyone and are repeated freely. Agents are allowed them.",
		Fix:       "take read_only away from an action that writes; let the others only read",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		posted := postedByWriters(ctx, s)
		for _, op := range s.Operations() {
			if !op.ReadOnly || op.Kind == abi.KindTrigger {
				continue
			}
			for _, t := range traces(ctx, s, op) {
				for _, r := range t.Requests {
					if why := writing(op, t, r, posted); why != "" {
						found(op.Title, "case %s sends %s, %s", t.Case.Name, line(r), why)
					}
				}
			}
		}
		return nil
	},
}

// writing says why a request is taken for one that changes something, or nothing. A search may be a POST.
func writing(op rule.Operation, t lab.Trace, r lab.Request, posted map[string]string) string {
	switch {
	case safe(r.Method) || asks(r):
		return ""
	case r.Mutation():
		return "a mutation"
	case r.Method != http.MethodPost:
		return "whose method changes what is there"
	case r.Status == http.StatusCreated || r.Status == http.StatusAccepted || r.Status == http.StatusNoContent:
		return "and the answer says that something was made or accepted"
	case posted[target(r)] != "":
		return "as action " + posted[target(r)] + " does to write"
	case deed.MatchString(op.Name) && t.Fault == nil:
		return "and its name says that it does something"
	}
	return ""
}

// asks is true of requests by POST that carry a question that is too long for a URL.
func asks(r lab.Request) bool {
	made := r.Status == http.StatusCreated || r.Status == http.StatusAccepted || r.Status == http.StatusNoContent
	return r.Method == http.MethodPost && !made && !r.Mutation() && question.MatchString(r.URL.Path)
}

var (
	question = regexp.MustCompile(`(?i)(^|[/:._-])(search|query|queries|find|lookup|suiteql|soql|sql|graphql|batch_?get|batch_?read|introspect|preview|validate)($|[/:._-])|[/:.](list|count|read|get)$`)
	deed     = regexp.MustCompile(`^(create|make|add|insert|new|update|change|edit|set|save|put|patch|upsert|delete|remove|archive|cancel|close|complete|finish|start|launch|run_workflow|send|post|submit|approve|reject|assign|move|merge|pay|refund|publish|upload|import|enable|disable|invite|book|file)(_|$)`)
)

// target is where a request goes, without what differs from one call to the next.
func target(r lab.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, p := range parts {
		if strings.ContainsAny(p, "0123456789") && !version.MatchString(p) {
			parts[i] = "*"
		}
	}
	return r.Method + " " + r.URL.Host + strings.Join(parts, "/")
}

var version = regexp.MustCompile(`^v[0-9.]+$`)

// postedByWriters are the targets that actions which write post to, with the action's name.
func postedByWriters(ctx context.Context, s *rule.Subject) map[string]string {
	posted := map[string]string{}
	for _, op := range s.Operations() {
		if op.ReadOnly {
			continue
		}
		for _, t := range traces(ctx, s, op) {
			for _, r := range t.Requests {
				if !safe(r.Method) && t.Fault == nil && posted[target(r)] == "" {
					posted[target(r)] = op.Name
				}
			}
		}
	}
	return posted
}

var modest = rule.Rule{
	Rule: report.Rule{
		ID: "O102", Title: "What only reads says so", Severity: report.Warning,
		Rationale: "An action that is not read-only waits for approval and is not repeated after a crash, for nothing.",
		Fix:       "add read_only: true, or a case in which the action writes",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, op := range s.Operations() {
			if op.ReadOnly || op.Kind != abi.KindAction {
				continue
			}
			reads, done := 0, 0
			for _, t := range traces(ctx, s, op) {
				if t.Fault != nil {
					continue
				}
				done++
				if t.Status == abi.StatusPage || onlyReads(t) {
					reads++
				}
			}
			if done > 0 && reads == done {
				found(op.Title, "none of its cases sends a request that changes anything, and it is not read_only")
			}
		}
		return nil
	},
}

func onlyReads(t lab.Trace) bool {
	for _, r := range t.Requests {
		if !safe(r.Method) && !asks(r) {
			return false
		}
	}
	return true
}
