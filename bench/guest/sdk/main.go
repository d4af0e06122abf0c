//go:build wasip1

// Command sdk is a guest as a connector's author writes it.
package main

import (
	"patchbay/host/bench/work"
	"patchbay/sdk"
)

func main() {}

func init() {
	c := sdk.New()
	sdk.Action(c, "work", createInvoice)
	sdk.Serve(c)
}

func createInvoice(call *sdk.Call, order work.Order) (work.Summary, error) {
	resp, err := call.HTTP("api").Post(work.Path, sdk.JSON(work.NewDraft(order)))
	if err != nil {
		return work.Summary{}, err
	}
	if !resp.OK() {
		return work.Summary{}, resp.Fault()
	}
	var invoice work.Invoice
	if err := resp.JSON(&invoice); err != nil {
		return work.Summary{}, err
	}
	return work.Summarise(invoice), nil
}
