package auth

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

var tests = []rule.Rule{
	answered(report.Rule{
		ID: "A019", Title: "The connection test fails when the vendor refuses the credential", Severity: report.Error,
		Rationale: "A test that passes whatever the vendor says proves nothing, and a dead connection looks alive.",
		Fix:       "return the response's fault wherever its status is not 2xx",
		Origin:    "Airbyte CAT connection fails with bad config",
	}, func(t lab.Trace) string {
		if t.Fault == nil || t.Fault.Code != abi.Unauthorized {
			return end(t)
		}
		return ""
	}, 401),
	answered(report.Rule{
		ID: "A020", Title: "The connection test fails when the account may not do what it asks", Severity: report.Error,
		Rationale: "A test that passes whatever the vendor says proves nothing, and a connection without rights looks alive.",
		Fix:       "return the response's fault wherever its status is not 2xx",
		Origin:    "Airbyte CAT connection fails with bad config",
	}, failing, 403),
	answered(report.Rule{
		ID: "A021", Title: "The connection test fails when the vendor does", Severity: report.Error,
		Rationale: "What nobody has answered is not proven.",
		Fix:       "return the response's fault wherever its status is not 2xx",
		Origin:    "Airbyte CAT connection",
	}, failing, 500, 503),
	tested(report.Rule{
		ID: "A022", Title: "The connection test changes nothing", Severity: report.Error,
		Rationale: "It is made again and again, by people and by the host.",
		Fix:       "test with a request that reads",
		Origin:    "Workato minimal test endpoint",
	}, func(t lab.Trace) (all []string) {
		for _, r := range t.Requests {
			if r.Method != "GET" && r.Method != "HEAD" && r.Method != "OPTIONS" && !asks(r) {
				all = append(all, r.Method+" "+r.URL.String())
			}
		}
		return all
	}),
	tested(report.Rule{
		ID: "A023", Title: "The connection test sends the credential", Severity: report.Error,
		Rationale: "A page that everybody may read says nothing about a credential.",
		Fix:       "test with a request under a grant that carries the credential",
		Origin:    "Make connection validated against endpoint",
	}, func(t lab.Trace) []string {
		for _, r := range t.Requests {
			if r.Credential {
				return nil
			}
		}
		return []string{"none of its requests carries one"}
	}),
	tested(report.Rule{
		ID: "A024", Title: "The connection test says whose the connection is", Severity: report.Note,
		Rationale: "Who connects sees at once whether it is the right account.",
		Fix:       "return the account's name or id from the test",
		Origin:    "Zapier D003 connection label",
	}, func(t lab.Trace) []string {
		if out := strings.TrimSpace(string(t.Output)); t.Fault == nil && (out == "null" || out == "{}" || out == "" || out == "true") {
			return []string{"its output is " + out}
		}
		return nil
	}),
	tested(report.Rule{
		ID: "A025", Title: "The connection test is a few requests", Severity: report.Note,
		Rationale: "It counts against the vendor's limits each time.",
		Fix:       "test with one request, or three at most",
		Origin:    "Workato minimal test endpoint",
	}, func(t lab.Trace) []string {
		if len(t.Requests) > 3 {
			return []string{"it makes more than three"}
		}
		return nil
	}),
}

// question is how paths are called that are asked by POST. Adyen lists an account's ways to pay by paymentMethods.
var question = regexp.MustCompile(`(?i)(^|[/:._-])(graphql|query|search|suiteql|introspect|auth\.test|whoami|ping|verify|check)($|[/:._-])|/paymentMethods$`)

// asks reports whether a POST is a question: GraphQL, a search, a query, a token's introspection.
func asks(r lab.Request) bool {
	return r.Method == http.MethodPost && !r.Mutation() && question.MatchString(r.URL.Path)
}

// successes are the cases in which the connection test passes, at a vendor that takes other requests than those recorded.
func successes(ctx context.Context, s *rule.Subject) (all []lab.Trace) {
	for _, k := range s.Cases {
		if k.Call.Kind != abi.KindTest || k.Want.Fault != nil {
			continue
		}
		if t := s.Lab.Try(ctx, lab.Try{Case: k, Call: k.Call}); t.Problem == "" && t.Fault == nil {
			all = append(all, t)
		}
	}
	return all
}

// tested makes a rule about how the connection test goes when it passes.
func tested(r report.Rule, look func(lab.Trace) []string) rule.Rule {
	return rule.Rule{Rule: r, Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		if !authenticates(s) {
			return nil
		}
		for _, t := range successes(ctx, s) {
			for _, what := range look(t) {
				found(rule.CaseFile(t.Case.Name), "%s", what)
			}
		}
		return nil
	}}
}

// answered makes a rule about how the connection test ends when every request of it gets one status, for each of them.
func answered(r report.Rule, look func(lab.Trace) string, statuses ...int) rule.Rule {
	return rule.Rule{Rule: r, Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		if !authenticates(s) {
			return nil
		}
		for _, t := range successes(ctx, s) {
			for _, status := range statuses {
				if what := look(s.Lab.Answered(ctx, t.Case, status)); what != "" {
					found("/connection/test", "%s: every request is answered %d, and the test %s", rule.CaseFile(t.Case.Name), status, what)
				}
			}
		}
		return nil
	}}
}

func failing(t lab.Trace) string {
	if t.Fault == nil {
		return end(t)
	}
	return ""
}

func end(t lab.Trace) string {
	if t.Fault == nil {
		return "passes"
	}
	return "ends with " + string(t.Fault.Code)
}

// authenticates reports whether a method has a credential at all.
func authenticates(s *rule.Subject) bool {
	for _, a := range s.Manifest.Auth {
		if a.Type != "none" {
			return true
		}
	}
	return false
}
