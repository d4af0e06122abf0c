// Package documents has the rules of family D: what a connector tells people.
package documents

import (
	"bytes"
	"slices"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Rules are the rules of this family.
func Rules() []rule.Rule { return slices.Concat(readmes, links, claims, named, schemas) }

// page makes a rule about a README that is there.
func page(r report.Rule, check func(s *rule.Subject, p document, found rule.Found)) rule.Rule {
	return rule.Look(r, func(s *rule.Subject, found rule.Found) {
		if p := parse(s.Contents.Readme); len(bytes.TrimSpace(s.Contents.Readme)) > 0 {
			check(s, p, found)
		}
	})
}

var readmes = []rule.Rule{
	rule.Look(report.Rule{
		ID: "D001", Title: "There is a README", Severity: report.Error,
		Rationale: "It is the page that the marketplace shows.",
		Fix:       "add README.md: what the connector does, how to connect, and what each action is for",
		Origin:    "Airbyte QA, Power Platform Readme, Terraform docs/index.md",
	}, func(s *rule.Subject, found rule.Found) {
		if len(bytes.TrimSpace(s.Contents.Readme)) == 0 {
			found("README.md", "there is none, or it is empty")
		}
	}),
	page(report.Rule{
		ID: "D002", Title: "The README mentions every action and trigger", Severity: report.Warning,
		Rationale: "What is not written down is not found.",
		Fix:       "add a line for it, with its name as recipes have it",
		Origin:    "Airbyte QA section templates",
	}, func(s *rule.Subject, p document, found rule.Found) {
		for _, a := range s.Manifest.Actions {
			if !p.presents(a.Name, a.Title) {
				found("README.md", "action %s is not mentioned", a.Name)
			}
		}
		for _, t := range s.Manifest.Triggers {
			if !p.presents(t.Name, t.Title) {
				found("README.md", "trigger %s is not mentioned", t.Name)
			}
		}
	}),
	page(report.Rule{
		ID: "D003", Title: "The README begins with one heading, the connector's title", Severity: report.Warning,
		Rationale: "It is shown under that heading, and found by it.",
		Fix:       "begin with \"# TITLE\" as in the manifest, and have no other heading of the first level",
		Origin:    "Airbyte QA fixed heading order",
	}, func(s *rule.Subject, p document, found rule.Found) {
		first := p.headings(1)
		switch {
		case len(first) == 0:
			found("README.md", "there is no heading of the first level")
		case !strings.Contains(strings.ToLower(first[0].text), strings.ToLower(s.Manifest.Title)):
			found(first[0].place(), "the heading is %q, the title %q", first[0].text, s.Manifest.Title)
		case len(first) > 1:
			found(first[1].place(), "%q is another heading of the first level", first[1].text)
		}
	}),
	page(report.Rule{
		ID: "D004", Title: "The README says how to connect, and what there is", Severity: report.Warning,
		Rationale: "Readers look for the same headings in every connector.",
		Fix:       "add the heading: ## Connect (or Set up, Authentication), ## Actions, ## Triggers",
		Origin:    "Airbyte QA section templates, Power Platform prerequisites",
	}, func(s *rule.Subject, p document, found rule.Found) {
		want := []struct {
			needed bool
			words  []string
		}{
			{true, []string{"connect", "set up", "setup", "authentic", "getting started", "credential", "sign in", "account", "prerequisite", "install"}},
			{len(s.Manifest.Actions) > 0, []string{"action", "operation", "what it can do", "what it does", "use"}},
			{len(s.Manifest.Triggers) > 0, []string{"trigger", "event"}},
		}
		for _, w := range want {
			if w.needed && !p.headed(w.words) {
				found("README.md", "no heading below the first has %q", w.words[0])
			}
		}
	}),
	page(report.Rule{
		ID: "D005", Title: "The README names what a connection needs", Severity: report.Warning,
		Rationale: "Who connects needs to know beforehand which values to have at hand, and where they are found.",
		Fix:       "name each field, by its name or title, and each way to authenticate",
		Origin:    "Airbyte QA prerequisites name every required config field",
	}, func(s *rule.Subject, p document, found rule.Found) {
		for _, f := range s.Manifest.Connection.Fields {
			if f.Required && !p.mentions(f.Name) && !p.mentions(f.Title) {
				found("README.md", "connection field %s (%s) is not mentioned", f.Name, f.Title)
			}
		}
		for _, a := range s.Manifest.Auth {
			if a.Type != "none" && !p.introduces(s.Manifest.Auth, a) {
				found("README.md", "auth method %s (%s) is not mentioned", a.ID, a.Title)
			}
		}
	}),
	page(report.Rule{
		ID: "D006", Title: "The README has no text left over from a template", Severity: report.Warning,
		Rationale: "It says that nobody has looked at it.",
		Fix:       "write what the reader wants to know there, or take the line out",
		Origin:    "n8n no-template-placeholders, VS Code README template text",
	}, func(_ *rule.Subject, p document, found rule.Found) {
		for _, l := range p.prose {
			if what := rule.Placeholder(l.text); what != "" {
				found(l.place(), "%q", what)
			}
		}
	}),
	page(report.Rule{
		ID: "D007", Title: "The README says more than names", Severity: report.Warning,
		Rationale: "A list of names tells nobody what to expect.",
		Fix:       "say what the connector is for, what its limits are, and what it does not do: at least 60 words",
		Origin:    "Power Platform intro.md with known issues",
	}, func(_ *rule.Subject, p document, found rule.Found) {
		words := 0
		for _, l := range p.prose {
			words += len(strings.Fields(l.text))
		}
		if words < 60 {
			found("README.md", "it has %d words", words)
		}
	}),
	page(report.Rule{
		ID: "D008", Title: "The README tells of the vendor's limits", Severity: report.Note,
		Rationale: "Who plans a recipe for ten thousand orders must know what the vendor allows.",
		Fix:       "say how many requests the vendor takes, as the quotas of the manifest have it",
	}, func(s *rule.Subject, p document, found rule.Found) {
		if len(s.Manifest.Quotas) > 0 && !p.says("limit", "quota", "a minute", "per minute", "an hour", "per hour", "a second", "per second", "a day", "throttl") {
			found("README.md", "the manifest has %d quotas, the README does not speak of limits", len(s.Manifest.Quotas))
		}
	}),
}
