package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"time"

	"patchbay/sdk"
)

func init() { misdeeds = append(misdeeds, givenAway, times, keyed, ended) }

type order struct {
	Subject  string            `json:"subject"`
	Queue    string            `json:"queue"`
	OwnerID  string            `json:"owner_id,omitempty"`
	Due      string            `json:"due,omitempty"`
	Priority *int              `json:"priority,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
}

// place registers an action that files a ticket after change has had its way with it, by a call that says more of it.
func place(c *sdk.Connector, name string, change func(c *sdk.Call, in *order, h sdk.Header) error) {
	sdk.Action(c, name, func(c *sdk.Call, in order) (byID, error) {
		var made byID
		h := sdk.Header{}
		if err := change(c, &in, h); err != nil {
			return made, err
		}
		resp, err := c.HTTP("api").Do(&sdk.Request{Method: "POST", Path: "/tickets", Header: h, Body: sdk.JSON(in)})
		if err != nil {
			return made, err
		}
		if !resp.OK() {
			return made, resp.Fault()
		}
		return made, resp.JSON(&made)
	})
}

func givenAway(c *sdk.Connector) {
	place(c, "file_for_author", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		in.OwnerID = "48213"
		return nil
	})
	place(c, "file_by_digest", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		in.OwnerID = fmt.Sprintf("%x", sha256.Sum256([]byte(in.Subject)))[:24]
		return nil
	})
	place(c, "file_beginning", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		in.Subject = in.Subject[:min(len(in.Subject), 60)]
		return nil
	})
	place(c, "file_if_short", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		if len(in.Subject) > 60 {
			return sdk.Faultf(sdk.InvalidInput, "a subject has at most 60 characters").At("/subject")
		}
		return nil
	})
	place(c, "file_nothing", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		if in.Priority == nil {
			in.Priority = new(int)
		}
		return nil
	})
	place(c, "file_any_field", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		for name := range in.Fields {
			return sdk.Faultf(sdk.InvalidInput, "there is no field %s", name).At("/fields")
		}
		return nil
	})
	place(c, "file_first_field", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		for _, name := range slices.Sorted(maps.Keys(in.Fields)) {
			return sdk.Faultf(sdk.InvalidInput, "there is no field %s", name).At("/fields")
		}
		return nil
	})
	sdk.Schema(c, "fields_or_null", func(c *sdk.Call, _ struct{}) (any, error) {
		var found struct {
			Fields []struct{ Name string }
		}
		var required []string
		properties := map[string]any{}
		err := read(c, "/fields", &found)
		for _, f := range found.Fields {
			properties[f.Name], required = map[string]any{"type": "string"}, append(required, f.Name)
		}
		return map[string]any{"type": "object", "properties": properties, "required": required}, err
	})
}

func times(c *sdk.Connector) {
	place(c, "file_by_clock_alone", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		if at, err := time.Parse(time.RFC3339, in.Due); err == nil {
			in.Due = at.Format(time.DateTime)
		}
		return nil
	})
	place(c, "file_in_utc", func(_ *sdk.Call, in *order, _ sdk.Header) error {
		if at, err := time.Parse(time.RFC3339, in.Due); err == nil {
			in.Due = at.UTC().Format(time.DateTime)
		}
		return nil
	})
	for name, layout := range map[string]string{"list_bare_times": time.DateTime, "list_clocks": "02.01.2006 15:04", "list_utc": "2006-01-02T15:04:05Z"} {
		paged(c, name, func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
			found, err := ask(c, in, page)
			for _, t := range found.Tickets {
				text, _ := t["changed_at"].(string)
				at, err := time.Parse(time.RFC3339, text)
				if name == "list_utc" {
					at = at.UTC()
				}
				if err == nil {
					t["changed_at"] = at.Format(layout)
				}
			}
			return found.Tickets, found.Next, err
		})
	}
}

// session is drawn when the guest starts, and so is the same in every call.
var session = strconv.FormatUint(rand.Uint64(), 36)

func keyed(c *sdk.Connector) {
	place(c, "file_with_session", func(_ *sdk.Call, _ *order, h sdk.Header) error {
		h.Set("X-Request-Id", session)
		return nil
	})
	place(c, "file_with_queue_key", func(_ *sdk.Call, in *order, h sdk.Header) error {
		h.Set("X-Request-Id", "queue-"+in.Queue)
		return nil
	})
	place(c, "file_with_call_id", func(c *sdk.Call, _ *order, h sdk.Header) error {
		h.Set("X-Request-Id", c.ID)
		return nil
	})
	place(c, "file_with_random_key", func(_ *sdk.Call, _ *order, h sdk.Header) error {
		h.Set("X-Request-Id", strconv.FormatUint(rand.Uint64(), 36))
		return nil
	})
}

func ended(c *sdk.Connector) {
	paged(c, "list_and_stop", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		return found.Tickets, 0, err
	})
	paged(c, "list_subjects_once", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		next := found.Next
		if next <= page {
			next = 0
		}
		return slices.CompactFunc(found.Tickets, func(a, b map[string]any) bool { return a["subject"] == b["subject"] }), next, err
	})
	paged(c, "list_with_version", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		next := found.Next
		if next <= page {
			next = 0
		}
		return slices.DeleteFunc(found.Tickets, func(t map[string]any) bool { v, ok := t["version"]; return ok && v == nil }), next, err
	})
	sdk.PagedAction(c, "list_from_anywhere", func(c *sdk.Call, in ofQueue) (sdk.Page[map[string]any], error) {
		page := 1
		if _, err := c.Cursor(&page); err != nil {
			page = 1
		}
		found, err := ask(c, in, page)
		p := sdk.Page[map[string]any]{Items: found.Tickets}
		if found.Next > page {
			p.Cursor = found.Next
		}
		return p, err
	})
	sdk.Action(c, "file_at_address", func(c *sdk.Call, in struct {
		Watchers []string `json:"watchers"`
	}) (byID, error) {
		var made byID
		for _, w := range in.Watchers {
			resp, err := c.HTTP("api").Get("/contacts/"+(&url.URL{Path: w}).EscapedPath(), nil)
			if err != nil {
				return made, err
			}
			if !resp.OK() {
				return made, resp.Fault()
			}
		}
		resp, err := c.HTTP("api").Post("/tickets", sdk.JSON(in))
		if err != nil {
			return made, err
		}
		return made, resp.JSON(&made)
	})
}
