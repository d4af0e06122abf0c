// Command chance is a connector that gives away random numbers.
package main

import (
	"math/rand/v2"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "draw", func(*sdk.Call, struct{}) (uint32, error) { return rand.Uint32(), nil })
	return c
}
