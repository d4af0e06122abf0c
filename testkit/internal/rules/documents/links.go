package documents

import (
	"net/url"
	"regexp"
	"strings"

	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var links = []rule.Rule{
	page(report.Rule{
		ID: "D009", Title: "Links in the README lead somewhere", Severity: report.Warning,
		Rationale: "The marketplace shows the README alone: a link to a file beside it, or to nothing, is dead.",
		Fix:       "give the whole https:// address, or a heading of the README as #anchor",
		Origin:    "Airbyte QA valid links, Zapier D008",
	}, func(_ *rule.Subject, p document, found rule.Found) {
		for _, l := range p.links {
			if what := dead(p, l); what != "" {
				found(l.place(), "%q %s", l.target, what)
			}
		}
	}),
	page(report.Rule{
		ID: "D010", Title: "Links in the README are https", Severity: report.Warning,
		Rationale: "A reader who follows a plain link can be sent elsewhere by anybody on the way.",
		Fix:       "link to the https:// address",
		Origin:    "VS Code badge links, Zapier 4.2",
	}, func(_ *rule.Subject, p document, found rule.Found) {
		for _, l := range p.links {
			if lower := strings.ToLower(l.target); strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "ftp://") {
				found(l.place(), "%s", l.target)
			}
		}
	}),
	page(report.Rule{
		ID: "D011", Title: "The README holds nothing that runs", Severity: report.Error,
		Rationale: "A page that shows it must not become somebody else's.",
		Fix:       "leave out scripts, frames, forms, event attributes and javascript: addresses",
		Origin:    "Zapier D025",
	}, func(_ *rule.Subject, p document, found rule.Found) {
		for _, l := range p.prose {
			if what := running.FindString(l.text); what != "" {
				found(l.place(), "%q", what)
			}
		}
	}),
	page(report.Rule{
		ID: "D012", Title: "Pictures in the README say what they show, and come from https", Severity: report.Warning,
		Rationale: "Who cannot see them reads their text instead.",
		Fix:       "write ![what it shows](https://…)",
	}, func(_ *rule.Subject, p document, found rule.Found) {
		for _, l := range p.links {
			if l.image && (strings.TrimSpace(l.text) == "" || !strings.HasPrefix(strings.ToLower(l.target), "https://")) {
				found(l.place(), "the picture %q has the text %q", l.target, l.text)
			}
		}
	}),
}

var running = regexp.MustCompile(`(?i)<\s*(script|iframe|object|embed|form|style|link|meta|base)\b|\son[a-z]+\s*=\s*["']|\b(javascript|vbscript)\s*:\S|\bdata\s*:\s*text/html`)

func dead(p document, l link) string {
	if l.target == "" {
		return "leads nowhere"
	}
	if anchor, ok := strings.CutPrefix(l.target, "#"); ok {
		for _, h := range p.heads {
			if slug(h.text) == strings.ToLower(anchor) {
				return ""
			}
		}
		return "is no heading of the README"
	}
	u, err := url.Parse(l.target)
	switch {
	case err != nil:
		return "is no address"
	case u.Scheme == "mailto" && strings.Contains(u.Opaque, "@"):
		return ""
	case u.Scheme == "":
		return "is relative: nothing is beside the README in the marketplace"
	case (u.Scheme == "http" || u.Scheme == "https") && (u.Host == "" || !strings.Contains(u.Host, ".")):
		return "has no host"
	}
	return ""
}

var notSlug = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)

// slug is the anchor that Markdown pages give a heading.
func slug(text string) string {
	return strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
}
