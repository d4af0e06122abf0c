package auth

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var oauth = []rule.Rule{
	each(report.Rule{
		ID: "A014", Title: "Logins use PKCE", Severity: report.Warning,
		Rationale: "Without it a code that is caught on the way back is as good as the login.",
		Fix:       "leave pkce out, or say in the description that the vendor refuses it",
		Origin:    "RFC 9700 section 2.1.1",
	}, func(a manifest.AuthMethod) (string, string) {
		if a.Grant == "authorization_code" && a.PKCE != nil && !*a.PKCE && !strings.Contains(strings.ToUpper(a.Description), "PKCE") {
			return "/pkce", "it is switched off"
		}
		return "", ""
	}),
	rule.Look(report.Rule{
		ID: "A017", Title: "No scope asks for more than the actions do", Severity: report.Warning,
		Rationale: "Whoever consents lends all of it: a connector that only reads needs no leave to write, and hardly any needs to administer.",
		Fix:       "ask for the least scope that the vendor has for what the actions do",
		Origin:    "Make only needed credentials, Workato least privilege",
	}, func(s *rule.Subject, found rule.Found) {
		writes := slices.ContainsFunc(s.Manifest.Actions, func(a manifest.Action) bool { return !a.ReadOnly })
		for i, a := range s.Manifest.Auth {
			for j, scope := range a.Scopes {
				if administers.MatchString(topFolder.ReplaceAllString(scope, "")) || !writes && writing.MatchString(scope) {
					found(rule.Item(method(i)+"/scopes", j), "%s, and the actions %s", scope, map[bool]string{true: "do not administer", false: "only read"}[writes])
				}
			}
		}
	}),
	each(report.Rule{
		ID: "A018", Title: "Logins and tokens are of one site", Severity: report.Note,
		Rationale: "A token endpoint elsewhere gets the client's secret.",
		Fix:       "check the addresses; if the vendor has them on two sites, there is nothing to do",
		Origin:    "RFC 9700 section 4.4 (mix-up)",
	}, func(a manifest.AuthMethod) (string, string) {
		if a.AuthorizeURL != "" && a.TokenURL != "" && site(a.AuthorizeURL) != site(a.TokenURL) {
			return "/token_url", "people log in at " + site(a.AuthorizeURL) + ", tokens come from " + site(a.TokenURL)
		}
		if a.RevokeURL != "" && site(a.RevokeURL) != site(a.TokenURL) {
			return "/revoke_url", "tokens come from " + site(a.TokenURL) + ", and are given back at " + site(a.RevokeURL)
		}
		return "", ""
	}),
}

var (
	administers = regexp.MustCompile(`(?i)(^|[.:/_-])(admin|administrator|administration|superuser|sudo|root|owner|full[_-]?access|full[_-]?control|manage[_-]?all)($|[.:/_-])`)
	topFolder   = regexp.MustCompile(`(?i)\broot[._-]read`) // root_readonly: all files, of which the root is the folder at the top
	writing     = regexp.MustCompile(`(?i)(^|[.:/_-])(write|edit|create|update|delete|modify|manage|readwrite|rw)($|[.:/_-])`)
)

// each makes a rule about auth methods: look returns the place below one and what is wrong, or nothing.
func each(r report.Rule, look func(manifest.AuthMethod) (place, what string)) rule.Rule {
	return rule.Look(r, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			if place, what := look(a); what != "" {
				found(method(i)+place, "method %s: %s", a.ID, what)
			}
		}
	})
}

// site is the part of an address's host that somebody has registered.
func site(address string) string {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "", "|", "").Replace(address))
	if err != nil {
		return address
	}
	return rule.Domain(strings.ToLower(u.Hostname()))
}
