// Command mute is a guest whose registration fails: it cannot say what it has code for.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	for range 2 {
		sdk.Action(c, "nothing", func(*sdk.Call, struct{}) (struct{}, error) { return struct{}{}, nil })
	}
	return c
}
