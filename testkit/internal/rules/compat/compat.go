// Package compat has the rules of family C: what changes from one version to the next.
package compat

import "patchbay/testkit/internal/rule"

// Rules are the rules of this family.
func Rules() []rule.Rule { return nil }
