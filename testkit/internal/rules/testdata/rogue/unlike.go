package main

import (
	"encoding/xml"
	"net/url"
	"strconv"
	"time"

	"patchbay/sdk"
)

// Operations that are in order and look unlike those of desk.
func init() { misdeeds = append(misdeeds, unlike) }

func unlike(c *sdk.Connector) {
	sdk.PagedAction(c, "list_by_token", func(c *sdk.Call, in ofQueue) (sdk.Page[map[string]any], error) {
		q := url.Values{"queue": {in.Queue}}
		var token string
		if found, err := c.Cursor(&token); err != nil {
			return sdk.Page[map[string]any]{}, err
		} else if found {
			q.Set("token", token)
		}
		var answer struct {
			Tickets []map[string]any `json:"tickets"`
			Next    string           `json:"next"`
		}
		resp, err := c.HTTP("api").Get("/tickets", q)
		if err != nil {
			return sdk.Page[map[string]any]{}, err
		}
		p := sdk.Page[map[string]any]{}
		if err = resp.JSON(&answer); answer.Next != "" {
			p.Cursor = answer.Next
		}
		p.Items = answer.Tickets
		return p, err
	})
	paged(c, "list_in_xml", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		var answer struct {
			Total   int `xml:"total,attr"`
			Tickets []struct {
				ID      string `xml:"id"`
				Subject string `xml:"subject"`
			} `xml:"ticket"`
		}
		resp, err := c.HTTP("api").Get("/tickets", url.Values{"queue": {in.Queue}, "offset": {strconv.Itoa(page - 1)}})
		if err != nil {
			return nil, 0, err
		}
		if xml.Unmarshal(resp.Body, &answer) != nil {
			return nil, 0, sdk.Faultf(sdk.Unavailable, "Desk's answer is not XML")
		}
		var items []map[string]any
		for _, t := range answer.Tickets {
			items = append(items, map[string]any{"id": t.ID, "subject": t.Subject})
		}
		next := page + len(items)
		if len(items) == 0 || next > answer.Total {
			next = 0
		}
		return items, next, nil
	})
	mutate(c, "file_by_mutation", "ticketCreate")
	mutate(c, "update_by_mutation", "ticketUpdate")
	file(c, "file_as_form", func(in newTicket) (*sdk.Request, error) {
		return post(sdk.Multipart(sdk.Part{Name: "subject", Data: []byte(in.Subject)}, sdk.Part{Name: "queue", Data: []byte(in.Queue)})), nil
	})
	file(c, "file_with_header", func(in newTicket) (*sdk.Request, error) {
		r := post(sdk.JSON(in))
		r.Header = sdk.Header{"X-Subject": {in.Subject}}
		return r, nil
	})
	sdk.Action(c, "file_later", func(c *sdk.Call, in newTicket) (byID, error) {
		var filed struct {
			byID
			State string `json:"state"`
		}
		r := post(sdk.JSON(in))
		if begun, err := c.State(&filed.ID); err != nil {
			return byID{}, err
		} else if begun {
			r = &sdk.Request{Path: sdk.Path("tickets", filed.ID)}
		}
		resp, err := c.HTTP("api").Do(r)
		if err != nil {
			return byID{}, err
		}
		if !resp.OK() {
			return byID{}, resp.Fault()
		}
		if err := resp.JSON(&filed); err != nil {
			return byID{}, err
		}
		if filed.State != "done" {
			return byID{}, sdk.Pending(filed.ID, time.Minute)
		}
		return filed.byID, nil
	})
}

// mutate registers an action that files a ticket by GraphQL.
func mutate(c *sdk.Connector, name, mutation string) {
	file(c, name, func(in newTicket) (*sdk.Request, error) {
		document := "fragment F on Ticket { id }\nmutation File($in: NewTicket!) { " + mutation + "(input: $in) { ...F } }"
		r := post(sdk.JSON(map[string]any{"query": document, "variables": map[string]any{"in": in}}))
		r.Path = "/graphql"
		return r, nil
	})
}
