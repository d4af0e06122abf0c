package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"patchbay/sdk"
)

// client speaks Tallyfy's dialect over the grant "api": its header, envelopes, pages and errors.
type client struct {
	http         *sdk.Client
	organization string
}

func connect(call *sdk.Call) client {
	h := call.HTTP("api")
	h.Header.Set("Accept", "application/json")
	h.Header.Set("X-Tallyfy-Client", "APIClient") // without it every call is refused
	return client{http: h, organization: call.Field("organization")}
}

// path is a path below the connected organization.
func (c client) path(segments ...string) string {
	return sdk.Path(append([]string{"organizations", c.organization}, segments...)...)
}

// get reads the one object at path.
func get[T any](c client, path string, query url.Values) (T, error) {
	return send[T](c, &sdk.Request{Path: path, Query: query}, pointerTo)
}

// post sends body to path and reads the object that comes back. at names the input field that one of the
// vendor's comes from, see [pointerTo].
func post[T any](c client, path string, body any, at func(string) string) (T, error) {
	return send[T](c, &sdk.Request{Method: "POST", Path: path, Body: sdk.JSON(body)}, at)
}

func send[T any](c client, r *sdk.Request, at func(string) string) (T, error) {
	var envelope single[T]
	resp, err := c.http.Do(r)
	if err != nil {
		return envelope.Data, err
	}
	if !resp.OK() {
		return envelope.Data, fault(resp, at)
	}
	if len(resp.Body) == 0 && r.Method == "POST" { // done, though not a word is said of it
		return envelope.Data, nil
	}
	err = resp.JSON(&envelope)
	return envelope.Data, err
}

// single is the answer with one object.
type single[T any] struct {
	Data T `json:"data"`
}

// listing is one page of a list.
type listing[T any] struct {
	Data []T `json:"data"`
	Meta struct {
		Pagination pagination `json:"pagination"`
	} `json:"meta"`

	number int // of the page that was asked for
}

// read reads a page. One without its list is not the last of an empty list.
func (l *listing[T]) read(resp *sdk.Response) error {
	err := resp.JSON(l)
	if err == nil && l.Data == nil {
		err = sdk.Faultf(sdk.Internal, "Tallyfy's list has no /data")
	}
	return err
}

// next is the cursor of the page that follows, nil after the last. It counts from what was asked for: an answer that
// says it is another page would lead in a circle.
func (l listing[T]) next() any {
	if l.number < l.Meta.Pagination.TotalPages {
		return l.number + 1
	}
	return nil
}

// list reads the page that the call's cursor names, the first without one.
func list[T any](call *sdk.Call, c client, path string, query url.Values, size int) (listing[T], error) {
	page := listing[T]{number: 1}
	if _, err := call.Cursor(&page.number); err != nil {
		return page, err
	}
	if size == 0 {
		size = 50
	}
	query.Set("page", strconv.Itoa(page.number))
	query.Set("per_page", strconv.Itoa(size))
	resp, err := c.http.Get(path, query)
	if err != nil {
		return page, err
	}
	if !resp.OK() {
		return page, fault(resp, pointerTo)
	}
	err = page.read(resp)
	return page, err
}

// all reads every page of a list.
func all[T any](c client, path string, query url.Values) ([]T, error) {
	var items []T
	number := 0
	more := func(resp *sdk.Response) (bool, error) {
		number++
		page := listing[T]{number: number}
		err := page.read(resp)
		items = append(items, page.Data...)
		return page.next() != nil, err
	}
	for resp, err := range c.http.Pages(&sdk.Request{Path: path, Query: query}, sdk.ByPage("page", more)) {
		switch {
		case resp != nil && !resp.OK():
			return nil, fault(resp, pointerTo)
		case err != nil:
			return nil, err
		}
	}
	return items, nil
}

// fault says what an error response means. The pointers that at finds lead to the input.
func fault(resp *sdk.Response, at func(string) string) *sdk.Fault {
	f := resp.Fault()
	e := parseError(resp.Body)
	f.Message = fmt.Sprintf("Tallyfy answered %d", resp.Status)
	if text := e.text(); text != "" {
		f.Message += ": " + text
	}
	switch resp.Status {
	case 401:
		f.Message += ". The token may have expired or ended when its user logged out of Tallyfy: connect with a new one from Settings > Integrations > REST API"
	case 404:
		if e.Code == "ENDPOINT_NOT_FOUND" {
			f.Message += ". The API host does not serve this path: check the connection's host"
		}
	}
	f.Details, _ = json.Marshal(map[string]any{"status": resp.Status, "code": e.Code, "request_id": resp.Header.Get("X-Request-Id")})
	for _, name := range slices.Sorted(maps.Keys(e.Problems)) {
		if pointer := at(name); pointer != "" {
			return f.At(pointer)
		}
	}
	return f
}

// pointerTo is the JSON pointer of the input field that a vendor's field comes from, "" when there is none.
// Nested fields come with dots: owners.users.0.
func pointerTo(name string) string {
	name, _, _ = strings.Cut(name, ".")
	switch name {
	case "checklist_id":
		return "/blueprint_id"
	case "run_id":
		return "/process_id"
	case "owners":
		return "/assignees"
	case "name", "summary", "owner_id", "title", "description", "deadline", "started_at", "task_type", "task_id", "is_approved", "content":
		return "/" + name
	}
	return ""
}
