// Command guest is a connector with two actions, which the tests build to weigh it and to read its imports.
package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "greet", greet)
	sdk.Action(c, "create_order", createOrder)
	return c
}

// Person is who to greet.
type Person struct {
	Name string `json:"name"`
}

// Greeting is what they hear.
type Greeting struct {
	Text string `json:"text"`
}

func greet(_ *sdk.Call, in Person) (Greeting, error) {
	if in.Name == "" {
		return Greeting{}, sdk.Faultf(sdk.InvalidInput, "there is nobody to greet").At("/name")
	}
	return Greeting{Text: "Hello, " + in.Name}, nil
}

// Order is an order of the shop.
type Order struct {
	ID    string  `json:"id,omitempty"`
	Total float64 `json:"total"`
}

func createOrder(call *sdk.Call, in Order) (Order, error) {
	resp, err := call.HTTP("api").Post("/orders", sdk.JSON(in))
	if err != nil {
		return Order{}, err
	}
	if !resp.OK() {
		return Order{}, resp.Fault()
	}
	var out Order
	if err := resp.JSON(&out); err != nil {
		return Order{}, err
	}
	call.Log.Info("order created", "order", out.ID)
	return out, nil
}
