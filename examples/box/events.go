package main

import (
	"encoding/json"
	"net/url"

	"patchbay/sdk"
)

type event struct {
	ID     string `json:"event_id"`
	Type   string `json:"event_type"`
	At     string `json:"created_at"`
	Source file   `json:"source"`
}

// Event is what recipes see of it.
type Event struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	At     string `json:"at"`
	FileID string `json:"file_id"`
	Name   string `json:"name"`
}

// fileEvent reads Box's stream of events on from the position that Box gave.
func fileEvent(call *sdk.Call, _ struct{}) (sdk.Page[Event], error) {
	position := json.Number("now")
	if _, err := call.Cursor(&position); err != nil {
		return sdk.Page[Event]{}, err
	}
	var got struct {
		Entries []event     `json:"entries"`
		Next    json.Number `json:"next_stream_position"`
	}
	resp, err := call.HTTP("api").Get("/events", url.Values{"stream_type": {"changes"}, "limit": {"100"}, "stream_position": {position.String()}})
	if err := read(resp, err, &got); err != nil {
		return sdk.Page[Event]{}, err
	}
	page := sdk.Page[Event]{Cursor: got.Next}
	for _, e := range got.Entries {
		if e.Source.Type == "file" {
			page.Items = append(page.Items, Event{ID: e.ID, Type: e.Type, At: e.At, FileID: e.Source.ID, Name: e.Source.Name})
		}
	}
	return page, nil
}
