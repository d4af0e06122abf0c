// Package resilience has the rules of family R: what an operation does when its vendor fails.
package resilience

import "patchbay/testkit/internal/rule"

// Rules are the rules of this family.
func Rules() []rule.Rule { return nil }
