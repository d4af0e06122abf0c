// Command silent is a connector that neither sends requests nor logs, so its module must not import either.
package main

import "patchbay/sdk"

func init() {
	c := sdk.New()
	sdk.Action(c, "double", func(_ *sdk.Call, n int) (int, error) { return 2 * n, nil })
	sdk.Serve(c)
}

func main() {}
