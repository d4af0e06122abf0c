package limits

import (
	"context"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// wanted are the rules about limits that are asked for.
var wanted = []rule.Rule{needed, telling, patient, hasty, cramped}

var needed = rule.Rule{
	Rule: report.Rule{
		ID: "L010", Title: "No more is asked for than the cases need", Severity: report.Warning,
		Rationale: "More than the default takes an admin's consent, for every connection of every installation.",
		Fix:       "remove the limit, or add a case that comes near the default",
	},
	Check: func(ctx context.Context, s *rule.Subject, found rule.Found) error {
		for _, m := range all {
			normal := m.limit(abi.Limits{}.WithDefaults())
			most := int64(0)
			for _, u := range uses(ctx, s, m) {
				most = max(most, u.most)
				if wants := m.asked(ownLimits(s, u.op)); wants > normal && 2*u.most < normal {
					found(u.op.Place+"/limits/"+m.name, "%s asks for %s, more than the default of %s; its cases use at most %s", u.op.Title, m.say(wants), m.say(normal), m.say(u.most))
				}
			}
			if wants := m.asked(s.Manifest.Limits); wants > normal && 2*most < normal && len(s.Cases) > 0 {
				found("/limits/"+m.name, "the connector asks for %s, more than the default of %s; its cases use at most %s", m.say(wants), m.say(normal), m.say(most))
			}
		}
		return nil
	},
}

// ownLimits are what an operation itself asks for.
func ownLimits(s *rule.Subject, op rule.Operation) manifest.Limits {
	switch op.Kind {
	case abi.KindAction:
		a, _ := s.Manifest.Action(op.Name)
		return a.Limits
	case abi.KindTrigger:
		t, _ := s.Manifest.Trigger(op.Name)
		return t.Limits
	}
	return manifest.Limits{}
}

var telling = rule.Look(report.Rule{
	ID: "L011", Title: "A limit that is written down differs from the default", Severity: report.Note,
	Rationale: "Whoever reads a limit looks for the reason; and the default may grow.",
	Fix:       "remove it",
}, func(s *rule.Subject, found rule.Found) {
	eachLimits(s, func(place string, l manifest.Limits) {
		for _, m := range all {
			if n := m.asked(l); n != 0 && n == m.limit(abi.Limits{}.WithDefaults()) {
				found(place+"/limits/"+m.name, "%s is the default", m.say(n))
			}
		}
	})
})

var patient = rule.Look(report.Rule{
	ID: "L020", Title: "A call does without more time than the default", Severity: report.Note,
	Rationale: "Somebody waits for it. What takes longer than half a minute is better begun, and asked for later.",
	Fix:       "answer with a pending result, or page by page",
}, func(s *rule.Subject, found rule.Found) {
	eachLimits(s, func(place string, l manifest.Limits) {
		if wall := time.Duration(l.Wall); wall > (abi.Limits{}).WithDefaults().Wall {
			found(place+"/limits/wall", "%v are asked for; the default is %v", wall, (abi.Limits{}).WithDefaults().Wall)
		}
	})
})

var hasty = rule.Look(report.Rule{
	ID: "L021", Title: "A call has time for a vendor that is slow today", Severity: report.Warning,
	Rationale: "A vendor that answers in half a second takes five on a bad day. A call that gives up may have been done all the same.",
	Fix:       "give it 5s at least, or leave wall out",
}, func(s *rule.Subject, found rule.Found) {
	eachLimits(s, func(place string, l manifest.Limits) {
		if wall := time.Duration(l.Wall); wall > 0 && wall < 5*time.Second && len(s.Manifest.HTTP) > 0 {
			found(place+"/limits/wall", "%v for a call that asks a vendor", wall)
		}
	})
})

var cramped = rule.Look(report.Rule{
	ID: "L032", Title: "A call has room for more than the cases show", Severity: report.Note,
	Rationale: "What was recorded is small. A page of a real account has a hundred times as many records, and is refused for its size.",
	Fix:       "leave response_body and output out, or allow 64KiB at least",
}, func(s *rule.Subject, found rule.Found) {
	eachLimits(s, func(place string, l manifest.Limits) {
		for _, m := range []struct {
			name string
			n    manifest.Bytes
		}{{"response_body", l.ResponseBody}, {"output", l.Output}} {
			if m.n > 0 && m.n < 64<<10 && len(s.Manifest.HTTP) > 0 {
				found(place+"/limits/"+m.name, "%v for what a vendor answers", m.n)
			}
		}
	})
})

// eachLimits looks at the limits of the connector and of each operation that has its own.
func eachLimits(s *rule.Subject, look func(place string, l manifest.Limits)) {
	look("", s.Manifest.Limits)
	for _, op := range s.Operations() {
		look(op.Place, ownLimits(s, op))
	}
}
