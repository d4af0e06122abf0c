package main

import (
	"net/url"
	"slices"

	"patchbay/sdk"
)

type postInput struct {
	Channel string `json:"channel"`
	Content string `json:"content"`
	Nonce   string `json:"nonce"`
}

type posted struct {
	ID       string `json:"id"`
	Channel  string `json:"channel"`
	PostedAt string `json:"posted_at,omitempty"`
}

// messagePost notifies nobody: a recipe's text may hold @everyone without anybody having meant it.
func (c *client) messagePost(in postInput) (posted, error) {
	body := map[string]any{"content": in.Content, "allowed_mentions": map[string]any{"parse": []string{}}}
	if in.Nonce != "" {
		body["nonce"], body["enforce_nonce"] = in.Nonce, true
	}
	var m struct {
		ID        string `json:"id"`
		ChannelID string `json:"channel_id"`
		Timestamp string `json:"timestamp"`
	}
	if err := c.post(sdk.Path("channels", in.Channel, "messages"), body, &m); err != nil {
		return posted{}, err
	}
	if m.ID == "" {
		return posted{}, sdk.Faultf(sdk.InDoubt, "Discord's answer has no message in it; look into the channel before you post again")
	}
	return posted{m.ID, in.Channel, m.Timestamp}, nil
}

type watchInput struct {
	Channel string `json:"channel"`
}

type message struct {
	ID       string `json:"id"`
	Content  string `json:"content"`
	Author   string `json:"author,omitempty"`
	PostedAt string `json:"posted_at,omitempty"`
}

// messageNew walks up the ids of a channel's messages, a hundred a poll. The cursor is the greatest id seen; the first poll
// only finds it out. Discord answers the messages next after an id, but with the newest of them first.
func (c *client) messageNew(in watchInput) (sdk.Page[message], error) {
	last := ""
	began, err := c.call.Cursor(&last)
	if err != nil {
		return sdk.Page[message]{}, err
	}
	query := url.Values{"limit": {"1"}}
	if began {
		query = url.Values{"limit": {"100"}, "after": {last}}
	}
	found, err := c.messages(in.Channel, query)
	if err != nil {
		return sdk.Page[message]{}, err
	}
	for _, m := range found {
		last = later(last, m.ID)
	}
	if !began {
		return sdk.Page[message]{Cursor: later(last, "0")}, nil // an empty channel begins before its first message
	}
	return sdk.Page[message]{Items: found, Cursor: last}, nil
}

// messages reads messages of a channel, the oldest first.
func (c *client) messages(channel string, query url.Values) ([]message, error) {
	var raw []struct {
		message
		Timestamp string `json:"timestamp"`
		Author    user   `json:"author"`
	}
	if err := c.get(sdk.Path("channels", channel, "messages"), query, &raw); err != nil {
		return nil, err
	}
	var found []message
	for _, r := range raw {
		if r.ID == "" {
			continue
		}
		r.message.Author, r.PostedAt = r.Author.Username, r.Timestamp
		found = append(found, r.message)
	}
	slices.SortStableFunc(found, func(a, b message) int { return compare(a.ID, b.ID) })
	return found, nil
}
