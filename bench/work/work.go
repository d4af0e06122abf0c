// Package work is what every guest and every peer of the comparison does: read an order in JSON, make an HTTP
// request of it, read the response, answer with a summary. It is compiled into guests, so that it uses nothing
// but the standard library.
package work

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync/atomic"
)

// Order is the input.
type Order struct {
	Reference string   `json:"reference"`
	Customer  Customer `json:"customer"`
	Currency  string   `json:"currency"`
	Lines     []Line   `json:"lines"`
	Tags      []string `json:"tags"`
	Note      string   `json:"note"`
}

// Customer is who ordered.
type Customer struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	VAT   string `json:"vat"`
}

// Line is one position of an order.
type Line struct {
	SKU       string `json:"sku"`
	Text      string `json:"text"`
	Quantity  int    `json:"quantity"`
	UnitPrice int64  `json:"unit_price"` // in cents
}

// Draft is the body of the request.
type Draft struct {
	Order
	Source string `json:"source"`
	Due    int    `json:"due_days"`
}

// Invoice is what the summary needs of the response's body, which has more.
type Invoice struct {
	ID       int64    `json:"id"`
	Number   string   `json:"number"`
	Status   string   `json:"status"`
	URL      string   `json:"html_url"`
	Customer Customer `json:"customer"`
	Lines    []struct {
		SKU   string `json:"sku"`
		Total int64  `json:"total"`
	} `json:"lines"`
	Tax     int64    `json:"tax"`
	Total   int64    `json:"total"`
	Tags    []string `json:"tags"`
	Created string   `json:"created_at"`
}

// Summary is the output.
type Summary struct {
	ID       int64    `json:"id"`
	Number   string   `json:"number"`
	Status   string   `json:"status"`
	URL      string   `json:"url"`
	Customer string   `json:"customer"`
	SKUs     []string `json:"skus"`
	Tax      int64    `json:"tax"`
	Total    int64    `json:"total"`
	Tags     []string `json:"tags"`
	Created  string   `json:"created_at"`
	Calls    int      `json:"calls"` // that this state has seen, this one included
}

// request and response are the heads of the frames of package abi.
type request struct {
	Method  string              `json:"method"`
	URL     string              `json:"url"`
	Headers map[string][]string `json:"headers"`
}

type response struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
}

// calls counts on in a state that is used again, and is the same in every fresh one: the summary tells which it was.
var calls atomic.Int64

// Run does the work. exchange sends a request and returns the response, each a head in JSON, a line feed, and a body.
func Run(input []byte, exchange func([]byte) ([]byte, error)) ([]byte, error) {
	var order Order
	if err := json.Unmarshal(input, &order); err != nil {
		return nil, err
	}
	frame, err := Request(order)
	if err != nil {
		return nil, err
	}
	reply, err := exchange(frame)
	if err != nil {
		return nil, err
	}
	invoice, err := Response(reply)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Summarise(invoice))
}

// NewDraft makes the request's body.
func NewDraft(order Order) Draft { return Draft{Order: order, Source: "order-import", Due: 30} }

// Request frames the request for an order.
func Request(order Order) ([]byte, error) {
	head, err := json.Marshal(request{Method: "POST", URL: URL, Headers: map[string][]string{
		"Content-Type": {"application/json"},
	}})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(NewDraft(order))
	if err != nil {
		return nil, err
	}
	return append(append(head, '\n'), body...), nil
}

// Response reads the response's frame.
func Response(frame []byte) (Invoice, error) {
	head, body, _ := bytes.Cut(frame, []byte("\n"))
	var r response
	if err := json.Unmarshal(head, &r); err != nil {
		return Invoice{}, err
	}
	if r.Status/100 != 2 {
		return Invoice{}, errors.New("the invoice was not created")
	}
	var invoice Invoice
	return invoice, json.Unmarshal(body, &invoice)
}

// Summarise makes the output and counts the call.
func Summarise(i Invoice) Summary {
	n := calls.Add(1)
	s := Summary{ID: i.ID, Number: i.Number, Status: i.Status, URL: i.URL, Customer: i.Customer.Name,
		Tax: i.Tax, Total: i.Total, Tags: i.Tags, Created: i.Created, Calls: int(n)}
	for _, line := range i.Lines {
		s.SKUs = append(s.SKUs, line.SKU)
	}
	return s
}
