// Command slack is a guest without the SDK: it speaks the contract of package abi by itself, with nothing but the standard
// library, as a guest in another language would. host_wasip1.go has the imports and the export; here is what lies between.
package main

import (
	"encoding/json"
	"fmt"
)

func main() {} // a WASI reactor never runs it

// send makes one HTTP request: a frame in, a frame out.
type send func(frame []byte) ([]byte, error)

type envelope struct {
	Kind       string          `json:"kind"`
	Operation  string          `json:"operation"`
	Input      json.RawMessage `json:"input"`
	Cursor     json.RawMessage `json:"cursor"`
	Connection struct {
		URLs map[string]string `json:"urls"`
	} `json:"connection"`
}

// fault is an error that crosses the boundary.
type fault struct {
	Code       string          `json:"code"`
	Message    string          `json:"message"`
	RetryAfter float64         `json:"retry_after,omitempty"`
	Details    json.RawMessage `json:"details,omitempty"`
}

func (f *fault) Error() string { return f.Code + ": " + f.Message }

func faultf(code, format string, args ...any) *fault {
	return &fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// operations are what this guest can do, by kind and name. Each gives the fields of its result.
var operations = map[string]map[string]func(api, envelope) (map[string]any, error){
	"action": {"post_message": postMessage, "list_channels": listChannels},
	"test":   {"identify": identify},
}

// answer is the result of one call, whatever happens in it.
func answer(data []byte, s send) (result []byte) {
	defer func() {
		if v := recover(); v != nil {
			result = fail(faultf("internal", "the guest panicked: %v", v))
		}
	}()
	var env envelope
	if err := json.Unmarshal(data, &env); err != nil {
		return fail(faultf("internal", "read the envelope: %v", err))
	}
	if env.Kind == "describe" {
		return encode(map[string]any{"status": "done", "output": describe()})
	}
	run := operations[env.Kind][env.Operation]
	if run == nil {
		return fail(faultf("internal", "there is no %s %q", env.Kind, env.Operation))
	}
	fields, err := run(api{env.Connection.URLs["api"], s}, env)
	if err != nil {
		return fail(err)
	}
	return encode(fields)
}

// describe lists the operations in a fixed order.
func describe() any {
	type operation struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	}
	return map[string]any{"sdk": "handwritten/1", "operations": []operation{
		{"action", "list_channels"}, {"action", "post_message"}, {"test", "identify"},
	}}
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return fail(faultf("internal", "encode the result: %v", err))
	}
	return data
}

func fail(err error) []byte {
	f, ok := err.(*fault)
	if !ok {
		f = faultf("internal", "%v", err)
	}
	data, err := json.Marshal(map[string]any{"status": "fault", "fault": f})
	if err != nil { // details that are no JSON
		return []byte(`{"status": "fault", "fault": {"code": "internal", "message": "the fault has no JSON"}}`)
	}
	return data
}
