// Package triggers has the rules of family T: polls and webhooks that lose nothing and repeat nothing.
package triggers

import "patchbay/testkit/internal/rule"

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return []rule.Rule{
		identified, scalar, paced, begun,
		continued, unordered, simultaneous, late, deleted, repeated, quiet, forward, distinct, versions, small, reading, broken, placed, complete,
		signed, strong, timed, fresh, unrepeated, ended, caught, matched, written,
	}
}
