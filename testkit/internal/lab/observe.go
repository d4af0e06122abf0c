package lab

import (
	"io"
	"net/http"
	"slices"
	"sync"
)

// observer keeps every request that reaches the vendor. It is an http.RoundTripper.
type observer struct {
	planted plant
	vendor  vendor

	mu  sync.Mutex // guards what follows
	all []Request
	hop bool // the last answer was a redirect
}

func (o *observer) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close() // as a transport must, whatever happens
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if answer := o.planted.renewed(req.URL); answer != nil { // the host's own request, which no case has
		resp := response(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, answer)
		resp.Request = req
		return resp, nil
	}
	u := *req.URL
	u.RawQuery, u.ForceQuery = o.planted.query(req.URL).Encode(), false
	r := Request{Method: req.Method, URL: &u, Header: req.Header.Clone(), Body: body,
		Credential: o.planted.carried(req), Misplaced: o.planted.judge(req, body, o.hop)}
	resp, err := o.vendor.answer(req.Context(), &r)
	if resp != nil {
		r.Status, resp.Request = resp.StatusCode, req
	}
	o.hop = r.Status/100 == 3
	o.all = append(o.all, r)
	return resp, err
}

func (o *observer) seen() []Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}
