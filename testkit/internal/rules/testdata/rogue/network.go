package main

import "patchbay/sdk"

func init() { misdeeds = append(misdeeds, network) }

func network(c *sdk.Connector) {
	sdk.Action(c, "peek_elsewhere", asking(&sdk.Request{Path: "/admin"}))
	sdk.Action(c, "set_cookie", asking(&sdk.Request{Path: "/me", Header: sdk.Header{"Cookie": {"session=1"}}}))
	sdk.Action(c, "disguise", asking(&sdk.Request{Path: "/me", Header: sdk.Header{"User-Agent": {"Mozilla/5.0"}}}))
	sdk.Action(c, "get_with_body", asking(&sdk.Request{Path: "/me", Body: sdk.JSON(map[string]string{"only": "name"})}))
}

// asking makes one request and does not care what comes of it.
func asking(r *sdk.Request) func(*sdk.Call, struct{}) (struct{}, error) {
	return func(c *sdk.Call, _ struct{}) (struct{}, error) {
		_, _ = c.HTTP("api").Do(r)
		return struct{}{}, nil
	}
}
