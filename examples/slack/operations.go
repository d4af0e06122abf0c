package main

import (
	"encoding/json"
	"net/url"
)

type postInput struct {
	Channel string `json:"channel"`
	Text    string `json:"text"`
	Thread  string `json:"thread"`
}

func postMessage(a api, env envelope) (map[string]any, error) {
	var in postInput
	if err := json.Unmarshal(env.Input, &in); err != nil {
		return nil, faultf("invalid_input", "read the input: %v", err)
	}
	body := map[string]string{"channel": in.Channel, "text": in.Text}
	if in.Thread != "" {
		body["thread_ts"] = in.Thread
	}
	var posted struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	if err := a.call("chat.postMessage", nil, body, &posted); err != nil {
		return nil, err
	}
	if posted.TS == "" || posted.Channel == "" {
		return nil, faultf("in_doubt", "Slack's answer has no message in it; look into the channel before you post again")
	}
	return done(map[string]string{"id": posted.TS, "channel": posted.Channel}), nil
}

type channel struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Joined bool   `json:"joined"`
}

// listChannels turns a page by Slack's cursor, which is empty on the last one.
func listChannels(a api, env envelope) (map[string]any, error) {
	query := url.Values{"exclude_archived": {"true"}, "limit": {"200"}, "types": {"public_channel"}}
	before := ""
	if len(env.Cursor) > 0 {
		if err := json.Unmarshal(env.Cursor, &before); err != nil {
			return nil, faultf("internal", "read the cursor: %v", err)
		}
	}
	if before != "" {
		query.Set("cursor", before)
	}
	var list struct {
		Channels []struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			IsMember bool   `json:"is_member"`
		} `json:"channels"`
		Metadata struct {
			NextCursor string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	if err := a.call("conversations.list", query, nil, &list); err != nil {
		return nil, err
	}
	items := []channel{}
	for _, c := range list.Channels {
		items = append(items, channel{c.ID, c.Name, c.IsMember})
	}
	page := map[string]any{"status": "page", "items": items}
	if next := list.Metadata.NextCursor; next != "" && next != before { // the same again would never end
		page["cursor"] = next
	}
	return page, nil
}

func identify(a api, _ envelope) (map[string]any, error) {
	var me struct {
		Team string `json:"team"`
		User string `json:"user"`
	}
	if err := a.call("auth.test", nil, struct{}{}, &me); err != nil {
		return nil, err
	}
	if me.Team == "" {
		return nil, faultf("unavailable", "Slack's answer does not say whose token it is; try again later")
	}
	return done(map[string]string{"team": me.Team, "user": me.User}), nil
}

func done(output any) map[string]any { return map[string]any{"status": "done", "output": output} }
