package sdk

import (
	"encoding/json"
	"fmt"
	"strings"

	"patchbay/abi"
)

// Host is the other side of the boundary, as a guest sees it. Inside WebAssembly it is the capability
// modules of package abi; under go test it is package sdktest.
type Host interface {
	// HTTP sends one framed [abi.Request] and returns the framed [abi.Response].
	HTTP(request []byte) (response []byte, err error)

	// Log writes one encoded [abi.LogRecord].
	Log(record []byte) error
}

// version of the SDK's own promise, as it stands in a [abi.Description].
const version = "go/1"

// maxPanic is how much of a panic's text a fault carries.
const maxPanic = 200

// Invoke runs one call: it reads an encoded [abi.Envelope], runs the operation against host, and returns the
// encoded [abi.Result]. It never panics. The host of a guest reaches it through [Serve]; tests through
// package sdktest.
func (c *Connector) Invoke(host Host, envelope []byte) []byte {
	return encodeResult(c.run(host, envelope))
}

// encodeResult writes r. A result that has no JSON, which takes a broken value inside, becomes a fault.
func encodeResult(r abi.Result) []byte {
	data, err := json.Marshal(r)
	if err != nil {
		data, _ = json.Marshal(abi.Fail(Faultf(Internal, "encode the result: %v", err)))
	}
	return data
}

func (c *Connector) run(host Host, envelope []byte) (r abi.Result) {
	defer func() {
		if v := recover(); v != nil {
			r = abi.Fail(Faultf(Internal, "the guest panicked: %s", cut(fmt.Sprint(v), maxPanic)))
		}
	}()
	env, err := abi.DecodeEnvelope(envelope)
	if err != nil {
		return abi.Fail(Faultf(Internal, "%v", err))
	}
	if err := c.err(); err != nil {
		return abi.Fail(Faultf(Internal, "the guest's registration is wrong: %v", err))
	}
	if env.Kind == abi.KindDescribe {
		return c.describe()
	}
	h := c.operations[abi.Operation{Kind: env.Kind, Name: env.Operation}]
	if h == nil {
		return abi.Fail(c.unknown(env))
	}
	if r, err = h(newCall(&env, host)); err != nil {
		return errorResult(err)
	}
	return r
}

// describe answers what the connector offers. The host may keep the guest's memory afterwards for all later calls,
// so this is where it is prepared for them, once.
func (c *Connector) describe() abi.Result {
	c.primed.Do(c.prime)
	data, err := json.Marshal(abi.Description{Operations: c.sorted(), SDK: version})
	if err != nil {
		return errorResult(err)
	}
	return abi.Done(data)
}

// unknown is the fault for an operation that the manifest has and the code has not.
func (c *Connector) unknown(env abi.Envelope) *Fault {
	var names []string
	for _, op := range c.sorted() {
		if op.Kind == env.Kind {
			names = append(names, op.Name)
		}
	}
	offer := "none of this kind"
	if len(names) > 0 {
		offer = strings.Join(names, ", ")
	}
	return Faultf(Internal, "the guest has no %s %q; it offers %s", env.Kind, env.Operation, offer)
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
