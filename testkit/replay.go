package testkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"patchbay/abi"
)

// replay answers requests with a case's exchanges, in their order. It is an http.RoundTripper.
type replay struct {
	planted plant
	mu      sync.Mutex // guards left, hop and problem
	left    []exchange
	hop     bool   // the last answer was a redirect
	problem string // the first thing that did not fit
}

func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	if len(r.left) == 0 {
		return nil, r.fail("a request that the case does not expect: %s %s", req.Method, shown(req.URL, r.planted.query(req.URL)))
	}
	x := r.left[0]
	diff := x.differs(req, r.planted.query(req.URL), body)
	if diff == "" {
		diff = r.planted.judge(req, body, r.hop)
	}
	if diff != "" {
		return nil, r.fail("%s.request: %s", x.name, diff)
	}
	r.left, r.hop = r.left[1:], x.status/100 == 3
	return &http.Response{
		Status: http.StatusText(x.status), StatusCode: x.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header(x.respHead), Body: io.NopCloser(bytes.NewReader(x.respBody)),
		ContentLength: int64(len(x.respBody)), Request: req,
	}, nil
}

// fail keeps the first problem: what follows it is only its consequence.
func (r *replay) fail(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if r.problem == "" {
		r.problem = err.Error()
	}
	return err
}

// verdict says what is wrong with the conversation as a whole. err is how the call ended.
func (r *replay) verdict(err error) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem != "" || len(r.left) == 0 {
		return r.problem
	}
	unused := fmt.Sprintf("%s was not used: the connector never sent %s %s", r.left[0].name, r.left[0].method, r.left[0].url)
	if err != nil {
		return fmt.Sprintf("%s; the call failed: %v", unused, err)
	}
	return unused
}

// differs says how a request is not the one that was expected. query is the request's, without the credential.
func (x *exchange) differs(req *http.Request, query url.Values, body []byte) string {
	if req.Method != x.method {
		return fmt.Sprintf("method %s, want %s (%s)", req.Method, x.method, x.url)
	}
	if got, want := shown(req.URL, nil), shown(x.url, nil); got != want {
		return fmt.Sprintf("URL %s, want %s", got, want)
	}
	if want := x.url.Query(); !reflect.DeepEqual(query, want) {
		return fmt.Sprintf("query %q, want %q", query.Encode(), want.Encode())
	}
	for _, name := range slices.Sorted(maps.Keys(x.header)) {
		if got, want := req.Header.Values(name), x.header[name]; !slices.Equal(got, want) {
			return fmt.Sprintf("header %s is %q, want %q", name, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	if !sameBody(body, x.body) {
		return fmt.Sprintf("body is\n%s\nwant\n%s", clip(body), clip(x.body))
	}
	return ""
}

// shown is u with another query.
func shown(u *url.URL, query url.Values) string {
	v := *u
	v.RawQuery, v.ForceQuery = query.Encode(), false
	return v.String()
}

func sameBody(got, want []byte) bool {
	if errors.Join(abi.CheckJSON(got), abi.CheckJSON(want)) != nil {
		return bytes.Equal(got, want)
	}
	var g, w any
	return errors.Join(unmarshal(got, &g), unmarshal(want, &w)) == nil && reflect.DeepEqual(g, w)
}

// unmarshal keeps numbers as they are written.
func unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// clip cuts a body to what a person reads.
func clip(b []byte) []byte {
	const max = 2000
	if len(b) > max {
		return append(bytes.Clone(b[:max]), "..."...)
	}
	return b
}
