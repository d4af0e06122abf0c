package auth

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// compared are the rules that look at settings beside each other.
var compared = []rule.Rule{
	each(report.Rule{
		ID: "A030", Title: "The better signature algorithm comes first", Severity: report.Warning,
		Rationale: "The first one that fits the key is used: behind RS256 no PS256 ever is, and some vendors have stopped taking RS256.",
		Fix:       "put PS256, PS384 or PS512 before RS256, or leave out what the vendor does not take",
		Origin:    "RFC 8725 section 3.2, FAPI 2.0 section 5.4",
	}, func(a manifest.AuthMethod) (string, string) {
		weak := slices.Index(a.Algorithms, "RS256")
		better := slices.IndexFunc(a.Algorithms, func(alg string) bool { return strings.HasPrefix(alg, "PS") })
		if weak >= 0 && better > weak {
			return "/algorithms", fmt.Sprintf("with RS256 before it %s is never used", a.Algorithms[better])
		}
		return "", ""
	}),
	rule.Look(report.Rule{
		ID: "A031", Title: "No two auth methods are the same", Severity: report.Warning,
		Rationale: "Who connects has to choose, and cannot tell them apart.",
		Fix:       "remove one of them, or give each a title that says what it is for",
		Origin:    "n8n no duplicate option names",
	}, func(s *rule.Subject, found rule.Found) {
		for j, b := range s.Manifest.Auth {
			for _, a := range s.Manifest.Auth[:j] {
				if what := same(a, b); what != "" {
					found(method(j), "methods %s and %s have the same %s", a.ID, b.ID, what)
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A032", Title: "A field that every address needs is required", Severity: report.Warning,
		Rationale: "Left empty, the connection is made without complaint, and no request of it can be sent.",
		Fix:       "add required: true to the field, or a default",
		Origin:    "Power Platform PathParameterMustBeRequired",
	}, func(s *rule.Subject, found rule.Found) {
		for i, f := range s.Manifest.Connection.Fields {
			if at := needs(s.Manifest, f); at != "" && !f.Required && f.Default == nil && !fed(s.Manifest, f) {
				found(rule.Item("/connection/fields", i), "%s may be left empty, and %s needs it", f.Name, at)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A033", Title: "No method asks for scopes that another does without", Severity: report.Note,
		Rationale: "The same operations run with fewer scopes: whoever consents to the rest lends it for nothing.",
		Fix:       "leave out the scopes that the other method does without, if nothing needs them",
		Origin:    "RFC 9700 section 2.3, Make only needed credentials",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			for _, b := range s.Manifest.Auth {
				if more := beyond(scopes(a), scopes(b)); len(more) > 0 && len(beyond(scopes(b), scopes(a))) == 0 && len(scopes(b)) > 0 {
					found(method(i)+"/scopes", "method %s asks for %s, and method %s does without", a.ID, strings.Join(more, ", "), b.ID)
					break
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A034", Title: "No client's or account's id is built in", Severity: report.Warning,
		Rationale: "With the author's own id in it a connector works for the author: everybody else is refused, or acts in another's name.",
		Fix:       "write a field in its place, such as {client_id}, and let the connection say whose it is",
		Origin:    "Zapier 4.3 no hard-coded credentials, 12factor config",
	}, builtIn),
}

// same says what two methods have in common that nobody can tell apart, or "".
func same(a, b manifest.AuthMethod) string {
	if a.Title != "" && strings.EqualFold(a.Title, b.Title) {
		return "title"
	}
	a.ID, a.Title, a.Description = b.ID, b.Title, b.Description
	if (a.Type == "oauth2" || a.Type == "exchange") && reflect.DeepEqual(a, b) {
		return "settings"
	}
	return ""
}

// needs returns an address that no request can do without and that a field is part of: of the grants all must have it.
func needs(m *manifest.Manifest, f manifest.Field) string {
	for _, a := range m.Auth {
		for _, u := range []string{a.AuthorizeURL, a.TokenURL} {
			if named(u, f.Name) {
				return u
			}
		}
	}
	if len(m.HTTP) > 0 && !slices.ContainsFunc(m.HTTP, func(g manifest.Grant) bool { return !named(g.URL, f.Name) }) {
		return m.HTTP[0].URL
	}
	return ""
}

// fed reports whether a vendor fills in a field.
func fed(m *manifest.Manifest, f manifest.Field) bool {
	return slices.ContainsFunc(m.Auth, func(a manifest.AuthMethod) bool { return a.Feeds[f.Name] != "" })
}

// scopes are what a method asks for, at the login or in its assertions.
func scopes(a manifest.AuthMethod) []string {
	all := a.Scopes
	if len(all) == 0 {
		all = strings.FieldsFunc(a.Claims["scope"], func(r rune) bool { return r == ' ' || r == ',' })
	}
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(loginOnly, s) })
}

// loginOnly are scopes about the login itself, which a method without a person has no use for.
var loginOnly = strings.Fields("openid profile email offline_access offline refresh_token")

// beyond returns what a has and b has not.
func beyond(a, b []string) []string {
	return slices.DeleteFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

var (
	// whose are names of claims, headers, parameters and fields that say who somebody is.
	whose = regexp.MustCompile(`(?i)^(iss|sub|azp|(x[-_])?([a-z]+[-_])?(client|account|tenant|org|organi[sz]ation|company|workspace|user|key|certificate)([-_]?id)?)$`)
	// anID is how ids look, other than words that stand for a choice, such as default.
	anID = regexp.MustCompile(`[0-9].*[0-9]|@|^[A-Za-z0-9_-]{20,}$`)
)

func builtIn(s *rule.Subject, found rule.Found) {
	eachField(s, func(place string, f manifest.Field) {
		if v, ok := f.Default.(string); ok && len(f.Enum) == 0 && whose.MatchString(f.Name) && anID.MatchString(v) {
			found(place+"/default", "%s is %q unless somebody says otherwise", f.Name, v)
		}
	})
	for i, a := range s.Manifest.Auth {
		for _, at := range []struct {
			place  string
			values map[string]string
		}{{"/claims", a.Claims}, {"/headers", a.Headers}, {"/params", a.Params}} {
			for _, name := range slices.Sorted(maps.Keys(at.values)) {
				if v := at.values[name]; !strings.Contains(v, "{") && whose.MatchString(name) && anID.MatchString(v) {
					found(rule.Pointer(method(i)+at.place, name), "%s is always %q", name, v)
				}
			}
		}
	}
}
