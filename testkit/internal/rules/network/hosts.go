package network

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// hosts are the rules about whom a connector talks to.
var hosts = []rule.Rule{oneVendor, oneKeeper, foreignLogin, production, carried, unnamed}

var oneVendor = rule.Rule{
	Rule: report.Rule{
		ID: "N011", Title: "A connector talks to one vendor", Severity: report.Note,
		Rationale: "With two vendors in it a connector can carry data from one to the other, which recipes are for.",
		Fix:       "make two connectors of it, unless the other host belongs to the same vendor",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		all := domains(s.Manifest, slices.Concat(grantURLs(s.Manifest, each), authURLs(s.Manifest)))
		if stranger := unrelated(all); stranger != "" {
			found("/http", "its grants and auth methods are at %s", strings.Join(all, ", "))
		}
		return nil
	},
}

// unrelated returns a domain that is related to none of those before it.
func unrelated(all []string) string {
	for i := 1; i < len(all); i++ {
		if !slices.ContainsFunc(all[:i], func(d string) bool { return related(all[i], d) || related(d, all[i]) }) {
			return all[i]
		}
	}
	return ""
}

var oneKeeper = rule.Rule{
	Rule: report.Rule{
		ID: "N012", Title: "The credential goes to one vendor only", Severity: report.Warning,
		Rationale: "A grant carries the connection's credential unless it says otherwise: whoever has the other host gets the token.",
		Fix:       "write auth: false in the grants of hosts that the credential is not for",
		Origin:    "OAuth 2.0 security best current practice (RFC 9700), 4.9",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		if !slices.ContainsFunc(s.Manifest.Auth, func(a manifest.AuthMethod) bool { return a.Type != "none" }) {
			return nil
		}
		first := ""
		for _, p := range grantURLs(s.Manifest, manifest.Grant.Authenticated) {
			d := rule.Domain(likely(s.Manifest, p.url))
			if first == "" {
				first = d
			}
			if !related(first, d) && !related(d, first) {
				found(p.at, "requests to %s carry the credential, and so do those to %s", d, first)
				continue
			}
			for _, host := range choices(s.Manifest, p.url) {
				if d := rule.Domain(host); !related(first, d) && !related(d, first) && !sisters(first, d) {
					found(p.at, "requests to %s carry the credential where a field says so, and by default those to %s", d, first)
				}
			}
		}
		return nil
	},
}

var foreignLogin = rule.Rule{
	Rule: report.Rule{
		ID: "N013", Title: "Credentials are made at the vendor that they are for", Severity: report.Warning,
		Rationale: "An authorize or token URL at a stranger's host hands over the client secret, and the person's consent with it.",
		Fix:       "correct the URL; a vendor's own login is at the domain of its API",
		Origin:    "OAuth 2.0 mix-up attacks (RFC 9700), 4.4",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		vendors := domains(s.Manifest, grantURLs(s.Manifest, manifest.Grant.Authenticated))
		for _, p := range authURLs(s.Manifest) {
			d := rule.Domain(likely(s.Manifest, p.url))
			if len(vendors) > 0 && !slices.ContainsFunc(vendors, func(v string) bool { return related(d, v) }) {
				found(p.at, "%s is at %s; the grants that carry the credential are at %s", p.url, d, strings.Join(vendors, ", "))
			}
		}
		return nil
	},
}

var production = rule.Rule{
	Rule: report.Rule{
		ID: "N014", Title: "A connector reaches its vendor's production system", Severity: report.Warning,
		Rationale: "A test system that was left in sends people's data where nobody guards it, and their records where nobody finds them.",
		Fix:       "write the production host, or let the connection choose with a field whose default is the production host",
		Origin:    "Zapier production-ready checks, App Store review 2.1",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range slices.Concat(grantURLs(s.Manifest, each), authURLs(s.Manifest)) {
			if sign := trial(likely(s.Manifest, p.url)); sign != "" {
				found(p.at, "%s is at a host for tests: %q in %s", p.url, sign, likely(s.Manifest, p.url))
			}
			for _, host := range choices(s.Manifest, p.url) {
				if d := rule.Domain(host); slices.Contains(makeshift, d) && host != likely(s.Manifest, p.url) {
					found(p.at, "%s may be at %s, which stands in for a vendor", p.url, host)
				}
			}
		}
		return nil
	},
}

var carried = rule.Look(report.Rule{
	ID: "N024", Title: "The credential that is asked for is used", Severity: report.Error,
	Rationale: "People hand over a token, and no request carries it: every call fails, or the token was not needed.",
	Fix:       "remove auth: false from the grant of the vendor's API, or the auth methods from the manifest",
}, func(s *rule.Subject, found rule.Found) {
	needs := slices.ContainsFunc(s.Manifest.Auth, func(a manifest.AuthMethod) bool { return a.Type != "none" })
	if needs && len(s.Manifest.HTTP) > 0 && !slices.ContainsFunc(s.Manifest.HTTP, manifest.Grant.Authenticated) {
		found("/http", "the connector has %d auth methods, and all of its %d grants have auth: false", len(s.Manifest.Auth), len(s.Manifest.HTTP))
	}
})

var unnamed = rule.Look(report.Rule{
	ID: "N025", Title: "The guest's code names no host that the manifest does not name", Severity: report.Note,
	Rationale: "A host refuses to reach it. Its address in the code is a leftover, or waits for a grant that is wider than it looks.",
	Fix:       "remove the address, or grant the host if the connector needs it",
}, func(s *rule.Subject, found rule.Found) {
	m := s.Manifest
	named := domains(m, slices.Concat(grantURLs(m, each), authURLs(m), []place{{"", m.Homepage}, {"", m.Docs}, {"", m.Support.URL}}))
	seen := map[string]bool{}
	for _, match := range inCode.FindAllSubmatch(s.Contents.Module, -1) {
		host := string(match[1])
		known := slices.ContainsFunc(slices.Concat(named, vocabularies), func(d string) bool { return d != "" && strings.HasPrefix(rule.Domain(host), d) })
		if !known && !seen[host] {
			seen[host] = true
			found("guest", "its code holds an address at %s", host)
		}
	}
})

var (
	inCode = regexp.MustCompile(`https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24})`)
	// vocabularies are where names of formats and messages of libraries lead, which nobody calls.
	vocabularies = strings.Fields("json-schema.org w3.org xmlsoap.org openxmlformats.org schema.org ietf.org rfc-editor.org iana.org purl.org go.dev golang.org github.com")
)

var (
	labelPart = regexp.MustCompile(`[a-z0-9]+`)
	// trials are words in the names of systems that are not the real one.
	trials = strings.Fields("test tests testing tst uat qa qas stage staging stg dev devel develop development sandbox sbx sb preprod preproduction " +
		"nonprod demo mock mocks mockserver localhost local internal canary int")
	// makeshift are services that stand in for a vendor while one writes a connector.
	makeshift = strings.Fields("ngrok.io ngrok.app ngrok.dev ngrok-free.app ngrok-free.dev loca.lt localtunnel.me trycloudflare.com webhook.site requestbin.com requestbin.net " +
		"pipedream.net hookbin.com httpbin.org httpbingo.org mockapi.io mocky.io beeceptor.com typicode.com reqres.in postman-echo.com pstmn.io requestcatcher.com " +
		"serveo.net smee.io mockbin.org")
)

// trial returns what in a host says that it is for tests, or "".
func trial(host string) string {
	if slices.Contains(makeshift, rule.Domain(host)) {
		return rule.Domain(host)
	}
	owned, ok := strings.CutSuffix(host, rule.Domain(host))
	if !ok {
		return ""
	}
	for _, w := range labelPart.FindAllString(fixed(owned), -1) {
		if slices.Contains(trials, strings.TrimRight(w, "0123456789")) {
			return w
		}
	}
	return ""
}

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

// fixed is a host without its fields.
func fixed(host string) string { return inBraces.ReplaceAllString(host, "") }

// addresses are the rules about a grant's host as it is written.
var addresses = []rule.Rule{looseField, standardPort}

var looseField = rule.Rule{
	Rule: report.Rule{
		ID: "N015", Title: "A field in a host is held to one label", Severity: report.Warning,
		Rationale: "Whoever fills in the field chooses where the credential goes. What accepts a dot accepts other systems of the vendor's, or of those it rents names to.",
		Fix:       "give the field a pattern without dots, such as [a-z0-9-]{1,40}, or an enum",
		Origin:    "SSRF prevention (OWASP)",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range slices.Concat(grantURLs(s.Manifest, each), authURLs(s.Manifest)) {
			host, _ := authority(p.url)
			for i, f := range s.Manifest.Connection.Fields {
				whole := host == "{"+f.Name+"}" || !strings.Contains(host, "{"+f.Name)
				if v := loose(f); !whole && v != "" {
					found(fmt.Sprintf("/connection/fields/%d", i), "field %s is in the host %s, and %q is accepted for it", f.Name, host, v)
				}
			}
		}
		return nil
	},
}

// loose returns a value that is no single label of a host name and that a field accepts.
func loose(f manifest.Field) string {
	if len(f.Enum) > 0 {
		return ""
	}
	for _, v := range []string{"a.b", "a1.b2.c3", "acme.internal", "a/b", "a@b", "a:1", "a b", "a?b", "a#b", "a_b/"} {
		if _, problem := f.Value(v); problem == "" {
			return v
		}
	}
	return ""
}

var standardPort = rule.Rule{
	Rule: report.Rule{
		ID: "N016", Title: "Requests go to port 443", Severity: report.Warning,
		Rationale: "Firewalls let 443 through; another port is most often a system that was not meant to be open.",
		Fix:       "remove the port, unless the vendor documents it",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, p := range slices.Concat(grantURLs(s.Manifest, each), authURLs(s.Manifest)) {
			if _, port := authority(p.url); port != "" {
				found(p.at, "%s names port %s", p.url, port)
			}
		}
		return nil
	},
}
