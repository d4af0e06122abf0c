// Command discord is the guest of a Discord bot's connector. Its operations are methods of a small client, and main.go is
// the table of them.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Test(c, "whoami", func(call *sdk.Call) (user, error) { return dial(call).whoami() })
	sdk.PagedAction(c, "server_list", with((*client).serverList))
	sdk.Action(c, "message_post", with((*client).messagePost))
	sdk.Trigger(c, "message_new", with((*client).messageNew))
	sdk.Options(c, "channels", with((*client).channelOptions))
	return c
}

// with makes a handler of a client's method.
func with[In, Out any](method func(*client, In) (Out, error)) func(*sdk.Call, In) (Out, error) {
	return func(call *sdk.Call, in In) (Out, error) { return method(dial(call), in) }
}
