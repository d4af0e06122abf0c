package triggers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// hook is a rule about what the manifest says of one webhook; check says what is wrong with it, or nothing.
func hook(r report.Rule, check func(m *manifest.Manifest, t manifest.Trigger) (place, seen string)) rule.Rule {
	return rule.Rule{Rule: r, Static: true, Check: func(_ context.Context, s *rule.Subject, found rule.Found) error {
		for i, t := range s.Manifest.Triggers {
			if t.Webhook == nil {
				continue
			}
			if place, seen := check(s.Manifest, t); seen != "" {
				found(rule.Trigger(i)+"/webhook"+place, "%s", seen)
			}
		}
		return nil
	}}
}

var signed = hook(report.Rule{
	ID: "T030", Title: "A webhook proves its sender, or only wakes a poll", Severity: report.Error,
	Rationale: "Whoever learns the address of a webhook without a signature can start recipes with events of his own.",
	Fix:       "declare the vendor's signature; where there is none, add fallback: the poll trigger that reads what has happened",
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if t.Webhook.Signature.Scheme == "none" && t.Webhook.Fallback == "" {
		return "/signature/scheme", "scheme none, and no fallback"
	}
	return "", ""
})

var strong = hook(report.Rule{
	ID: "T031", Title: "A webhook is not signed with SHA-1 or by a bearer secret where the vendor offers better", Severity: report.Warning,
	Rationale: "HMAC-SHA1 is being given up by vendors, and a bearer secret signs nothing of what it comes with.",
	Fix:       "choose hmac_sha256 or standard_webhooks if the vendor has it",
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if scheme := t.Webhook.Signature.Scheme; scheme == "hmac_sha1" || scheme == "bearer" {
		return "/signature/scheme", "scheme " + scheme
	}
	return "", ""
})

var timed = hook(report.Rule{
	ID: "T032", Title: "A webhook's timestamp is part of what is signed", Severity: report.Error,
	Rationale: "A timestamp that is not signed can be changed, so that a call overheard once is accepted for ever.",
	Fix:       `write signed: "{timestamp}.{body}", in the form that the vendor documents`,
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if sig := t.Webhook.Signature; sig.Timestamp != "" && !strings.Contains(sig.Signed, "{timestamp}") {
		return "/signature/timestamp", "header " + sig.Timestamp + " is not in signed: " + cmp.Or(sig.Signed, "{body}")
	}
	return "", ""
})

var fresh = hook(report.Rule{
	ID: "T033", Title: "A webhook's call is not accepted later than ten minutes after it was signed", Severity: report.Warning,
	Rationale: "The tolerance is the time in which a call that was overheard can be made again.",
	Fix:       "lower tolerance to 10m or less; 5m is usual",
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if d := t.Webhook.Signature.Tolerance; time.Duration(d) > 10*time.Minute {
		return "/signature/tolerance", d.String()
	}
	return "", ""
})

var unrepeated = hook(report.Rule{
	ID: "T034", Title: "A webhook's signature has a timestamp", Severity: report.Note,
	Rationale: "Without one a call that was overheard can be made again at any time; only its dedupe fields tell.",
	Fix:       "declare timestamp and signed if the vendor sends one",
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if sig := t.Webhook.Signature; strings.HasPrefix(sig.Scheme, "hmac") && sig.Timestamp == "" {
		return "/signature", "scheme " + sig.Scheme + " without timestamp"
	}
	return "", ""
})

var ended = hook(report.Rule{
	ID: "T035", Title: "A webhook that subscribes can unsubscribe", Severity: report.Warning,
	Rationale: "A subscription that nobody ends goes on calling an address that is gone, and counts against the vendor's limits.",
	Fix:       "add unsubscribe: the action that ends what subscribe began",
	Origin:    "Zapier D005",
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if t.Webhook.Subscribe != "" && t.Webhook.Unsubscribe == "" {
		return "/subscribe", t.Webhook.Subscribe + " has nothing that ends it"
	}
	return "", ""
})

var caught = hook(report.Rule{
	ID: "T036", Title: "A webhook has a poll that finds what it missed", Severity: report.Note,
	Rationale: "Vendors give up on calls that are not answered. What was missed while nobody listened is found only by asking.",
	Fix:       "add a poll trigger of the same events, and name it in fallback",
}, func(_ *manifest.Manifest, t manifest.Trigger) (string, string) {
	if t.Webhook.Fallback == "" && t.Webhook.Signature.Scheme != "none" {
		return "", "no fallback"
	}
	return "", ""
})

var matched = hook(report.Rule{
	ID: "T037", Title: "A webhook and its fallback identify events by the same fields", Severity: report.Error,
	Rationale: "An event that is found in both ways is known to be one only if both know it by the same fields.",
	Fix:       "give both triggers the same dedupe",
}, func(m *manifest.Manifest, t manifest.Trigger) (string, string) {
	other, ok := m.Trigger(t.Webhook.Fallback)
	if ok && !slices.Equal(sorted(t.Dedupe), sorted(other.Dedupe)) {
		return "/fallback", "dedupe is " + strings.Join(t.Dedupe, ", ") + "; that of " + other.Name + " is " + strings.Join(other.Dedupe, ", ")
	}
	return "", ""
})

var written = hook(report.Rule{
	ID: "T038", Title: "What subscribes, renews and unsubscribes a webhook is an action that writes", Severity: report.Error,
	Rationale: "A subscription is something new at the vendor. An action that changes nothing cannot make one.",
	Fix:       "name the action that makes the subscription; take read_only away from it",
}, func(m *manifest.Manifest, t manifest.Trigger) (string, string) {
	for _, u := range []struct{ key, name string }{{"/subscribe", t.Webhook.Subscribe}, {"/renew", t.Webhook.Renew}, {"/unsubscribe", t.Webhook.Unsubscribe}} {
		if a, ok := m.Action(u.name); ok && a.ReadOnly {
			return u.key, u.name + " is read_only"
		}
	}
	return "", ""
})

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}
