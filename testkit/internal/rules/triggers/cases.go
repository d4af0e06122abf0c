package triggers

import (
	"patchbay/abi"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/rule"
)

// polls are the cases in which a poll trigger succeeds, by name.
func polls(s *rule.Subject, trigger string) []*cases.Case {
	var all []*cases.Case
	for _, k := range s.Cases {
		if k.Call.Kind == abi.KindTrigger && k.Call.Operation == trigger && k.Want.Fault == nil {
			all = append(all, k)
		}
	}
	return all
}

func hasCursor(k *cases.Case) bool { return len(k.Call.Cursor) > 0 && string(k.Call.Cursor) != "null" }
