package main

import (
	"net/url"

	"patchbay/sdk"
)

// client talks to Discord for one call.
type client struct {
	call *sdk.Call
	http *sdk.Client
}

func dial(call *sdk.Call) *client { return &client{call, call.HTTP("api")} }

func (c *client) get(path string, query url.Values, out any) error {
	resp, err := c.http.Get(path, query)
	return read(resp, err, out)
}

func (c *client) post(path string, in, out any) error {
	resp, err := c.http.Post(path, sdk.JSON(in))
	return read(resp, err, out)
}

func read(resp *sdk.Response, err error, out any) error {
	if err != nil {
		return err
	}
	if !resp.OK() {
		return resp.Fault()
	}
	return resp.JSON(out)
}

type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

func (c *client) whoami() (user, error) {
	var me user
	if err := c.get("/users/@me", nil, &me); err != nil {
		return user{}, err
	}
	if me.ID == "" {
		return user{}, sdk.Faultf(sdk.Unavailable, "Discord's answer does not say who the bot is; try again later")
	}
	return me, nil
}
