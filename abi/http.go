package abi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Request is an HTTP request that a guest asks the host to make.
type Request struct {
	Method  string              `json:"method"`
	URL     string              `json:"url"`
	Headers map[string][]string `json:"headers,omitempty"`
	Body    []byte              `json:"-"`
}

// Response is the answer to a [Request]: a vendor's response, or a Fault when there was none. A response that the
// host takes for an error, whatever its status, has a Failure.
type Response struct {
	Status  int                 `json:"status,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"` // names in canonical form
	URL     string              `json:"url,omitempty"`     // where it came from, after redirects
	Fault   *Fault              `json:"fault,omitempty"`
	Failure *Fault              `json:"failure,omitempty"` // what the response means, by the manifest's error rules
	Body    []byte              `json:"-"`
}

// Encode returns the request's frame: head, line feed, body.
func (r *Request) Encode() ([]byte, error) { return frame(r, r.Body) }

// Encode returns the response's frame: head, line feed, body.
func (r *Response) Encode() ([]byte, error) { return frame(r, r.Body) }

// DecodeRequest reads a request's frame. The body shares memory with data.
func DecodeRequest(data []byte) (Request, error) {
	var r Request
	body, err := unframe(data, &r)
	if err != nil {
		return Request{}, fmt.Errorf("http request: %w", err)
	}
	if r.Method == "" || r.URL == "" {
		return Request{}, errors.New("http request: method and url must not be empty")
	}
	r.Body = body
	return r, nil
}

// DecodeResponse reads a response's frame. The body shares memory with data.
func DecodeResponse(data []byte) (Response, error) {
	var r Response
	body, err := unframe(data, &r)
	if err != nil {
		return Response{}, fmt.Errorf("http response: %w", err)
	}
	if err := r.validate(); err != nil {
		return Response{}, fmt.Errorf("http response: %w", err)
	}
	r.Body = body
	return r, nil
}

// validate lets a response have a status or a fault, one of them, and a failure beside the status.
func (r *Response) validate() error {
	switch {
	case r.Fault != nil && r.Status != 0:
		return errors.New("both a status and a fault")
	case r.Fault != nil && r.Failure != nil:
		return errors.New("both a fault and a failure")
	case r.Fault != nil:
		return r.Fault.validate()
	case r.Status < 100 || r.Status > 999:
		return fmt.Errorf("status %d, want a fault or 100 to 999", r.Status)
	case r.Failure != nil:
		return r.Failure.validate()
	}
	return nil
}

// frame joins head and body. encoding/json never writes a raw line feed, so the first one ends the head.
func frame(head any, body []byte) ([]byte, error) {
	b, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	return append(b, body...), nil
}

func unframe(data []byte, head any) (body []byte, err error) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return nil, errors.New("no line feed after the head")
	}
	if err := decode(data[:i], head); err != nil {
		return nil, err
	}
	return data[i+1:], nil
}
