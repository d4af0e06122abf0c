// Command echo is the guest that testkit's own tests run.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

type message struct {
	Text string `json:"text"`
}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "echo", echo)
	sdk.Test(c, "test", test)
	return c
}

// echo sends its input and returns the answer. It logs the answer too, and refuses what the vendor refuses.
func echo(c *sdk.Call, in message) (message, error) {
	r, err := c.HTTP("api").Post("/echo", sdk.JSON(in))
	if err != nil {
		return message{}, err
	}
	c.Log.Info("answer", "body", string(r.Body))
	if !r.OK() {
		return message{}, r.Fault().At("/text")
	}
	var out message
	return out, r.JSON(&out)
}

func test(c *sdk.Call) (any, error) {
	_, err := c.HTTP("files").Get("/hello", nil)
	return nil, err
}
