package network

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// whose are the rules about whose system an address leads to: that of the connection's owner, at the vendor.
var whose = []rule.Rule{
	rule.Look(report.Rule{
		ID: "N030", Title: "A host that is typed in full is one of the vendor's", Severity: report.Error,
		Rationale: "Whoever fills in the field chooses where the credential goes. A pattern without a dot before the vendor's name, or with one that is any character, takes names that anybody may register.",
		Fix:       "let the pattern end in a dot and the vendor's domain, its dots escaped, such as [a-z0-9-]+\\.vendor\\.example",
		Origin:    "SSRF prevention (OWASP), Zapier D026",
	}, func(s *rule.Subject, found rule.Found) {
		for i, f := range s.Manifest.Connection.Fields {
			if v := stranger(s, f); v != "" {
				found(rule.Item("/connection/fields", i)+"/pattern", "field %s is a whole host, and %s is accepted for it", f.Name, v)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "N031", Title: "No address is of one account", Severity: report.Warning,
		Rationale: "With the author's own account in it everybody's requests go to the author's account, or are refused.",
		Fix:       "write a connection field in its place",
		Origin:    "Zapier production-ready checks",
	}, func(s *rule.Subject, found rule.Found) {
		for _, p := range slices.Concat(grantURLs(s.Manifest, each), grantPaths(s.Manifest), authURLs(s.Manifest), realms(s.Manifest)) {
			if what := ofOne(s, p.url); what != "" {
				found(p.at, "%s: %s", p.url, what)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "N032", Title: "The reason of a grant that writes says so", Severity: report.Note,
		Rationale: "Whoever reads \"Reads orders\" allows a connector to read.",
		Fix:       "say in the reason what is written too, as in \"Reads and files tickets of the connected site.\"",
		Origin:    "App Store review 5.1.1 (purpose strings)",
	}, func(s *rule.Subject, found rule.Found) {
		all := uses(s)
		for i, g := range s.Manifest.HTTP {
			if at := slices.IndexFunc(of(all, i), changes(s.Manifest)); at >= 0 && reading.MatchString(g.Reason) && !otherVerb(g.Reason) {
				u := of(all, i)[at]
				found(rule.Grant(i)+"/reason", "%q, and %s makes %s %s", g.Reason, u.of.Call.Operation, u.exchange.Method, u.exchange.URL.Path)
			}
		}
	}),
}

// stranger returns a host of nobody's that a field accepts which is a whole host: the cases' with the vendor's name in
// it changed into one that somebody else may register.
func stranger(s *rule.Subject, f manifest.Field) string {
	if !slices.ContainsFunc(slices.Concat(grantURLs(s.Manifest, each), authURLs(s.Manifest)), func(p place) bool {
		host, _ := authority(p.url)
		return host == "{"+f.Name+"}"
	}) {
		return ""
	}
	for _, k := range s.Cases {
		for _, v := range lookAlikes(fields(s.Manifest, k.Call)[f.Name]) {
			if _, problem := f.Value(v); problem == "" {
				return v
			}
		}
	}
	return ""
}

// lookAlikes are hosts like one, below other domains of the same registry.
func lookAlikes(host string) (all []string) {
	domain := rule.Domain(host)
	owned, ok := strings.CutSuffix(host, "."+domain)
	if host == "" || !strings.Contains(domain, ".") {
		return nil
	}
	if ok {
		all = append(all, owned+"-"+domain, owned+domain, owned+".x-"+domain)
		if i := strings.LastIndexByte(owned, '.'); i >= 0 {
			all = append(all, owned[:i]+"-"+owned[i+1:]+"-"+domain)
		}
		all = append(all, strings.ReplaceAll(owned, ".", "-")+"-"+domain)
	}
	all = append(all, "x"+domain, "x-"+domain, host+".x.example")
	return slices.DeleteFunc(all, func(v string) bool { return rule.Domain(v) == domain })
}

// grantPaths are the paths of grants.
func grantPaths(m *manifest.Manifest) (all []place) {
	for i, g := range m.HTTP {
		for j, p := range g.Paths {
			all = append(all, place{fmt.Sprintf("%s/paths/%d", rule.Grant(i), j), p})
		}
	}
	return all
}

// realms are those of OAuth 1.0a, which name an account.
func realms(m *manifest.Manifest) (all []place) {
	for i, a := range m.Auth {
		if a.Realm != "" {
			all = append(all, place{fmt.Sprintf("/auth/%d/realm", i), a.Realm})
		}
	}
	return all
}

var (
	between = regexp.MustCompile(`[./:?&=]+`)
	// ofSomebody is how ids of accounts look: a number of six digits and more, or a UUID.
	ofSomebody = regexp.MustCompile(`(?i)^([0-9]{6,}([_-][a-z0-9]+)?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	// aDate is how versions of APIs are called.
	aDate = regexp.MustCompile(`^20[0-9]{2}-?[01][0-9](-?[0-3][0-9])?$`)
)

// ofOne says what in an address names one account: an id, or the value that a field of the connection has in a case.
func ofOne(s *rule.Subject, address string) string {
	for _, part := range between.Split(address, -1) {
		if ofSomebody.MatchString(part) && !aDate.MatchString(part) {
			return fmt.Sprintf("%q looks like somebody's id", part)
		}
		for _, f := range s.Manifest.Connection.Fields {
			if len(part) >= 5 && f.Default == nil && len(f.Enum) == 0 && slices.ContainsFunc(s.Cases, func(k *cases.Case) bool { return spelt(k.Call.Fields[f.Name], part) }) {
				return fmt.Sprintf("%q is the %s of the cases", part, f.Name)
			}
		}
	}
	return ""
}

// spelt reports whether a part of an address is a value, however it is spelt: 1234567-sb1 is 1234567_SB1.
func spelt(value, part string) bool {
	return value != "" && strings.EqualFold(strings.ReplaceAll(value, "_", "-"), strings.ReplaceAll(part, "_", "-"))
}

var (
	reading = regexp.MustCompile(`(?i)\b(reads?|lists?|gets?|fetch(es)?|finds?|searche?s?|looks?|shows?|views?|downloads?|quer(y|ies)|runs? [\w -]*quer(y|ies))\b`)
	// clauses are what a verb may begin in a reason.
	clauses = regexp.MustCompile(`(?i)[.;:,]|\b(and|or|then|also)\b`)
)

// otherVerb reports whether a reason may speak of something other than reading. What cannot be told for a verb counts.
func otherVerb(reason string) bool {
	for _, clause := range clauses.Split(strings.ToLower(reason), -1) {
		w, _, more := strings.Cut(strings.TrimSpace(clause), " ")
		if more && len(w) > 3 && strings.HasSuffix(w, "s") && !reading.MatchString(clause) && !slices.Contains(things, w) {
			return true
		}
	}
	return writing.MatchString(reason)
}

var (
	writing = regexp.MustCompile(`(?i)\b(writ|creat|updat|chang|add|post|sav|send|sent|delet|remov|fil(e|es|ing)\b|mak|edit|set|sets|put|modif|manag|upload|start|launch|complet|clos|open|mov|keep|charg|pay|book|cancel|upsert|sync|submit|publish|assign|approv|reply|repl|issu|register|subscrib)`)
	// things are words in s that follow a comma or an "and" and are no verbs.
	things = strings.Fields("its records orders customers contacts users tickets tasks messages files items products invoices payments comments lists events accounts " +
		"projects issues channels members details rows queries runs fields types options reports documents pages names")
)

// changes tells requests of operations that write, with a method that does.
func changes(m *manifest.Manifest) func(use) bool {
	return func(u use) bool {
		if u.exchange.Method == "GET" || u.exchange.Method == "HEAD" {
			return false
		}
		return slices.ContainsFunc(m.Actions, func(a manifest.Action) bool { return a.Name == u.of.Call.Operation && !a.ReadOnly })
	}
}
