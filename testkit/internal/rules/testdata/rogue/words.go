package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"patchbay/sdk"
)

func init() { misdeeds = append(misdeeds, words) }

// words registers what does not leave texts and values as they are.
func words(c *sdk.Connector) {
	file(c, "file_by_filter", func(in newTicket) (*sdk.Request, error) {
		return post(sdk.JSON(map[string]any{"subject": in.Subject, "filter": "queue = '" + in.Queue + "'"})), nil
	})
	file(c, "file_by_escaped_filter", func(in newTicket) (*sdk.Request, error) {
		return post(sdk.JSON(map[string]any{"subject": in.Subject, "filter": "queue = '" + strings.ReplaceAll(in.Queue, "'", "''") + "'"})), nil
	})
	file(c, "file_as_xml", func(in newTicket) (*sdk.Request, error) {
		return post(sdk.Body{ContentType: "application/xml", Bytes: []byte("<ticket><subject>" + in.Subject + "</subject></ticket>")}), nil
	})
	file(c, "file_in_ascii", func(in newTicket) (*sdk.Request, error) {
		in.Subject = strings.Map(func(r rune) rune {
			if r > '~' {
				return '?'
			}
			return r
		}, in.Subject)
		return post(sdk.JSON(in)), nil
	})
	file(c, "file_escaped", func(in newTicket) (*sdk.Request, error) {
		text := ""
		for _, r := range in.Subject {
			text += fmt.Sprintf("&#%d;", r)
		}
		in.Subject = text
		return post(sdk.JSON(in)), nil
	})
	file(c, "file_what_is_not_empty", func(in newTicket) (*sdk.Request, error) {
		for name, v := range in.Fields {
			if v == nil || v == "" {
				delete(in.Fields, name)
			}
		}
		return post(sdk.JSON(in)), nil
	})
	paged(c, "list_until_one", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		if len(found.Tickets) < 2 {
			return found.Tickets, 0, err
		}
		return found.Tickets, page + 1, err
	})
	sdk.Action(c, "get_beginning", func(c *sdk.Call, in byID) (map[string]any, error) {
		ticket := map[string]any{}
		err := read(c, sdk.Path("tickets", in.ID), &ticket)
		if s, _ := ticket["subject"].(string); len(s) > 200 {
			ticket["subject"] = s[:200]
		}
		return ticket, err
	})
	sdk.Action(c, "get_shouted", func(c *sdk.Call, in byID) (map[string]any, error) {
		ticket := map[string]any{}
		err := read(c, sdk.Path("tickets", in.ID), &ticket)
		if s, _ := ticket["subject"].(string); s != "" {
			ticket["subject"] = strings.ToUpper(s)
		}
		return ticket, err
	})
	sdk.Action(c, "get_and_tell", func(c *sdk.Call, in byID) (map[string]any, error) {
		ticket := map[string]any{}
		if err := read(c, sdk.Path("tickets", in.ID), &ticket); err != nil {
			return nil, err
		}
		_, _ = c.HTTP("api").Put("/contacts/me@desk.example", sdk.JSON(ticket))
		return ticket, nil
	})
	sdk.Action(c, "file_and_repeat", func(c *sdk.Call, in newTicket) (byID, error) {
		resp, err := c.HTTP("api").Do(post(sdk.JSON(in)))
		if err != nil {
			return byID{}, err
		}
		if !resp.OK() {
			f := resp.Fault()
			sent, _ := json.Marshal(in)
			f.Message += " (" + string(sent) + ")"
			return byID{}, f
		}
		var made byID
		return made, resp.JSON(&made)
	})
}
