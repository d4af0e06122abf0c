package sdk

import (
	"iter"
	"maps"
	"net/url"
	"strconv"
)

// MaxPages is how many pages [Client.Pages] fetches before it gives up.
const MaxPages = 10_000

// Pager makes the request for the page after a response, or nil after the last one. [ByPage], [ByOffset],
// [ByCursor], [ByLink] and [ByNextURL] make the usual ones.
type Pager func(sent *Request, got *Response) (*Request, error)

// Pages sends r, then whatever next makes of each response:
//
//	for resp, err := range api.Pages(req, sdk.ByLink("next")) {
//		if err != nil {
//			return nil, err
//		}
//		...
//	}
//
// It ends with an error, beside the response if there is one, when a request fails, when one is an
// error ([Response.OK], [Response.Fault]), when the vendor leads to a page that has been fetched already, and after
// [MaxPages] pages. r itself is not changed.
func (c *Client) Pages(r *Request, next Pager) iter.Seq2[*Response, error] {
	return func(yield func(*Response, error) bool) {
		seen := map[string]bool{}
		for req := r; req != nil; {
			resp, following, err := c.page(req, next, seen)
			if !yield(resp, err) || err != nil {
				return
			}
			req = following
		}
	}
}

// page fetches one page and makes the request for the next.
func (c *Client) page(req *Request, next Pager, seen map[string]bool) (*Response, *Request, error) {
	target, err := c.target(req)
	if err != nil {
		return nil, nil, err
	}
	key := req.Method + " " + target + "\n" + string(req.Body.Bytes)
	switch {
	case seen[key]:
		return nil, nil, Faultf(Internal, "the vendor's pages run in a circle: page %d leads to one that was fetched before", len(seen))
	case len(seen) == MaxPages:
		return nil, nil, Faultf(LimitExceeded, "more than %d pages; narrow the query", MaxPages)
	}
	seen[key] = true
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	if !resp.OK() {
		return resp, nil, resp.Fault()
	}
	following, err := next(req, resp)
	if err != nil {
		return resp, nil, err
	}
	return resp, following, nil
}

// ByPage counts up a page number in the query parameter param, from the one in the request, else from 1.
// more reports whether another page follows.
func ByPage(param string, more func(*Response) (bool, error)) Pager {
	return func(sent *Request, got *Response) (*Request, error) {
		ok, err := more(got)
		if err != nil || !ok {
			return nil, err
		}
		return sent.count(param, 1, 1)
	}
}

// ByOffset moves an offset in the query parameter param on by the number of items on each page, from the one
// in the request, else from 0. items reports how many the page has and whether another page follows; a page
// without items is always the last.
func ByOffset(param string, items func(*Response) (n int, more bool, err error)) Pager {
	return func(sent *Request, got *Response) (*Request, error) {
		n, more, err := items(got)
		if err != nil || !more || n <= 0 {
			return nil, err
		}
		return sent.count(param, 0, n)
	}
}

// ByCursor puts the cursor that next finds in each response into the query parameter param. An empty one
// means the last page.
func ByCursor(param string, next func(*Response) (string, error)) Pager {
	return func(sent *Request, got *Response) (*Request, error) {
		cursor, err := next(got)
		if err != nil || cursor == "" {
			return nil, err
		}
		return sent.with(param, cursor), nil
	}
}

// ByLink follows the Link header of that relation, usually "next".
func ByLink(rel string) Pager {
	return ByNextURL(func(r *Response) (string, error) { return r.Link(rel), nil })
}

// ByNextURL follows the URL, absolute or relative, that next finds in each response. An empty one means the
// last page. A URL that leaves the grant's base URL is a forbidden fault. The request's query is not sent
// again: the vendor's URL is taken whole.
func ByNextURL(next func(*Response) (string, error)) Pager {
	return func(sent *Request, got *Response) (*Request, error) {
		link, err := next(got)
		if err != nil || link == "" {
			return nil, err
		}
		target := got.resolve(link)
		if target == "" {
			return nil, Faultf(Internal, "%s: the link to the next page is no URL", got.what())
		}
		return &Request{Method: sent.Method, URL: target, Header: sent.Header, Body: sent.Body}, nil
	}
}

// with returns a copy of r with one query parameter set.
func (r *Request) with(param, value string) *Request {
	c := *r
	c.Query = maps.Clone(r.Query)
	if c.Query == nil {
		c.Query = url.Values{}
	}
	c.Query.Set(param, value)
	return &c
}

// count returns a copy of r with a number in the query moved on by step; first is the number when there is none.
func (r *Request) count(param string, first, step int) (*Request, error) {
	n := first
	if s := r.Query.Get(param); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			return nil, Faultf(Internal, "query parameter %s is %q, want a whole number", param, s)
		}
	}
	return r.with(param, strconv.Itoa(n+step)), nil
}
