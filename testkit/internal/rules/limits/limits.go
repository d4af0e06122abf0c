// Package limits has the rules of family L: what operations cost.
package limits

import "patchbay/testkit/internal/rule"

// Rules are the rules of this family.
func Rules() []rule.Rule { return nil }
