package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patchbay/sdk"
)

func init() { misdeeds = append(misdeeds, paging, texts, repeating) }

type tickets struct {
	Tickets []map[string]any `json:"tickets"`
	Next    int              `json:"next"`
}

type ofQueue struct {
	Queue string `json:"queue"`
	Size  int    `json:"page_size"`
}

// ask reads the page of that number.
func ask(c *sdk.Call, in ofQueue, page int) (tickets, error) {
	q := url.Values{"page": {strconv.Itoa(page)}}
	if in.Queue != "" {
		q.Set("queue", in.Queue)
	}
	var found tickets
	resp, err := c.HTTP("api").Get("/tickets", q)
	if err != nil {
		return found, err
	}
	if !resp.OK() {
		return found, resp.Fault()
	}
	return found, resp.JSON(&found)
}

// paged registers an action of pages; turn makes of the number that the cursor says a page and the next number.
func paged(c *sdk.Connector, name string, turn func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error)) {
	sdk.PagedAction(c, name, func(c *sdk.Call, in ofQueue) (sdk.Page[map[string]any], error) {
		page := 1
		if _, err := c.Cursor(&page); err != nil {
			return sdk.Page[map[string]any]{}, err
		}
		items, next, err := turn(c, in, page)
		p := sdk.Page[map[string]any]{Items: items}
		if next > 0 {
			p.Cursor = next
		}
		return p, err
	})
}

func paging(c *sdk.Connector) {
	paged(c, "list_in_circles", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		return found.Tickets, found.Next, err
	})
	paged(c, "list_first_page", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, 1)
		return found.Tickets, found.Next, err
	})
	paged(c, "list_every_other_page", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		return found.Tickets, min(found.Next, 1) * (page + 2), err
	})
	paged(c, "list_or_fail", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		if err == nil && len(found.Tickets) == 0 {
			err = sdk.Faultf(sdk.NotFound, "there are no tickets")
		}
		return found.Tickets, found.Next, err
	})
	paged(c, "list_all_but_one", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		found, err := ask(c, in, page)
		return found.Tickets[:max(0, len(found.Tickets)-1)], 0, err
	})
	paged(c, "list_all_there_are", func(c *sdk.Call, in ofQueue, page int) (all []map[string]any, _ int, err error) {
		for next := 1; next > 0; page++ {
			found, err := ask(c, in, page)
			if err != nil {
				return nil, 0, err
			}
			all, next = append(all, found.Tickets...), found.Next
		}
		return all, 0, nil
	})
	sdk.Options(c, "queues_without_values", func(c *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
		return sdk.Page[sdk.Option]{Items: []sdk.Option{{Value: "", Label: "Repairs"}}}, nil
	})
	sdk.Schema(c, "fields_list", func(c *sdk.Call, _ struct{}) (any, error) {
		return map[string]any{"type": "array"}, read(c, "/fields", &struct{}{})
	})
	sdk.Schema(c, "fields_broken", func(c *sdk.Call, _ struct{}) (any, error) {
		return map[string]any{"type": "objekt"}, read(c, "/fields", &struct{}{})
	})
}

type newTicket struct {
	Subject string         `json:"subject"`
	Queue   string         `json:"queue"`
	Number  any            `json:"number,omitempty"`
	Fields  map[string]any `json:"fields,omitempty"`
}

type byID struct {
	ID string `json:"id"`
}

// file registers an action that files a ticket with the request that it makes.
func file(c *sdk.Connector, name string, request func(in newTicket) (*sdk.Request, error)) {
	sdk.Action(c, name, func(c *sdk.Call, in newTicket) (byID, error) {
		var made byID
		r, err := request(in)
		if err != nil {
			return made, err
		}
		resp, err := c.HTTP("api").Do(r)
		if err != nil {
			return made, err
		}
		if !resp.OK() {
			return made, resp.Fault()
		}
		return made, resp.JSON(&made)
	})
}

func post(body sdk.Body) *sdk.Request {
	return &sdk.Request{Method: "POST", Path: "/tickets", Body: body}
}

func texts(c *sdk.Connector) {
	file(c, "file_and_panic", func(in newTicket) (*sdk.Request, error) {
		_ = in.Subject[5]
		return post(sdk.JSON(in)), nil
	})
	file(c, "file_or_give_up", func(in newTicket) (*sdk.Request, error) {
		if strings.ContainsAny(in.Subject, "\n\r") {
			return nil, fmt.Errorf("unexpected line feed")
		}
		return post(sdk.JSON(in)), nil
	})
	file(c, "file_or_refuse", func(in newTicket) (*sdk.Request, error) {
		if strings.TrimSpace(in.Subject) == "" || strings.ContainsRune(in.Subject, '\n') {
			return nil, sdk.Faultf(sdk.InvalidInput, "a subject is one line")
		}
		return post(sdk.JSON(in)), nil
	})
	file(c, "file_joined", func(in newTicket) (*sdk.Request, error) {
		return post(sdk.Body{ContentType: "application/json", Bytes: []byte(`{"subject": "` + in.Subject + `", "queue": "` + in.Queue + `"}`)}), nil
	})
	file(c, "file_by_query", func(in newTicket) (*sdk.Request, error) {
		r := post(sdk.JSON(in))
		r.Path, r.URL = "", "https://acme.desk.example/api/v2/tickets?queue="+strings.ReplaceAll(in.Queue, " ", "+")
		return r, nil
	})
	file(c, "file_in_path", func(in newTicket) (*sdk.Request, error) {
		r := post(sdk.JSON(in))
		r.Path = "/tickets/" + strings.ReplaceAll(in.Queue, " ", "-")
		return r, nil
	})
	file(c, "file_rounded", func(in newTicket) (*sdk.Request, error) {
		if n, ok := in.Number.(json.Number); ok {
			in.Number, _ = n.Float64()
		}
		return post(sdk.JSON(in)), nil
	})
	paged(c, "list_twenty", func(c *sdk.Call, in ofQueue, page int) ([]map[string]any, int, error) {
		if in.Size == 0 {
			in.Size = 20
		}
		var found tickets
		resp, err := c.HTTP("api").Get("/tickets", url.Values{"per_page": {strconv.Itoa(in.Size)}})
		if err != nil {
			return nil, 0, err
		}
		return found.Tickets, 0, resp.JSON(&found)
	})
}

func repeating(c *sdk.Connector) {
	file(c, "file_with_own_key", func(in newTicket) (*sdk.Request, error) {
		r := post(sdk.JSON(in))
		r.Header = sdk.Header{"Idempotency-Key": {"always-the-same"}}
		return r, nil
	})
	file(c, "file_by_chance", func(in newTicket) (*sdk.Request, error) {
		in.Number = rand.Uint32()
		return post(sdk.JSON(in)), nil
	})
	file(c, "file_by_clock", func(in newTicket) (*sdk.Request, error) {
		in.Number = time.Now().Unix()
		return post(sdk.JSON(in)), nil
	})
}
