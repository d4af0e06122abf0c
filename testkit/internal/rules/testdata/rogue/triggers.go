package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"patchbay/sdk"
)

func init() { misdeeds = append(misdeeds, polls) }

type change struct {
	ID        string `json:"id"`
	Subject   string `json:"subject,omitempty"`
	Queue     string `json:"queue,omitempty"`
	Version   int64  `json:"version"`
	ChangedAt string `json:"changed_at,omitempty"`
}

// changes reads what has changed since, and the page after it if there is one.
func changes(c *sdk.Call, in ofQueue, since string, page int) (list []change, next int, err error) {
	q := url.Values{}
	for name, v := range map[string]string{"queue": in.Queue, "changed_since": since} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if page > 1 {
		q.Set("page", fmt.Sprint(page))
	}
	var found struct {
		Tickets []change `json:"tickets"`
		Next    int      `json:"next"`
	}
	resp, err := c.HTTP("api").Get("/tickets", q)
	if err != nil {
		return nil, 0, err
	}
	if !resp.OK() {
		return nil, 0, resp.Fault()
	}
	err = resp.JSON(&found)
	return found.Tickets, found.Next, err
}

// since registers a trigger whose cursor is a time. pick makes of the changes the events and the next cursor.
func since(c *sdk.Connector, name string, pick func(since string, list []change) ([]change, string)) {
	sdk.Trigger(c, name, func(c *sdk.Call, in ofQueue) (sdk.Page[change], error) {
		var at string
		if _, err := c.Cursor(&at); err != nil {
			return sdk.Page[change]{}, err
		}
		list, _, err := changes(c, in, at, 1)
		if err != nil {
			return sdk.Page[change]{}, err
		}
		events, next := pick(at, list)
		return sdk.Page[change]{Items: events, Cursor: next}, nil
	})
}

func last(since string, list []change) string {
	for _, t := range list {
		since = max(since, t.ChangedAt)
	}
	return since
}

func polls(c *sdk.Connector) {
	since(c, "changed_in_order", func(since string, list []change) (events []change, _ string) {
		for _, t := range list {
			if t.ChangedAt < last("", events) {
				break
			}
			events = append(events, t)
		}
		return events, last(since, events)
	})
	since(c, "changed_by_time", func(since string, list []change) (events []change, _ string) {
		for i, t := range list {
			if i+1 == len(list) || list[i+1].ChangedAt != t.ChangedAt {
				events = append(events, t)
			}
		}
		return events, last(since, list)
	})
	since(c, "changed_after", func(since string, list []change) (events []change, _ string) {
		for _, t := range list {
			if t.ChangedAt > since {
				events = append(events, t)
			}
		}
		return events, last(since, list)
	})
	since(c, "changed_second_after", func(since string, list []change) ([]change, string) {
		at, _ := time.Parse(time.RFC3339, last("", list))
		return list, max(since, at.Add(time.Second).Format(time.RFC3339))
	})
	since(c, "changed_by_place", func(since string, list []change) ([]change, string) {
		for i := range list {
			list[i].Version = int64(i)
		}
		return list, last(since, list)
	})
	since(c, "changed_by_chance", func(since string, list []change) ([]change, string) {
		for i := range list {
			list[i].Version = rand.Int64N(1 << 40)
		}
		return list, last(since, list)
	})
	since(c, "changed_or_anew", func(_ string, list []change) ([]change, string) { return list, last("", list) })
	since(c, "changed_some", func(since string, list []change) ([]change, string) {
		return list[:min(len(list), 20)], last(since, list)
	})
	sdk.Trigger(c, "changed_ever", func(c *sdk.Call, in ofQueue) (sdk.Page[change], error) {
		list, _, err := changes(c, in, "", 1)
		return sdk.Page[change]{Items: list, Cursor: last("", list)}, err
	})
	sdk.Trigger(c, "changed_without_cursor", func(c *sdk.Call, in ofQueue) (sdk.Page[change], error) {
		list, _, err := changes(c, in, "", 1)
		return sdk.Page[change]{Items: list}, err
	})
	sdk.Trigger(c, "changed_remembering", changedRemembering)
	sdk.Trigger(c, "changed_and_marked", func(c *sdk.Call, in ofQueue) (sdk.Page[change], error) {
		list, _, err := changes(c, in, "", 1)
		if err == nil {
			_, err = c.HTTP("api").Post("/tickets", sdk.JSON(map[string]string{"seen": last("", list)}))
		}
		return sdk.Page[change]{Items: list, Cursor: last("", list)}, err
	})
	sdk.Trigger(c, "changed_as_far_as", func(c *sdk.Call, in ofQueue) (sdk.Page[change], error) {
		var all []change
		for page := 1; page > 0; {
			list, next, err := changes(c, in, "", page)
			if err != nil {
				break
			}
			all, page = append(all, list...), next
		}
		return sdk.Page[change]{Items: all, Cursor: last("", all)}, nil
	})
}

// changedRemembering keeps the ids of all that it has ever seen.
func changedRemembering(c *sdk.Call, in ofQueue) (sdk.Page[change], error) {
	var seen []string
	if _, err := c.Cursor(&seen); err != nil {
		return sdk.Page[change]{}, err
	}
	list, _, err := changes(c, in, "", 1)
	for _, t := range list {
		seen = append(seen, t.ID)
	}
	return sdk.Page[change]{Items: list, Cursor: seen}, err
}
