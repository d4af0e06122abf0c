package documents

import (
	"regexp"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// named are the rules about names in a README that are others than the connector's.
var named = []rule.Rule{
	page(report.Rule{
		ID: "D031", Title: "The README names the licence that the manifest names", Severity: report.Warning,
		Rationale: "Whoever passes the connector on has to keep to one of the two, and cannot know which.",
		Fix:       "write the same licence in both, or leave it out of the README",
		Origin:    "Airbyte QA licence in metadata and package match",
	}, func(s *rule.Subject, p document, found rule.Found) {
		for _, l := range licensed(p) {
			if name := licence.FindString(l.text); name != "" && !strings.Contains(plain(s.Manifest.License), plain(name)) {
				found(l.place(), "%s; the manifest has %s", name, s.Manifest.License)
			}
		}
	}),
	page(report.Rule{
		ID: "D032", Title: "Names in the README's code are those of the connector", Severity: report.Note,
		Rationale: "An input that has been renamed and is looked for by its old name is not found.",
		Fix:       "write the name as the manifest has it; of a name of the vendor's there is nothing to do",
	}, func(s *rule.Subject, p document, found rule.Found) {
		known := string(s.Contents.Manifest)
		for _, k := range s.Cases {
			known += string(k.Call.Input)
			for _, x := range k.Exchanges {
				known += x.URL.String() + string(x.Body) + string(x.AnswerBody)
			}
		}
		all := names(s)
		for _, l := range p.prose {
			for _, name := range inCode(l.text) {
				if compound.MatchString(name) && !all[name] && !strings.Contains(known, name) {
					found(l.place(), "%s is neither in the manifest nor in a case", name)
				}
			}
		}
	}),
}

// compound is a name that is surely one, and no word.
var compound = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)

var (
	licence   = regexp.MustCompile(`\b(MIT|ISC|Apache|BSD|AGPL|LGPL|GPL|MPL|EPL|Unlicense|BUSL)\b`)
	licensing = regexp.MustCompile(`(?i)\b(licen[cs]ed? (is|under)|under the .{1,30}licen[cs]e|licen[cs]e: )`)
)

// licensed are the lines of a README that say under which licence the connector is: below a heading of that word, and
// those that say so themselves.
func licensed(p document) (all []line) {
	below := false
	for _, l := range p.prose {
		if m := atx.FindStringSubmatch(l.text); m != nil {
			below = strings.HasPrefix(strings.ToLower(m[2]), "licen")
		} else if below || licensing.MatchString(l.text) {
			all = append(all, l)
		}
	}
	return all
}

// plain is the name of a licence without its version and marks.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(name))
}
