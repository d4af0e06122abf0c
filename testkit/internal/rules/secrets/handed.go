package secrets

import (
	"regexp"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var handed = rule.Look(report.Rule{
	ID: "S020", Title: "Nobody is asked to send a credential to somebody", Severity: report.Warning,
	Rationale: "A token that was mailed is in two mailboxes, and whoever asks for it may be anybody. No support needs one.",
	Fix:       "ask for what helps without it: the message, the time, the request's id",
	Origin:    "phishing (OWASP), Zapier 4.3",
}, func(s *rule.Subject, found rule.Found) {
	for n, line := range strings.Split(string(s.Contents.Readme), "\n") {
		if what := asks.FindString(line); what != "" && !warns.MatchString(line) {
			found(rule.Line("README.md", n+1), "%q", what)
		}
	}
	for _, t := range s.Texts() {
		if what := asks.FindString(t.Text); what != "" && !warns.MatchString(t.Text) {
			found(t.Place, "%q", what)
		}
	}
})

var (
	asks  = regexp.MustCompile(`(?i)\b(send|e-?mail|mail|forward|share|post|tell|give) (us |it |them |me )?(your |the account's )([a-z-]+ ){0,2}(token|password|passphrase|secret|key|credentials?)\b[^.|]{0,40}\b(to|with|by mail|by e-?mail|us)\b`)
	warns = regexp.MustCompile(`(?i)\b(never|not|nobody|don't|no one)\b`)
)
