// Command rogue is a guest whose operations all do something that they should not. A fixture with a file "guest" that
// says rogue runs it in place of the good one; its manifest then names the operations that it wants.
package main

import "patchbay/sdk"

func main() {}

// misdeeds register the operations of one file each.
var misdeeds []func(*sdk.Connector)

func connector() *sdk.Connector {
	c := sdk.New()
	for _, register := range misdeeds {
		register(c)
	}
	return c
}
