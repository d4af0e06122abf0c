package secrets

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// file is one case as it ships.
type file struct {
	place string
	text  []byte
}

func files(s *rule.Subject) (all []file) {
	for _, name := range slices.Sorted(maps.Keys(s.Contents.Cases)) {
		all = append(all, file{rule.CaseFile(name), s.Contents.Cases[name]})
	}
	return all
}

// recorded are about what a case of a live call may bring along.
var recorded = []rule.Rule{
	rule.Look(report.Rule{
		ID: "S006", Title: "No case holds a header that carries a credential", Severity: report.Error,
		Rationale: "Cases ship. What was recorded by hand may hold the session of whoever recorded it.",
		Fix:       "take the header out: the lab plants credentials of its own; 'pack record' leaves such headers out",
		Origin:    "Workato plain-text cassettes",
	}, func(s *rule.Subject, found rule.Found) {
		for _, k := range s.Cases {
			for _, x := range k.Exchanges {
				for name, values := range headers(x) {
					if credential.MatchString(name) && slices.ContainsFunc(values, real) {
						found(rule.CaseFile(k.Name), "%s has the header %s", x.Name, name)
					}
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "S007", Title: "No case holds a token in a body or an address", Severity: report.Error,
		Rationale: "A vendor's answer may bring tokens, and so may an address that was followed.",
		Fix:       "write \"[redacted]\" in its place, in the request and in the answer; 'pack record' does so",
		Origin:    "Workato plain-text cassettes",
	}, func(s *rule.Subject, found rule.Found) {
		for _, k := range s.Cases {
			for _, x := range k.Exchanges {
				for _, name := range tokens(x) {
					found(rule.CaseFile(k.Name), "%s has a value for %s", x.Name, name)
				}
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "S008", Title: "No address holds a user name and a password", Severity: report.Error,
		Rationale: "It is written into logs and histories by everything that handles it.",
		Fix:       "take it out of the address, and let an auth method carry it",
		Origin:    "n8n no-hardcoded-secrets",
	}, func(s *rule.Subject, found rule.Found) {
		for _, f := range append(files(s), file{"README.md", s.Contents.Readme}, file{"connector.yaml", s.Contents.Manifest}) {
			for _, m := range login.FindAll(f.text, -1) {
				scheme, _, _ := strings.Cut(string(m), "//")
				found(f.place, "an address that begins with %s// has a password in it", scheme)
			}
		}
	}),
}

var (
	credential = regexp.MustCompile(`(?i)^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|api-key|apikey|x-auth-token|x-access-token|x-csrf-token|x-amz-security-token|x-vault-token|x-shopify-access-token|private-token|x-.*-(token|secret|signature|api-key))$`)
	tokenName  = regexp.MustCompile(`(?i)^(access_?token|refresh_?token|id_?token|auth_?token|api_?token|bearer_?token|session_?(token|id|key)|client_?secret|secret|secret_?key|password|passwd|pwd|api_?key|apikey|private_?key|authorization|sessionid|jwt|sig|signature|x-amz-signature)$`)
	redacted   = regexp.MustCompile(`(?i)^$|redacted|^\[.*\]$|^<.*>$|^\{.*\}$|^\*+$|^x+$|canary|^(null|none|true|false|example|dummy|fake|test)$`)
	login      = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@"'<>{}]{1,100}:[^\s/@"'<>{}\[\]]{1,200}@[a-z0-9]`)
)

// real reports whether a value may be a credential.
func real(value string) bool { return !redacted.MatchString(strings.TrimSpace(value)) }

func headers(x cases.Exchange) map[string][]string {
	all := map[string][]string{}
	for _, h := range []map[string][]string{x.Header, x.Answer} {
		for name, values := range h {
			all[name] = append(all[name], values...)
		}
	}
	return all
}

// tokens returns the names of values that are credentials by their name, sorted.
func tokens(x cases.Exchange) []string {
	names := map[string]bool{}
	see := func(name, value string) {
		if tokenName.MatchString(name) && len(value) >= 6 && real(value) {
			names[name] = true
		}
	}
	for name, values := range x.URL.Query() {
		for _, v := range values {
			see(name, v)
		}
	}
	for _, body := range [][]byte{x.Body, x.AnswerBody} {
		var v any
		if json.Unmarshal(body, &v) == nil {
			walk("", v, see)
		} else if form, err := url.ParseQuery(string(body)); err == nil {
			for name, values := range form {
				see(name, strings.Join(values, ""))
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// walk tells of every value in a document that has a name.
func walk(name string, v any, see func(name, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			walk(k, x, see)
		}
	case []any:
		for _, x := range v {
			walk(name, x, see)
		}
	case string:
		see(name, v)
	case float64:
		see(name, fmt.Sprint(v))
	}
}
