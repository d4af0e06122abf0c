// Command desk is the guest of the connector in good order.
package main

import (
	"net/url"
	"strconv"

	"patchbay/sdk"
)

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.PagedAction(c, "list_tickets", listTickets)
	sdk.Action(c, "get_ticket", getTicket)
	sdk.Action(c, "file_ticket", fileTicket)
	sdk.Action(c, "save_contact", saveContact)
	sdk.Action(c, "get_terms", getTerms)
	sdk.Trigger(c, "ticket_changed", ticketChanged)
	sdk.Options(c, "queues", queues)
	sdk.Schema(c, "fields", fields)
	sdk.Test(c, "ping", ping)
	return c
}

type ticket struct {
	ID        string `json:"id"`
	Subject   string `json:"subject"`
	Queue     string `json:"queue,omitempty"`
	Version   int    `json:"version,omitempty"`
	ChangedAt string `json:"changed_at,omitempty"`
}

type listing struct {
	Tickets []ticket `json:"tickets"`
	Next    int      `json:"next"` // page, 0 after the last
}

// send makes a request and reads its answer into out.
func send(c *sdk.Call, grant string, r *sdk.Request, out any) error {
	resp, err := c.HTTP(grant).Do(r)
	if err != nil {
		return err
	}
	if !resp.OK() {
		return resp.Fault()
	}
	if err := resp.JSON(out); err != nil {
		return err
	}
	if c, ok := out.(interface{ check() error }); ok {
		return c.check()
	}
	return nil
}

// An empty id or list would be taken for one that Desk has sent.
var (
	errNoID   = sdk.Faultf(sdk.Internal, "Desk's answer has no id")
	errNoList = sdk.Faultf(sdk.Internal, "Desk's answer has no list")
)

func (t ticket) check() error {
	if t.ID == "" {
		return errNoID
	}
	return nil
}

func (b byID) check() error { return ticket{ID: b.ID}.check() }

func (l listing) check() error {
	if l.Tickets == nil {
		return errNoList
	}
	for _, t := range l.Tickets {
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

type filter struct {
	Queue string `json:"queue"`
}

func (f filter) query() url.Values {
	q := url.Values{}
	if f.Queue != "" {
		q.Set("queue", f.Queue)
	}
	return q
}

func listTickets(c *sdk.Call, in filter) (sdk.Page[ticket], error) {
	page := 1
	if _, err := c.Cursor(&page); err != nil {
		return sdk.Page[ticket]{}, err
	}
	q := in.query()
	q.Set("page", strconv.Itoa(page))
	var found listing
	if err := send(c, "api", &sdk.Request{Path: "/tickets", Query: q}, &found); err != nil {
		return sdk.Page[ticket]{}, err
	}
	p := sdk.Page[ticket]{Items: found.Tickets}
	if found.Next > page { // a vendor that leads back would never end
		p.Cursor = found.Next
	}
	return p, nil
}

type byID struct {
	ID string `json:"id"`
}

func getTicket(c *sdk.Call, in byID) (ticket, error) {
	var t ticket
	return t, send(c, "api", &sdk.Request{Path: sdk.Path("tickets", in.ID)}, &t)
}

type newTicket struct {
	Subject string            `json:"subject"`
	Queue   string            `json:"queue"`
	Fields  map[string]string `json:"fields,omitempty"`
}

func fileTicket(c *sdk.Call, in newTicket) (byID, error) {
	var t byID
	return t, send(c, "api", &sdk.Request{Method: "POST", Path: "/tickets", Body: sdk.JSON(in)}, &t)
}

type contact struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

func saveContact(c *sdk.Call, in contact) (contact, error) {
	var saved contact
	body := sdk.JSON(map[string]string{"name": in.Name})
	return saved, send(c, "api", &sdk.Request{Method: "PUT", Path: sdk.Path("contacts", in.Email), Body: body}, &saved)
}

type language struct {
	Language string `json:"language"`
}

type terms struct {
	Text string `json:"text"`
}

func getTerms(c *sdk.Call, in language) (terms, error) {
	var t terms
	return t, send(c, "files", &sdk.Request{Path: sdk.Path("terms", in.Language)}, &t)
}

// ticketChanged asks for what has changed at or after the last change seen. Changes of that very moment come again and
// are known by their id and version.
func ticketChanged(c *sdk.Call, in filter) (sdk.Page[ticket], error) {
	var since string
	if _, err := c.Cursor(&since); err != nil {
		return sdk.Page[ticket]{}, err
	}
	q := in.query()
	if since != "" {
		q.Set("changed_since", since)
	}
	var found listing
	if err := send(c, "api", &sdk.Request{Path: "/tickets", Query: q}, &found); err != nil {
		return sdk.Page[ticket]{}, err
	}
	for _, t := range found.Tickets {
		since = max(since, t.ChangedAt)
	}
	return sdk.Page[ticket]{Items: found.Tickets, Cursor: since}, nil
}

func queues(c *sdk.Call, _ struct{}) (sdk.Page[sdk.Option], error) {
	var found struct {
		Queues []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"queues"`
	}
	if err := send(c, "api", &sdk.Request{Path: "/queues"}, &found); err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	if found.Queues == nil {
		return sdk.Page[sdk.Option]{}, errNoList
	}
	var p sdk.Page[sdk.Option]
	for _, q := range found.Queues {
		if q.ID == "" {
			return sdk.Page[sdk.Option]{}, errNoID
		}
		p.Items = append(p.Items, sdk.Option{Value: q.ID, Label: q.Name})
	}
	return p, nil
}

func fields(c *sdk.Call, _ struct{}) (map[string]any, error) {
	var found struct {
		Fields []string `json:"fields"`
	}
	if err := send(c, "api", &sdk.Request{Path: "/fields"}, &found); err != nil {
		return nil, err
	}
	properties := map[string]any{}
	for _, name := range found.Fields {
		properties[name] = map[string]any{"type": "string"}
	}
	return map[string]any{"type": "object", "properties": properties}, nil
}

func ping(c *sdk.Call) (any, error) {
	var me map[string]any
	return me, send(c, "api", &sdk.Request{Path: "/me"}, &me)
}
