package main

import (
	"bytes"
	"encoding/json"
	"net/url"
)

// api is Slack's Web API at the base URL of the grant.
type api struct {
	base string
	send send
}

// call uses one method of Slack's. With a body it is a POST.
func (a api) call(method string, query url.Values, body, out any) error {
	head := map[string]any{"method": "GET", "url": a.base + "/" + method + "?" + query.Encode()}
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return faultf("internal", "encode the request: %v", err)
		}
		head = map[string]any{"method": "POST", "url": a.base + "/" + method,
			"headers": map[string][]string{"Content-Type": {"application/json; charset=utf-8"}}}
	}
	frame, err := json.Marshal(head)
	if err != nil {
		return faultf("internal", "encode the request: %v", err)
	}
	reply, err := a.send(append(append(frame, '\n'), payload...))
	if err != nil {
		return err
	}
	return read(method, reply, out)
}

// read takes a reply apart: head, line feed, body. A failure is what the host has made of the answer by the manifest's rules.
func read(method string, reply []byte, out any) error {
	head, body, ok := bytes.Cut(reply, []byte("\n"))
	var h struct {
		Status  int    `json:"status"`
		Fault   *fault `json:"fault"`
		Failure *fault `json:"failure"`
	}
	if err := json.Unmarshal(head, &h); err != nil || !ok {
		return faultf("internal", "the host's reply to %s has no head", method)
	}
	switch {
	case h.Fault != nil:
		return h.Fault
	case h.Failure != nil:
		return h.Failure
	case h.Status < 200 || h.Status > 299:
		return faultf("internal", "Slack answered %d to %s", h.Status, method)
	case !json.Valid(body):
		return faultf("unavailable", "Slack's answer to %s is not JSON; try again later", method)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return faultf("internal", "Slack's answer to %s is not as expected: %v", method, err)
	}
	return nil
}
