// Package resilience has the rules of family R: what an operation does when its vendor fails.
//
// The lab runs each operation through everything that can go wrong at each of its requests; a rule looks at the trials
// of some kinds. What a case shows to be meant, a missing record that is no error, say, is no finding.
package resilience

import (
	"slices"

	"patchbay/testkit/internal/rule"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat(swallowed, codes, doubts, repeats, waits, writes, messages, crashes, tolerance, madeUp, declared, shown, reached)
}
