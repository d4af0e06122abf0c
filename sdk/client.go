package sdk

import (
	"maps"
	"net/url"
	"strings"

	"patchbay/abi"
)

// Client sends HTTP requests under one http grant of the manifest. The host attaches the connection's
// credential, keeps the vendor's quota, and repeats what may be repeated; a guest does none of it.
//
// An HTTP status is never an error by itself: a method returns an error only when there is no response,
// and that error is a [*Fault].
type Client struct {
	// Header is sent with every request, beneath the request's own.
	Header Header

	grant string
	base  string // base URL of the grant, no slash at its end
	host  Host
}

// Request is an HTTP request. Set one of Path and URL.
type Request struct {
	Method string // empty: GET
	Path   string // escaped path below the grant's base URL, from its slash on, best made with [Path]
	URL    string // absolute URL under the grant's base URL, such as a link in a response; its query is kept
	Query  url.Values
	Header Header
	Body   Body
}

// Get sends a GET request. query may be nil.
func (c *Client) Get(path string, query url.Values) (*Response, error) {
	return c.Do(&Request{Method: "GET", Path: path, Query: query})
}

// Post sends a POST request.
func (c *Client) Post(path string, body Body) (*Response, error) {
	return c.Do(&Request{Method: "POST", Path: path, Body: body})
}

// Put sends a PUT request.
func (c *Client) Put(path string, body Body) (*Response, error) {
	return c.Do(&Request{Method: "PUT", Path: path, Body: body})
}

// Patch sends a PATCH request.
func (c *Client) Patch(path string, body Body) (*Response, error) {
	return c.Do(&Request{Method: "PATCH", Path: path, Body: body})
}

// Delete sends a DELETE request.
func (c *Client) Delete(path string) (*Response, error) {
	return c.Do(&Request{Method: "DELETE", Path: path})
}

// Do sends a request. The error is a [*Fault]: the request is malformed or leaves the grant, the host
// refuses it, or the vendor cannot be reached.
func (c *Client) Do(r *Request) (*Response, error) {
	frame, err := c.frame(r)
	if err != nil {
		return nil, err
	}
	data, err := frame.Encode()
	if err != nil {
		return nil, Faultf(Internal, "encode the request: %v", err)
	}
	reply, err := c.host.HTTP(data)
	if err != nil {
		return nil, hostFault(err)
	}
	answer, err := abi.DecodeResponse(reply)
	if err != nil {
		return nil, Faultf(Internal, "read the host's answer: %v", err)
	}
	if answer.Fault != nil {
		return nil, answer.Fault
	}
	return newResponse(frame, answer), nil
}

// frame makes the request that crosses the boundary.
func (c *Client) frame(r *Request) (*abi.Request, error) {
	if r.Body.err != nil {
		return nil, r.Body.err
	}
	target, err := c.target(r)
	if err != nil {
		return nil, err
	}
	h := Header{}
	h.merge(c.Header)
	h.merge(r.Header)
	if r.Body.ContentType != "" && h.Get("Content-Type") == "" {
		h.Set("Content-Type", r.Body.ContentType)
	}
	method := r.Method
	if method == "" {
		method = "GET"
	}
	return &abi.Request{Method: strings.ToUpper(method), URL: target, Headers: h, Body: r.Body.Bytes}, nil
}

// merge lets the fields of other replace those of h.
func (h Header) merge(other Header) {
	for name, values := range other {
		h[canonical(name)] = values
	}
}

// target is the absolute URL of a request, which must stay under the grant's base URL.
func (c *Client) target(r *Request) (string, error) {
	if c.base == "" {
		return "", Faultf(Internal, "the connection has no base URL for the http grant %q; declare it under http in the manifest", c.grant)
	}
	switch {
	case r.URL != "" && r.Path != "":
		return "", Faultf(Internal, "the request has a path and a URL; set one of them")
	case r.URL != "":
		u, err := under(c.base, r.URL)
		if err != nil {
			return "", err
		}
		return withQuery(u, r.Query), nil
	}
	if err := checkPath(r.Path); err != nil {
		return "", err
	}
	if len(r.Query) == 0 {
		return c.base + r.Path, nil
	}
	return c.base + r.Path + "?" + r.Query.Encode(), nil
}

// withQuery sets the keys of query in u's own query and leaves the others as they were written.
func withQuery(u *url.URL, query url.Values) string {
	if len(query) == 0 {
		return u.String()
	}
	all := u.Query()
	maps.Copy(all, query)
	c := *u
	c.RawQuery = all.Encode()
	return c.String()
}
