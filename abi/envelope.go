package abi

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Kind says what sort of operation a call uses.
type Kind string

// Kinds of operations. KindDescribe asks the guest for its [Description].
const (
	KindAction   Kind = "action"
	KindTrigger  Kind = "trigger"
	KindOptions  Kind = "options"
	KindSchema   Kind = "schema"
	KindTest     Kind = "test"
	KindDescribe Kind = "describe"
)

// Envelope is what the host gives a guest for one call. Its zero value is not valid; see [Envelope.Validate].
type Envelope struct {
	ABI        int             `json:"abi"`
	Call       string          `json:"call"`
	Kind       Kind            `json:"kind"`
	Operation  string          `json:"operation,omitempty"`
	Attempt    int             `json:"attempt"`
	Input      json.RawMessage `json:"input,omitempty"`
	Connection *Connection     `json:"connection,omitempty"`
	Cursor     json.RawMessage `json:"cursor,omitempty"`
	State      json.RawMessage `json:"state,omitempty"`
	Deadline   float64         `json:"deadline"` // seconds left for the whole call
}

// Connection is the part of a connection that a guest may know. Secrets are never in it.
type Connection struct {
	Name   string            `json:"name"`
	Auth   string            `json:"auth"`
	Fields map[string]any    `json:"fields,omitempty"` // string, bool or number, by field name
	URLs   map[string]string `json:"urls,omitempty"`   // base URL by grant id, without a trailing slash
}

// Description is the output of a [KindDescribe] call: what the guest's code offers.
type Description struct {
	Operations []Operation `json:"operations"`
	SDK        string      `json:"sdk,omitempty"` // "go/1"
}

// Operation names one operation.
type Operation struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// Validate reports the first thing that makes the envelope unfit for a guest.
func (e *Envelope) Validate() error {
	switch {
	case e.ABI != Version:
		return fmt.Errorf("envelope: abi %d, want %d", e.ABI, Version)
	case e.Call == "":
		return errors.New("envelope: call is empty")
	case e.Attempt < 1:
		return fmt.Errorf("envelope: attempt %d, want 1 or more", e.Attempt)
	case !e.Kind.known():
		return fmt.Errorf("envelope: unknown kind %q", e.Kind)
	case e.Kind != KindDescribe && e.Operation == "":
		return fmt.Errorf("envelope: a call of kind %s names no operation", e.Kind)
	case !(e.Deadline >= 0):
		return fmt.Errorf("envelope: deadline %v, want 0 or more seconds", e.Deadline)
	}
	return nil
}

func (k Kind) known() bool {
	switch k {
	case KindAction, KindTrigger, KindOptions, KindSchema, KindTest, KindDescribe:
		return true
	}
	return false
}

// DecodeEnvelope reads an envelope and checks it: the JSON rules of the package comment first, then
// [Envelope.Validate]. Numbers among the connection's fields are a [json.Number].
func DecodeEnvelope(data []byte) (Envelope, error) {
	var e Envelope
	if err := decode(data, &e); err != nil {
		return Envelope{}, fmt.Errorf("envelope: %w", err)
	}
	if err := e.Validate(); err != nil {
		return Envelope{}, err
	}
	return e, nil
}
