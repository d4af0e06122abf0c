package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
)

// replay answers requests with a case's exchanges, in their order. It is an http.RoundTripper.
type replay struct {
	mu      sync.Mutex // guards left and problem
	left    []exchange
	problem string // the first thing that did not fit
	secrets []string
	unsent  []string // secrets that no authenticated request has carried yet
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
		return nil, r.fail("a request that the case does not expect: %s %s", req.Method, req.URL.Redacted())
	}
	x := r.left[0]
	if diff := x.differs(req, body); diff != "" {
		return nil, r.fail("%s.request: %s", x.name, diff)
	}
	r.left = r.left[1:]
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

// verdict says what is wrong with the conversation as a whole.
func (r *replay) verdict() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem == "" && len(r.left) > 0 {
		return fmt.Sprintf("%s was not used: the connector never sent %s %s", r.left[0].name, r.left[0].method, r.left[0].url)
	}
	return r.problem
}

// differs says how a request is not the one that was expected.
func (x *exchange) differs(req *http.Request, body []byte) string {
	if req.Method != x.method {
		return fmt.Sprintf("method %s, want %s (%s)", req.Method, x.method, x.url)
	}
	if diff := urlDiff(req.URL, x.url); diff != "" {
		return diff
	}
	for name, want := range x.header {
		if got := req.Header.Values(name); !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("header %s is %q, want %q", name, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
	if !sameBody(body, x.body) {
		return fmt.Sprintf("body is\n%s\nwant\n%s", clip(body), clip(x.body))
	}
	return ""
}

func urlDiff(got *url.URL, text string) string {
	want, err := url.Parse(text)
	if err != nil {
		return fmt.Sprintf("the case's URL %q is not one", text)
	}
	g, w := *got, *want
	g.RawQuery, w.RawQuery = "", ""
	if g.String() != w.String() {
		return fmt.Sprintf("URL %s, want %s", &g, &w)
	}
	if !reflect.DeepEqual(got.Query(), want.Query()) {
		return fmt.Sprintf("query %q, want %q", got.Query().Encode(), want.Query().Encode())
	}
	return ""
}

func sameBody(got, want []byte) bool {
	var g, w any
	if unmarshal(got, &g) == nil && unmarshal(want, &w) == nil {
		return reflect.DeepEqual(g, w)
	}
	return bytes.Equal(got, want)
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
