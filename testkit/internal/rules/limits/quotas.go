package limits

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// quotas are the rules about the vendor's limits, which the host keeps for all connections together.
var quotas = []rule.Rule{declared, sane, placed, apart, pooled, told, reachedAt}

var declared = rule.Look(report.Rule{
	ID: "L015", Title: "The vendor's limits are declared", Severity: report.Note,
	Rationale: "Where they are, the host waits in time. Where they are not, the vendor says no, in the middle of somebody's recipe.",
	Fix:       "add quotas with what the vendor documents: requests and per, concurrency, or the headers that tell what is left",
}, func(s *rule.Subject, found rule.Found) {
	for i, g := range s.Manifest.HTTP {
		covered := slices.ContainsFunc(s.Manifest.Quotas, func(q manifest.Quota) bool {
			return len(q.Grants) == 0 || slices.Contains(q.Grants, g.ID)
		})
		if len(s.Manifest.Auth) > 0 && g.Authenticated() && !covered {
			found(rule.Grant(i), "no quota counts requests to %s", g.URL)
		}
	}
})

var sane = rule.Look(report.Rule{
	ID: "L016", Title: "A quota is what a vendor would set", Severity: report.Warning,
	Rationale: "A slip of a unit, 1h for 1m, makes everybody wait, or nobody.",
	Fix:       "compare it with the vendor's documentation: requests in one span per",
}, func(s *rule.Subject, found rule.Found) {
	for i, q := range s.Manifest.Quotas {
		if odd := oddity(q); odd != "" {
			found(fmt.Sprintf("/quotas/%d", i), "quota %s: %s", q.ID, odd)
		}
	}
})

const month = 31 * 24 * time.Hour

// oddity says why no vendor would set such a quota, or "".
func oddity(q manifest.Quota) string {
	per := time.Duration(q.Per)
	switch {
	case per > 0 && per < time.Second:
		return fmt.Sprintf("its span is %v, less than a second", per)
	case per > month:
		return fmt.Sprintf("its span is %v, more than 31 days", per)
	case per > 0 && float64(q.Requests)/per.Seconds() > 2000:
		return fmt.Sprintf("%d requests in %v are more than 2000 in a second", q.Requests, per)
	case q.Requests > 0 && per/time.Duration(q.Requests) > time.Hour:
		return fmt.Sprintf("%d requests in %v are less than one in an hour", q.Requests, per)
	case q.Burst > q.Requests && q.Requests > 0 && q.Burst > 100*q.Requests:
		return fmt.Sprintf("a burst of %d against %d requests in %v", q.Burst, q.Requests, per)
	case q.Concurrency > 1000:
		return fmt.Sprintf("%d requests at the same time", q.Concurrency)
	}
	return ""
}

var placed = rule.Rule{
	Rule: report.Rule{
		ID: "L017", Title: "A quota counts requests that are granted", Severity: report.Warning,
		Rationale: "A quota for a path or a method that no grant has is a slip: the requests that it was meant for are not counted.",
		Fix:       "write path and method as in the grant",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, q := range s.Manifest.Quotas {
			grants := slices.DeleteFunc(slices.Clone(s.Manifest.HTTP), func(g manifest.Grant) bool {
				return len(q.Grants) > 0 && !slices.Contains(q.Grants, g.ID)
			})
			for j, method := range q.Methods {
				if !slices.ContainsFunc(grants, func(g manifest.Grant) bool { return slices.Contains(g.Methods, method) }) {
					found(fmt.Sprintf("/quotas/%d/methods/%d", i, j), "quota %s counts %s, which no grant of it has", q.ID, method)
				}
			}
			for j, path := range q.Paths {
				if !slices.ContainsFunc(grants, func(g manifest.Grant) bool { return meets(g, path) }) {
					found(fmt.Sprintf("/quotas/%d/paths/%d", i, j), "quota %s counts %s, which no path of a grant meets", q.ID, path)
				}
			}
		}
		return nil
	},
}

// meets reports whether some request of a grant is under a quota's path.
func meets(g manifest.Grant, path string) bool {
	if len(g.Paths) == 0 {
		return true
	}
	return slices.ContainsFunc(g.Paths, func(p string) bool {
		return overlap(strings.Split(p, "/"), strings.Split(path, "/"))
	})
}

// overlap reports whether two patterns have a path in common.
func overlap(a, b []string) bool {
	switch {
	case len(a) > 0 && a[0] == "**", len(b) > 0 && b[0] == "**":
		return true
	case len(a) == 0 || len(b) == 0:
		return len(a) == len(b)
	case a[0] != b[0] && a[0] != "*" && b[0] != "*" && !strings.Contains(a[0]+b[0], "{"):
		return false
	}
	return overlap(a[1:], b[1:])
}

var apart = rule.Look(report.Rule{
	ID: "L030", Title: "A quota of accounts tells one account from another", Severity: report.Warning,
	Rationale: "What has no field in it is the same for all: every customer waits for every other.",
	Fix:       "write the connection field in account that says which account it is, such as \"{site}\"",
}, func(s *rule.Subject, found rule.Found) {
	for i, q := range s.Manifest.Quotas {
		if q.Key == "account" && !strings.Contains(q.Account, "{") {
			found(fmt.Sprintf("/quotas/%d/account", i), "quota %s is shared by all, for %q is everybody's account", q.ID, q.Account)
		}
	}
})

var pooled = rule.Look(report.Rule{
	ID: "L031", Title: "Requests at the same time are counted by account, where the account is known", Severity: report.Note,
	Rationale: "Vendors give an account so many at a time, whoever asks: two connections to one account go over it together.",
	Fix:       "write key: account and account: \"{FIELD}\", unless the vendor counts by credential",
}, func(s *rule.Subject, found rule.Found) {
	field := slices.IndexFunc(s.Manifest.Connection.Fields, func(f manifest.Field) bool {
		return len(f.Enum) == 0 && slices.ContainsFunc(s.Manifest.HTTP, func(g manifest.Grant) bool { return strings.Contains(g.URL, "{"+f.Name) })
	})
	for i, q := range s.Manifest.Quotas {
		if field >= 0 && q.Concurrency > 0 && q.Key != "account" {
			found(fmt.Sprintf("/quotas/%d/key", i), "quota %s counts each connection by itself, and %s tells which account it is of", q.ID, s.Manifest.Connection.Fields[field].Name)
		}
	}
})

var told = rule.Look(report.Rule{
	ID: "L040", Title: "The account of a quota is told by more than a choice", Severity: report.Warning,
	Rationale: "A region or an environment is common to many accounts: they all wait for one another.",
	Fix:       "write the field that is different for each account, such as \"{site}\"",
}, func(s *rule.Subject, found rule.Found) {
	for i, q := range s.Manifest.Quotas {
		free, chosen := "", ""
		for _, f := range s.Manifest.Connection.Fields {
			if strings.Contains(q.Account, "{"+f.Name+"}") || strings.Contains(q.Account, "{"+f.Name+"|") {
				if len(f.Enum) > 0 {
					chosen = f.Name
				} else {
					free = f.Name
				}
			}
		}
		if q.Key == "account" && free == "" && chosen != "" {
			found(fmt.Sprintf("/quotas/%d/account", i), "quota %s: %s is one of a few values, the same for many accounts", q.ID, chosen)
		}
	}
})

var reachedAt = rule.Look(report.Rule{
	ID: "L041", Title: "Every quota can be reached", Severity: report.Note,
	Rationale: "A limit that a smaller one keeps everybody away from says nothing: one of the two has a slip in it.",
	Fix:       "compare both with the vendor's documentation",
}, func(s *rule.Subject, found rule.Found) {
	for i, q := range s.Manifest.Quotas {
		for _, o := range s.Manifest.Quotas {
			everywhere := len(o.Grants)+len(o.Paths)+len(o.Methods) == 0
			if q.ID != o.ID && everywhere && q.Key == o.Key && q.Account == o.Account && o.Requests > 0 && o.Burst == 0 && o.Per > 0 && q.Per > o.Per &&
				float64(q.Requests) > float64(o.Requests)*float64(q.Per)/float64(o.Per) {
				found(fmt.Sprintf("/quotas/%d", i), "quota %s has %d in %v, and quota %s no more than %d in %v", q.ID, q.Requests, q.Per, o.ID, o.Requests, o.Per)
			}
		}
	}
})
