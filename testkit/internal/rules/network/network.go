// Package network has the rules of family N: what a connector may reach, and whether it needs to.
package network

import (
	"slices"

	"patchbay/testkit/internal/rule"
)

// Rules are the rules of this family.
func Rules() []rule.Rule {
	return slices.Concat(needed, narrow, asked, hosts, addresses, sent, methods, whose, []rule.Rule{tenant})
}
