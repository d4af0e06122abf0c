// Package secrets has the rules of family S: credentials that are where they must not be.
package secrets

import "patchbay/testkit/internal/rule"

// Rules are the rules of this family.
func Rules() []rule.Rule { return nil }
