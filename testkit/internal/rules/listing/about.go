package listing

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// about are the rules about whose listing it is.
var about = []rule.Rule{
	rule.Look(report.Rule{
		ID: "M034", Title: "The description is about what the operations do", Severity: report.Warning,
		Rationale: "A description that was copied from another connector brings people who look for that one.",
		Fix:       "say in the words of the operations what people do with them",
		Origin:    "Zapier 1.5 misleading descriptions",
	}, func(s *rule.Subject, found rule.Found) {
		var told []string
		for _, o := range offered(s) {
			told = append(told, o.title, o.description)
		}
		have, said := words(append(told, s.Manifest.Title)...), words(s.Manifest.Description)
		shared := slices.ContainsFunc(said, func(w string) bool {
			return slices.ContainsFunc(have, func(o string) bool { return stem(o) == stem(w) })
		})
		if len(said) >= 3 && len(have) > 0 && !shared {
			found("/description", "no operation speaks of %s", strings.Join(said, ", "))
		}
	}),
	rule.Look(report.Rule{
		ID: "M035", Title: "The listing's addresses are public, and somebody's", Severity: report.Warning,
		Rationale: "A page that only the author can open, or that stands for another, helps nobody, and mail to nobody is not read.",
		Fix:       "name a page that everybody can open, and an address that is read",
		Origin:    "Zapier 5.2, Power Platform contact metadata, Make no makeshift domains",
	}, func(s *rule.Subject, found rule.Found) {
		m := s.Manifest
		for _, a := range [][2]string{{"/homepage", m.Homepage}, {"/docs", m.Docs}, {"/support/url", m.Support.URL}} {
			if what := notPublic(a[1]); what != "" {
				found(a[0], "%s %s", a[1], what)
			}
		}
		name, domain, _ := strings.Cut(strings.ToLower(m.Support.Email), "@")
		switch {
		case unread.MatchString(name):
			found("/support/email", "nobody reads what is sent to %s", m.Support.Email)
		case standIn.MatchString(domain):
			found("/support/email", "%s stands for another", m.Support.Email)
		}
	}),
	rule.Look(report.Rule{
		ID: "M036", Title: "The homepage is of the vendor that is called", Severity: report.Note,
		Rationale: "People see by it which product is meant, and reviewers whose hosts those are.",
		Fix:       "name the page of the product whose API it is",
		Origin:    "Zapier M005 domain of the homepage",
	}, func(s *rule.Subject, found rule.Found) {
		u, err := url.Parse(s.Manifest.Homepage)
		if err != nil || u.Hostname() == "" || len(s.Manifest.HTTP) == 0 {
			return
		}
		for _, g := range s.Manifest.HTTP {
			if akin(hostOf(s.Manifest, g.URL), u.Hostname()) {
				return
			}
		}
		found("/homepage", "%s, and requests go to %s", u.Hostname(), hostOf(s.Manifest, s.Manifest.HTTP[0].URL))
	}),
	rule.Look(report.Rule{
		ID: "M037", Title: "The licence is named as SPDX names it today", Severity: report.Note,
		Rationale: "GPL-3.0 does not say whether later versions may be used: SPDX has given up such names.",
		Fix:       "write -only or -or-later behind it",
		Origin:    "SPDX deprecated licence identifiers",
	}, func(s *rule.Subject, found rule.Found) {
		if old := deprecated.FindString(s.Manifest.License + " "); old != "" {
			found("/license", "%s", strings.TrimSpace(old))
		}
	}),
}

// common are words that are in the description of any connector.
var common = strings.Fields("and the for from with into them their that this your list lists read reads get gets find finds create creates make makes " +
	"update updates change changes delete deletes remove removes send sends post posts start starts new add adds search searches keep keeps all any one when " +
	"data records record items item api use uses page pages account accounts users user people recipes recipe by them over between while has have are can its")

// words are those that say what a text is about, each once. Of other alphabets than the Latin one it knows none.
func words(texts ...string) (all []string) {
	for _, text := range texts {
		for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
			if len(w) > 3 && !slices.Contains(common, w) && !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	return all
}

// stem is what is the same in invoice, invoices and invoicing.
func stem(word string) string { return word[:min(len(word), 5)] }

var (
	unread     = regexp.MustCompile(`^(no|do[._-]?not)[._-]?reply|^(nobody|noone|null|devnull|blackhole|mailer-daemon|postmaster|bounces?)$`)
	standIn    = regexp.MustCompile(`(^|\.)(example\.(com|org|net|edu)|yourcompany\.com|your-?domain\.com|domain\.com|company\.com|acme\.com|test|invalid|localhost)$`)
	private    = regexp.MustCompile(`(^|\.)(internal|local|localdomain|corp|intranet|lan|home|private|localhost|ngrok\.(io|app|dev)|ngrok-free\.(app|dev)|trycloudflare\.com)$`)
	shortener  = regexp.MustCompile(`^(bit\.ly|t\.co|tinyurl\.com|goo\.gl|is\.gd|ow\.ly|buff\.ly|rebrand\.ly|cutt\.ly|t\.ly)$`)
	deprecated = regexp.MustCompile(`\b(A?GPL-[123]\.0|LGPL-(2\.[01]|3\.0)|GFDL-1\.[123])\+?[ )]`)
)

// notPublic says why nobody can make use of an address.
func notPublic(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case net.ParseIP(host) != nil || !strings.Contains(host, ".") || private.MatchString(host):
		return "is not open to all"
	case standIn.MatchString(host):
		return "stands for another"
	case shortener.MatchString(host):
		return "does not say where it leads"
	}
	return ""
}

// hostOf is the host of a template, with the defaults of fields, or their first choices, in their places.
func hostOf(m *manifest.Manifest, template string) string {
	_, rest, _ := strings.Cut(template, "://")
	host, _, _ := strings.Cut(rest, "/")
	for _, f := range m.Connection.Fields {
		value := f.Default
		if value == nil && len(f.Enum) > 0 {
			value = f.Enum[0]
		}
		if text, ok := value.(string); ok {
			host = strings.ReplaceAll(host, "{"+f.Name+"}", text)
		}
	}
	return host
}

// akin reports whether two hosts bear one name: api.mailgun.net and www.mailgun.com, acme.service-now.com and servicenow.com.
func akin(a, b string) bool {
	name := func(host string) string {
		label, _, _ := strings.Cut(rule.Domain(strings.ToLower(host)), ".")
		return strings.ReplaceAll(label, "-", "")
	}
	x, y := name(a), name(b)
	return x == y || len(x) > 3 && strings.Contains(y, x) || len(y) > 3 && strings.Contains(x, y)
}
