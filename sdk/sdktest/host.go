package sdktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/sdk"
)

// Host plays the host for one connector. Set its fields before the calls that should see them. A Host runs
// one call at a time.
type Host struct {
	// Vendor answers the connector's requests. Nil means that the manifest has no http grant.
	Vendor http.Handler

	// Auth is the ID of the connection's auth method. Defaults to none.
	Auth string

	// Fields are the connection's fields that are not secret.
	Fields map[string]any

	// URLs are the base URLs by http grant, without a slash at the end.
	// Defaults to {"api": "https://vendor.example"}.
	URLs map[string]string

	// Deadline is what the envelope says is left of the call. Defaults to 30 s. Nothing ends a call.
	Deadline time.Duration

	// Failure stands in for the host's reading of a response by the manifest's error rules, see [abi.Response]. What it
	// returns is the response's failure. Nil, and a nil fault: there is none, and the connector goes by the status.
	Failure func(abi.Response) *abi.Fault

	connector *sdk.Connector
	calls     int

	mu       sync.Mutex // guards requests, logs and broken
	requests []abi.Request
	logs     []abi.LogRecord
	broken   error // what went wrong with the test itself during the call
}

// New returns a host that runs c against vendor.
func New(c *sdk.Connector, vendor http.Handler) *Host {
	return &Host{Vendor: vendor, connector: c}
}

// Requests returns the HTTP requests that the connector has made so far, oldest first.
func (h *Host) Requests() []abi.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]abi.Request(nil), h.requests...)
}

// Logs returns the log lines that the connector has written so far, oldest first.
func (h *Host) Logs() []abi.LogRecord {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]abi.LogRecord(nil), h.logs...)
}

// Call is one call for [Host.Do]. Values are encoded to JSON; nil ones are left out.
type Call struct {
	Kind      abi.Kind // empty: action
	Operation string
	Attempt   int // 0: 1
	Input     any
	Cursor    any
	State     any
}

// Do runs one call and returns its result, of whatever status. The error says that the test is wrong (an
// input without JSON, a vendor that panicked) or that the host would have refused the connector's result.
// [Run], [RunPage], [Poll] and the other functions are shorter.
func (h *Host) Do(c Call) (abi.Result, error) {
	envelope, err := h.envelope(c)
	if err != nil {
		return abi.Result{}, err
	}
	data := h.connector.Invoke(boundary{h}, envelope)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.broken; err != nil {
		h.broken = nil
		return abi.Result{}, err
	}
	return abi.DecodeResult(data)
}

func (h *Host) envelope(c Call) ([]byte, error) {
	h.calls++
	env := abi.Envelope{
		ABI:       abi.Version,
		Call:      fmt.Sprintf("call-%d", h.calls),
		Kind:      c.Kind,
		Operation: c.Operation,
		Attempt:   max(c.Attempt, 1),
		Deadline:  h.Deadline.Seconds(),
	}
	if env.Kind == "" {
		env.Kind = abi.KindAction
	}
	if env.Deadline == 0 {
		env.Deadline = 30
	}
	if env.Kind != abi.KindDescribe {
		env.Connection = &abi.Connection{Name: "test", Auth: h.Auth, Fields: h.Fields, URLs: h.urls()}
	}
	for _, v := range []struct {
		name string
		from any
		to   *json.RawMessage
	}{{"input", c.Input, &env.Input}, {"cursor", c.Cursor, &env.Cursor}, {"state", c.State, &env.State}} {
		if v.from == nil {
			continue
		}
		data, err := json.Marshal(v.from)
		if err != nil {
			return nil, fmt.Errorf("encode the call's %s: %w", v.name, err)
		}
		*v.to = data
	}
	return json.Marshal(env)
}

func (h *Host) urls() map[string]string {
	if h.URLs != nil {
		return h.URLs
	}
	return map[string]string{"api": "https://vendor.example"}
}
