package network

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// methods are the rules about methods that no operation accounts for.
var methods = []rule.Rule{deletes, writes}

var deletes = rule.Rule{
	Rule: report.Rule{
		ID: "N022", Title: "DELETE is granted only where an action says that it deletes", Severity: report.Warning,
		Rationale: "Whoever reads the list of actions must see the one that takes something away.",
		Fix:       "remove DELETE from the grant, or say in the action's title or description what it deletes, cancels or removes",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		if slices.ContainsFunc(s.Manifest.Actions, takesAway) || slices.ContainsFunc(s.Manifest.Triggers, subscribes) {
			return nil
		}
		for i, g := range s.Manifest.HTTP {
			if j := slices.Index(g.Methods, http.MethodDelete); j >= 0 {
				found(fmt.Sprintf("%s/methods/%d", rule.Grant(i), j), "DELETE is granted under %s; no action says that it deletes, removes or cancels anything", g.ID)
			}
		}
		return nil
	},
}

var taking = regexp.MustCompile(`(?i)\b(delet|remov|cancel|revok|unsubscri|unassign|unlink|detach|purg|clear|clos|archiv|trash|destroy|drop|erase|disconnect|discard|withdraw|dismiss|leave|void|abort|end)`)

func takesAway(a manifest.Action) bool {
	return !a.ReadOnly && taking.MatchString(strings.ReplaceAll(a.Name, "_", " ")+" "+a.Title+" "+a.Description)
}

// subscribes reports whether a trigger is a webhook that may have to be taken back.
func subscribes(t manifest.Trigger) bool { return t.Webhook != nil && t.Webhook.Unsubscribe != "" }

var writes = rule.Rule{
	Rule: report.Rule{
		ID: "N023", Title: "A connector whose actions only read is granted no method that writes", Severity: report.Warning,
		Rationale: "Read only is a promise. Without PUT, PATCH and DELETE the host keeps it.",
		Fix:       "remove the method, or read_only from the action that writes",
	},
	Static: true,
	Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		if slices.ContainsFunc(s.Manifest.Actions, func(a manifest.Action) bool { return !a.ReadOnly }) || slices.ContainsFunc(s.Manifest.Triggers, func(t manifest.Trigger) bool { return t.Webhook != nil }) {
			return nil
		}
		for i, g := range s.Manifest.HTTP {
			for j, method := range g.Methods {
				if slices.Contains([]string{http.MethodPut, http.MethodPatch, http.MethodDelete}, method) {
					found(fmt.Sprintf("%s/methods/%d", rule.Grant(i), j), "%s is granted under %s, and every action is read only", method, g.ID)
				}
			}
		}
		return nil
	},
}
