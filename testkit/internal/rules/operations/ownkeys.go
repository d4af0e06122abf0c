package operations

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"patchbay/testkit/internal/lab"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var telling = rule.Rule{
	Rule: report.Rule{
		ID: "O125", Title: "A key of the guest's own tells one write from another", Severity: report.Error,
		Rationale: "A vendor takes a write with a key that it knows for a repetition, answers as before, and does nothing.",
		Fix:       "let the host make the key (idempotency: {header: …}), or make it of the call's ID; draw no random number when the guest starts",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, t := range trials(ctx, s) {
			if t.op.ReadOnly || t.base.Fault != nil {
				continue
			}
			for i, c := range t.calls {
				call := t.base.Case.Call
				call.Input = c.input
				if len(ownKeys(t.op, t.base)) == 0 || len(writesOf(c.trace)) != len(writesOf(t.base)) {
					continue
				}
				other := s.Lab.Try(ctx, lab.Try{Case: t.base.Case, Call: call, Key: fmt.Sprint("certification-", i), Chance: uint64(i) + 2})
				if seen := sameKey(t.op, t.base, other); seen != "" {
					found(t.op.Title, "with input %s and with input %s: %s", clip(t.base.Case.Call.Input), clip(c.input), seen)
					break
				}
			}
		}
		return nil
	},
}

var keyNames = regexp.MustCompile(`(?i)idempoten|client-?_?token|request-?_?id$|dedup`)

// ownKeys are the names and values in a call's first write by which a vendor knows it again, but for those of the host's.
func ownKeys(op rule.Operation, t lab.Trace) map[string]string {
	own := map[string]string{}
	writes := writesOf(t)
	if len(writes) == 0 {
		return own
	}
	for name := range writes[0].Header {
		if keyNames.MatchString(name) && name != op.IdempotencyHeader() {
			own["the header "+name] = writes[0].Header.Get(name)
		}
	}
	for name, v := range sent(writes[0]) {
		if keyNames.MatchString(name) {
			own[name] = v
		}
	}
	return own
}

// sameKey finds a key that two writes of different things have in common.
func sameKey(op rule.Operation, a, b lab.Trace) string {
	x, y := writesOf(a), writesOf(b)
	if len(x) != len(y) || len(x) == 0 || x[0].URL.String() == y[0].URL.String() && string(x[0].Body) == string(y[0].Body) {
		return ""
	}
	before, after := ownKeys(op, a), ownKeys(op, b)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if v := before[name]; v != "" && v == after[name] {
			return fmt.Sprintf("%s is %s in both", name, v)
		}
	}
	return ""
}
