package cli

import (
	"fmt"
	"strings"

	"patchbay/manifest"
)

// Grants writes what a connector may reach, a line a grant, for whoever is asked to allow it.
func Grants(list []manifest.Grant) string {
	if len(list) == 0 {
		return "  none: it cannot reach the network\n"
	}
	var b strings.Builder
	for _, g := range list {
		paths := g.Paths
		if len(paths) == 0 {
			paths = []string{"/**"}
		}
		with := "with the connection's credential"
		if !g.Authenticated() {
			with = "without a credential"
		}
		fmt.Fprintf(&b, "  %s %s, %s\n", strings.Join(g.Methods, " "), Clean(g.URL), with)
		if g.Reason != "" {
			fmt.Fprintf(&b, "    why: %s\n", Clean(g.Reason))
		}
		for _, p := range paths {
			fmt.Fprintf(&b, "    %s\n", Clean(p))
		}
	}
	return b.String()
}
