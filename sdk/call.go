package sdk

import (
	"encoding/json"
	"fmt"
	"time"

	"patchbay/abi"
)

// Call is one use of an operation. It is valid until the handler returns.
type Call struct {
	ID         string         // unique among all calls, the same for every attempt; fit for idempotency keys
	Operation  string         // the operation's name in the manifest
	Attempt    int            // counts the tries of this call, from 1
	Connection abi.Connection // the connection without its secrets; zero for a connector without connections
	Deadline   time.Time      // when the host ends the call
	Log        *Logger        // writes log lines

	input, cursor, state json.RawMessage
	host                 Host
}

func newCall(env *abi.Envelope, host Host) *Call {
	call := &Call{
		ID:        env.Call,
		Operation: env.Operation,
		Attempt:   env.Attempt,
		Deadline:  time.Now().Add(time.Duration(min(env.Deadline, abi.MaxAfter) * float64(time.Second))),
		Log:       &Logger{host: host},
		input:     env.Input,
		cursor:    env.Cursor,
		state:     env.State,
		host:      host,
	}
	if env.Connection != nil {
		call.Connection = *env.Connection
	}
	return call
}

// TimeLeft is the time until the deadline, negative after it.
func (c *Call) TimeLeft() time.Duration { return time.Until(c.Deadline) }

// Field returns the connection's field of that name as text: numbers as they were written, booleans as
// "true" and "false". It is empty when there is no such field, and for secret fields, which no guest ever sees.
func (c *Call) Field(name string) string {
	v, ok := c.Connection.Fields[name]
	if !ok || v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// BaseURL returns the base URL of an http grant of the manifest for this connection, without a slash at
// its end. It is empty when there is no such grant.
func (c *Call) BaseURL(grant string) string { return c.Connection.URLs[grant] }

// Cursor reads into v what the previous page, or a trigger's previous poll, returned as its cursor. It
// reports false, and leaves v as it is, when there is none: this is the first page or poll.
func (c *Call) Cursor(v any) (bool, error) { return decodeKept("cursor", c.cursor, v) }

// State reads into v what the previous try gave to [Pending]. It reports false, and leaves v as it is,
// when there is none: this is the first try.
func (c *Call) State(v any) (bool, error) { return decodeKept("state", c.state, v) }

// HTTP returns a client for the http grant of that ID in the manifest. A grant that does not exist is
// told by the first request.
func (c *Call) HTTP(grant string) *Client {
	return &Client{Header: Header{}, grant: grant, base: c.BaseURL(grant), host: c.host}
}
