package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

type server struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

const serversPerPage = 200 // Discord's greatest, and its default

// serverList reads the page after the cursor's server. Discord lists servers by id, so a full page has another behind it.
func (c *client) serverList(struct{}) (sdk.Page[server], error) {
	var after string
	if _, err := c.call.Cursor(&after); err != nil {
		return sdk.Page[server]{}, err
	}
	query := url.Values{"limit": {strconv.Itoa(serversPerPage)}}
	if after != "" {
		query.Set("after", after)
	}
	var p sdk.Page[server]
	if err := c.get("/users/@me/guilds", query, &p.Items); err != nil {
		return sdk.Page[server]{}, err
	}
	last := after
	for _, s := range p.Items {
		last = later(last, s.ID)
	}
	if len(p.Items) >= serversPerPage && last != after {
		p.Cursor = last
	}
	return p, nil
}

const textChannel = 0 // the type of channels that hold messages; others are for voices, or groups of channels

func (c *client) channelOptions(struct{}) (sdk.Page[sdk.Option], error) {
	var channels []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Type int    `json:"type"`
	}
	if err := c.get(sdk.Path("guilds", c.call.Field("server"), "channels"), nil, &channels); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	var p sdk.Page[sdk.Option]
	for _, ch := range channels {
		if ch.Type == textChannel {
			p.Items = append(p.Items, sdk.Option{Value: ch.ID, Label: "#" + ch.Name})
		}
	}
	return p, nil
}
