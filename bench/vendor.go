package main

import (
	"bytes"
	"net/http"

	"patchbay/abi"
	"patchbay/host/bench/work"
)

// envelope is the call of one operation of a guest of package abi.
func envelope(operation string, input []byte) abi.Envelope {
	return abi.Envelope{ABI: abi.Version, Call: "01JQ7Z3M8Q", Kind: abi.KindAction, Operation: operation, Attempt: 1, Input: input,
		Connection: &abi.Connection{Name: "acme", Auth: "token", URLs: map[string]string{"api": work.BaseURL}}, Deadline: 30}
}

// workResponse is the response of package work, taken apart into head and body.
var workResponse = func() abi.Response {
	_, body, _ := bytes.Cut(work.Reply(), []byte("\n"))
	return abi.Response{Status: http.StatusCreated, URL: work.URL, Body: body,
		Headers: map[string][]string{"Content-Type": {"application/json"}}}
}()

// replyToWork is the vendor in memory.
func replyToWork(abi.Request) abi.Response { return workResponse }

// echoing is a vendor that gives out a payload and gets it back.
type echoing struct {
	payload, back []byte
}

func (e *echoing) http(req abi.Request) abi.Response {
	if req.Method == http.MethodGet {
		return abi.Response{Status: http.StatusOK, URL: work.URL, Body: e.payload}
	}
	e.back = req.Body
	return abi.Response{Status: http.StatusNoContent, URL: work.URL}
}
