package auth

import (
	"maps"
	"slices"
	"strings"

	"patchbay/manifest"
)

// named reports whether a template has a field: {name} or {name|spelling}.
func named(template, field string) bool {
	return strings.Contains(template, "{"+field+"}") || strings.Contains(template, "{"+field+"|")
}

// templates are all texts of an auth method in which fields may stand.
func templates(a manifest.AuthMethod) []string {
	all := []string{a.AuthorizeURL, a.TokenURL, a.RevokeURL, a.Realm, a.Audience, a.Issuer, a.Prefix}
	for _, m := range []map[string]string{a.Headers, a.Claims, a.Params} {
		all = append(all, slices.Sorted(maps.Values(m))...)
	}
	for _, s := range a.Steps {
		all = append(all, s.URL, string(s.JSON))
		for _, m := range []map[string]string{s.Headers, s.Form} {
			all = append(all, slices.Sorted(maps.Values(m))...)
		}
	}
	return all
}

// byType reports whether the type of a method uses a field of that name by itself.
func byType(a manifest.AuthMethod, field string) bool {
	if a.Type == "oauth2" && slices.Contains([]string{"key_id", "private_key", "subject", "issuer", "scope"}, field) {
		return true
	}
	a.Fields = nil // what is left are those that the type brings
	return slices.ContainsFunc(a.AllFields(), func(f manifest.Field) bool { return f.Name == field })
}
