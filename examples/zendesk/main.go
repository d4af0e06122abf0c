// Command zendesk is the guest of a connector that reads tickets. Pages are turned by the address of the next one, which
// Zendesk puts into each answer: it is the cursor as it stands, and the SDK holds it to the grant.
package main

import (
	"cmp"
	"net/url"
	"strconv"

	"patchbay/sdk"
)

func init() {
	c := sdk.New()
	sdk.PagedAction(c, "list_tickets", listTickets)
	sdk.Action(c, "get_ticket", getTicket)
	sdk.Test(c, "who_am_i", whoAmI)
	sdk.Prime[ticketsAnswer](c)
	sdk.Serve(c)
}

func main() {}

// fetch reads the answer to a request into a T.
func fetch[T any](call *sdk.Call, r sdk.Request) (answer T, err error) {
	resp, err := call.HTTP("api").Do(&r)
	switch {
	case err != nil:
		return answer, err
	case !resp.OK():
		return answer, resp.Fault()
	}
	return answer, resp.JSON(&answer)
}

type ticket struct {
	ID          int64    `json:"id"`
	Subject     string   `json:"subject,omitempty"`
	Status      string   `json:"status,omitempty"`
	Priority    string   `json:"priority,omitempty"`
	RequesterID int64    `json:"requester_id,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	UpdatedAt   string   `json:"updated_at,omitempty"`
}

type ticketsAnswer struct {
	Tickets []ticket `json:"tickets"`
	Meta    struct {
		HasMore bool `json:"has_more"`
	} `json:"meta"`
	Links struct {
		Next string `json:"next"`
	} `json:"links"`
}

type listInput struct {
	PageSize int `json:"page_size"`
}

func listTickets(call *sdk.Call, in listInput) (page sdk.Page[ticket], err error) {
	var here string
	turned, err := call.Cursor(&here)
	if err != nil {
		return page, err
	}
	request := sdk.Request{Path: "/tickets", Query: url.Values{"page[size]": {strconv.Itoa(cmp.Or(in.PageSize, 100))}}}
	if turned {
		request = sdk.Request{URL: here}
	}
	answer, err := fetch[ticketsAnswer](call, request)
	if err != nil {
		return page, err
	}
	page.Items = answer.Tickets
	if next := answer.Links.Next; answer.Meta.HasMore && next != "" && next != here {
		page.Cursor = next
	}
	return page, nil
}

type byID struct {
	ID int64 `json:"id"`
}

func getTicket(call *sdk.Call, in byID) (ticket, error) {
	type envelope struct {
		Ticket ticket `json:"ticket"`
	}
	answer, err := fetch[envelope](call, sdk.Request{Path: sdk.Path("tickets", strconv.FormatInt(in.ID, 10))})
	if err == nil && answer.Ticket.ID == 0 {
		err = sdk.Faultf(sdk.Unavailable, "Zendesk's answer has no ticket in it; try again later")
	}
	return answer.Ticket, err
}

type user struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// whoAmI names the user. To somebody who has not logged in Zendesk answers 200 with a user without an id.
func whoAmI(call *sdk.Call) (user, error) {
	type envelope struct {
		User user `json:"user"`
	}
	answer, err := fetch[envelope](call, sdk.Request{Path: "/users/me"})
	if err == nil && answer.User.ID == 0 {
		err = sdk.Faultf(sdk.Unauthorized, "Zendesk does not know who is asking; log in again")
	}
	return answer.User, err
}
