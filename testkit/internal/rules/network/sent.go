package network

import (
	"context"
	"net/http"
	"slices"

	"patchbay/abi"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// sent are the rules about what a guest sends.
var sent = []rule.Rule{stays, proper, ownAgent, bodyless, leadsOut}

var stays = rule.Rule{
	Rule: report.Rule{
		ID: "N017", Title: "A guest asks for nothing that is not granted", Severity: report.Error,
		Rationale: "The host refuses such a request, so the operation never works; and it is what a connector that is up to something looks like.",
		Fix:       "remove the request, or grant what it needs",
		Origin:    "Zapier Z006, Power Platform host check",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			for _, r := range t.Refused {
				if r.Code == string(abi.Forbidden) {
					found(rule.CaseFile(t.Case.Name), "%s %s: %s %s is covered by no http grant; the host refused it", t.Case.Call.Kind, t.Case.Call.Operation, r.Method, r.Host)
				}
			}
		}
		return nil
	},
}

var proper = rule.Rule{
	Rule: report.Rule{
		ID: "N018", Title: "A guest leaves to the host what the host sets", Severity: report.Error,
		Rationale: "Credentials, Host, Cookie, forwarding and connection headers are the host's; with one of them a request is refused before it is sent.",
		Fix:       "remove the header or parameter: the host attaches the credential by itself",
		Origin:    "n8n no-credential-in-request",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			for _, r := range t.Refused {
				if r.Code != string(abi.InvalidInput) {
					continue
				}
				why := "the host refused it as malformed"
				if t.Fault != nil && t.Fault.Code == abi.InvalidInput {
					why = t.Fault.Message
				}
				found(rule.CaseFile(t.Case.Name), "%s %s: %s %s was not sent: %s", t.Case.Call.Kind, t.Case.Call.Operation, r.Method, r.Host, why)
			}
		}
		return nil
	},
}

var ownAgent = rule.Rule{
	Rule: report.Rule{
		ID: "N019", Title: "A guest sends no User-Agent of its own", Severity: report.Note,
		Rationale: "Vendors know the host by its User-Agent, and ask its operator when something goes wrong.",
		Fix:       "leave the header out, unless the vendor asks for one",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			for _, r := range t.Requests {
				if agent := r.Header.Get("User-Agent"); agent != hostAgent {
					found(rule.CaseFile(t.Case.Name), "%s %s carries User-Agent: %s", r.Method, r.URL.Redacted(), agent)
				}
			}
		}
		return nil
	},
}

const hostAgent = "patchbay/1"

var bodyless = rule.Rule{
	Rule: report.Rule{
		ID: "N020", Title: "GET, HEAD and DELETE have no body", Severity: report.Warning,
		Rationale: "A body there has no meaning; proxies and vendors drop it or refuse the request, some only sometimes.",
		Fix:       "put it into the query, or use the method that the vendor documents",
		Origin:    "RFC 9110 9.3.1, Power Platform swagger validator",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range s.Lab.Replays(ctx) {
			for _, r := range t.Requests {
				if len(r.Body) > 0 && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodDelete}, r.Method) {
					found(rule.CaseFile(t.Case.Name), "%s %s has a body of %d bytes", r.Method, r.URL.Redacted(), len(r.Body))
				}
			}
		}
		return nil
	},
}

var leadsOut = rule.Rule{
	Rule: report.Rule{
		ID: "N021", Title: "Redirects of the vendor's stay within the grants", Severity: report.Warning,
		Rationale: "The host follows no redirect to a place that is not granted: downloads that live on another host never arrive.",
		Fix:       "grant the host that the vendor redirects to, with auth: false if the credential is not for it",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for _, u := range uses(s) {
			x := u.exchange
			to, err := x.URL.Parse(x.Answer.Get("Location"))
			if x.Status/100 != 3 || x.Status == http.StatusNotModified || x.Answer.Get("Location") == "" || err != nil {
				continue
			}
			method := x.Method
			if x.Status == http.StatusSeeOther || x.Status < 303 && method == http.MethodPost {
				method = http.MethodGet
			}
			covered := slices.ContainsFunc(expandAll(s.Manifest, fields(s.Manifest, u.of.Call)), func(g grant) bool {
				_, by := g.covers(method, to)
				return by != nil
			})
			if !covered {
				found(u.file, "%s.response: %d leads to %s://%s%s, which no grant covers for %s", x.Name, x.Status, to.Scheme, to.Host, to.Path, method)
			}
		}
		return nil
	},
}
