package network

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// asked are the rules about what whoever installs a connector is told of a grant.
var asked = []rule.Rule{reasoned, telling}

var reasoned = rule.Rule{
	Rule: report.Rule{
		ID: "N009", Title: "Every grant says what it is for", Severity: report.Warning,
		Rationale: "The reason is shown to whoever is asked to allow the grant, next to a host that tells them little.",
		Fix:       "add reason: a sentence that says what the connector does there",
		Origin:    "Chrome web store permission justification, iOS purpose strings",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, g := range s.Manifest.HTTP {
			if strings.TrimSpace(g.Reason) == "" {
				found(rule.Grant(i), "grant %s has no reason", g.ID)
			}
		}
		return nil
	},
}

var telling = rule.Rule{
	Rule: report.Rule{
		ID: "N010", Title: "The reason of a grant is a sentence that says more than its host", Severity: report.Warning,
		Rationale: "\"API access\" is what the grant says already. People consent to what is done: what is read, and what is written.",
		Fix:       "write a sentence such as \"Reads and files tickets of the connected site.\"",
		Origin:    "App Store review 5.1.1 (purpose strings)",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, g := range s.Manifest.HTTP {
			if problem := vague(g, s.Manifest); g.Reason != "" && problem != "" {
				found(rule.Grant(i)+"/reason", "%q %s", g.Reason, problem)
			}
		}
		return nil
	},
}

var (
	letters = regexp.MustCompile(`[\p{L}\p{N}]+`)
	// hollow are words that say nothing of what is done at a host.
	hollow = strings.Fields("a an access accesses all allow allows an and be been being sent order able every anything everything api apis backend base by call calls can communicate communicates communication connect connection " +
		"connections connector connects contact data endpoint endpoints for from functionality get gets grant has host http https in integration interface is it its " +
		"main make makes must need needed needs of official on our permission please public reach reaches reason request requests required requires rest send sends server " +
		"servers service services so talk talks that the their this to todo use used uses using v1 v2 v3 vendor via we web with work works xxx your tbd com org net io app www")
)

// vague says why a reason tells nothing, or "".
func vague(g manifest.Grant, m *manifest.Manifest) string {
	reason := strings.TrimSpace(g.Reason)
	known := letters.FindAllString(strings.ToLower(strings.Join([]string{g.URL, g.ID, m.Name, m.Title}, " ")), -1)
	telling := 0
	all := letters.FindAllString(strings.ToLower(reason), -1)
	for _, w := range all {
		if !slices.Contains(hollow, w) && !slices.Contains(known, w) {
			telling++
		}
	}
	switch {
	case telling < 2:
		return "repeats what the grant says, and not what is done there"
	case len(all) < 3:
		return "is no sentence"
	case !strings.ContainsAny(reason[len(reason)-1:], ".!?") || strings.ToLower(reason[:1]) == reason[:1] && strings.ToUpper(reason[:1]) != reason[:1]:
		return "does not begin as a sentence and end with a full stop"
	}
	return ""
}
