package auth

import (
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var methods = []rule.Rule{
	rule.Look(report.Rule{
		ID: "A002", Title: "Every auth method has a title", Severity: report.Warning,
		Rationale: "Who connects chooses among them.",
		Fix:       "add title: what the vendor's pages call it",
		Origin:    "n8n credential display names",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			if a.Type != "none" && strings.TrimSpace(a.Title) == "" {
				found(method(i), "method %s has none", a.ID)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A003", Title: "Every auth method says where its credential is found", Severity: report.Warning,
		Rationale: "Most connections fail at that question, and people give up there.",
		Fix:       "add description: the way through the vendor's pages, or a link to it, in at least five words",
		Origin:    "Zapier D002, Workato help links",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			if n := len(strings.Fields(a.Description)); a.Type != "none" && n < 5 {
				found(method(i)+"/description", "method %s has %d words", a.ID, n)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A004", Title: "Every auth method is proven by a case", Severity: report.Error,
		Rationale: "A method that nothing tries is the one that does not work.",
		Fix:       "add a case with \"auth\": \"METHOD\" and the method's fields that are not secret, the connection test's say",
		Origin:    "Zapier A001 every connection used",
	}, func(s *rule.Subject, found rule.Found) {
		used := map[string]bool{}
		for _, k := range s.Cases {
			id := k.Call.Auth
			if id == "" && len(s.Manifest.Auth) > 0 {
				id = s.Manifest.Auth[0].ID
			}
			used[id] = used[id] || len(k.Exchanges) > 0 && k.Want.Fault == nil
		}
		for i, a := range s.Manifest.Auth {
			if (a.Type != "none" || i > 0) && !used[a.ID] { // to connect without a credential, beside other ways, is a way too
				found(method(i), "no case with an exchange succeeds with method %s", a.ID)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A005", Title: "No key travels in the query, unless the vendor takes it nowhere else", Severity: report.Note,
		Rationale: "Addresses are written into logs and histories all along the way.",
		Fix:       "send it in a header (in: header), if the vendor takes one",
		Origin:    "RFC 6750 section 5.3",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			if a.Type == "api_key" && a.In == "query" {
				found(method(i)+"/in", "method %s sends %s in the query", a.ID, a.Key)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A007", Title: "An exchange saves how long its token lasts", Severity: report.Note,
		Rationale: "Otherwise every token is used until the vendor refuses it, and a call fails.",
		Fix:       "add expires_in to the last step's save, if the vendor's answer has it",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			if n := len(a.Steps); a.Type == "exchange" && n > 0 && a.Steps[n-1].Save["expires_in"] == "" && a.Steps[n-1].Save["expires_at"] == "" {
				found(rule.Item(method(i)+"/steps", n-1)+"/save", "method %s saves no expires_in", a.ID)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A008", Title: "Every field of an auth method is used", Severity: report.Warning,
		Rationale: "People are asked for something that nobody needs, and wonder whether they gave it right.",
		Fix:       "use the field in a template of the method, or leave it out",
		Origin:    "n8n credential-unnecessary fields, Make only needed credentials",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			for j, f := range a.Fields {
				if !slices.ContainsFunc(templates(a), func(t string) bool { return named(t, f.Name) }) && !byType(a, f.Name) {
					found(rule.Item(method(i)+"/fields", j), "nothing of method %s uses %s", a.ID, f.Name)
				}
			}
		}
	}),
}
