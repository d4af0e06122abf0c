package network

import (
	"fmt"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
)

// place is a URL of the manifest and where it is.
type place struct{ at, url string }

// grantURLs are the base URLs of grants.
func grantURLs(m *manifest.Manifest, of func(manifest.Grant) bool) []place {
	var all []place
	for i, g := range m.HTTP {
		if of(g) {
			all = append(all, place{rule.Grant(i) + "/url", g.URL})
		}
	}
	return all
}

func each(manifest.Grant) bool { return true }

// authURLs are those that credentials are made at.
func authURLs(m *manifest.Manifest) []place {
	var all []place
	for i, a := range m.Auth {
		at := fmt.Sprintf("/auth/%d", i)
		all = append(all, place{at + "/authorize_url", a.AuthorizeURL}, place{at + "/token_url", a.TokenURL}, place{at + "/revoke_url", a.RevokeURL})
		for j, step := range a.Steps {
			all = append(all, place{fmt.Sprintf("%s/steps/%d/url", at, j), step.URL})
		}
	}
	return slices.DeleteFunc(all, func(p place) bool { return p.url == "" })
}

// authority is the host and port of a URL's template.
func authority(url string) (host, port string) {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "/")
	host, port, _ = strings.Cut(rest, ":")
	return host, port
}

// likely is the host of a template, with the default, or else the first choice, of a field in the place of the field.
func likely(m *manifest.Manifest, url string) string {
	host, _ := authority(url)
	for _, f := range m.Connection.Fields {
		value := f.Default
		if value == nil && len(f.Enum) > 0 {
			value = f.Enum[0]
		}
		if value != nil {
			host = strings.ReplaceAll(host, "{"+f.Name+"}", fmt.Sprint(value))
		}
	}
	return host
}

// choices are the hosts that a template may become by the choices of its fields, one field at a time.
func choices(m *manifest.Manifest, url string) (all []string) {
	host, _ := authority(url)
	for _, f := range m.Connection.Fields {
		for _, value := range f.Enum {
			if with := strings.ReplaceAll(host, "{"+f.Name+"}", fmt.Sprint(value)); with != host && !strings.HasSuffix(with, "}") {
				all = append(all, with)
			}
		}
	}
	return all
}

// sisters reports whether two domains are one name in two countries: acme.com and acme.eu.
func sisters(a, b string) bool {
	x, _, _ := strings.Cut(a, ".")
	y, _, _ := strings.Cut(b, ".")
	return x == y
}

// domains are those of some URLs, each once, sorted.
func domains(m *manifest.Manifest, urls []place) []string {
	var all []string
	for _, p := range urls {
		all = append(all, rule.Domain(likely(m, p.url)))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// houses are domains of one owner each. A vendor that logs people in for others is a house with all.
var houses = [][]string{
	strings.Fields("google.com googleapis.com youtube.com"),
	strings.Fields("microsoftonline.com microsoft.com live.com office.com office365.com sharepoint.com dynamics.com windows.net azure.com visualstudio.com"),
	strings.Fields("salesforce.com force.com"),
	strings.Fields("atlassian.com atlassian.net bitbucket.org jira.com"),
	strings.Fields("intuit.com quickbooks.com"),
	strings.Fields("facebook.com instagram.com whatsapp.com"),
	strings.Fields("hubspot.com hubapi.com"),
	strings.Fields("dropbox.com dropboxapi.com"),
	strings.Fields("github.com githubusercontent.com"),
	strings.Fields("amazon.com amazoncognito.com"),
	strings.Fields("zoho.com zoho.eu zohoapis.com zohoapis.eu"),
	strings.Fields("adobe.com adobelogin.com adobe.io"),
	strings.Fields("twitter.com x.com"),
	strings.Fields("mailchimp.com mandrillapp.com intuit.com"),
	strings.Fields("oracle.com oraclecloud.com netsuite.com"),
	strings.Fields("sap.com ondemand.com hana.ondemand.com"),
}

// brokers log people in for vendors that are their customers.
var brokers = strings.Fields("okta.com oktapreview.com auth0.com onelogin.com pingidentity.com microsoftonline.com amazoncognito.com workos.com")

// related reports whether two domains have one owner, or one of them is the other's broker.
func related(a, b string) bool {
	return a == b || slices.Contains(brokers, a) || slices.ContainsFunc(houses, func(h []string) bool {
		return slices.Contains(h, a) && slices.Contains(h, b)
	})
}
