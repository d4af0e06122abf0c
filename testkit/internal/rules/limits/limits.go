// Package limits has the rules of family L: what operations cost, what they ask for, and what a vendor allows.
package limits

import (
	"slices"

	"patchbay/testkit/internal/rule"
)

// Rules are the rules of this family.
func Rules() []rule.Rule { return slices.Concat(used, wanted, inputs, quotas, sizes) }
