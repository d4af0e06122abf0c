// Command texttools is the guest of a connector that only computes: no request, no connection, no state.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) } // a WASI reactor runs init, not main

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "make_slug", pure(makeSlug))
	sdk.Action(c, "count_text", pure(countText))
	sdk.Action(c, "fill_template", pure(fillTemplate))
	return c
}

// pure makes an action of a function that knows nothing of Patchbay.
func pure[In, Out any](f func(In) (Out, error)) func(*sdk.Call, In) (Out, error) {
	return func(_ *sdk.Call, in In) (Out, error) { return f(in) }
}
