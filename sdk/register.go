package sdk

import (
	"encoding/json"

	"patchbay/abi"
)

// Page is one page of a longer answer.
type Page[T any] struct {
	// Items may be empty on any page, the last one included. A page of more than [abi.MaxItems] is a
	// limit_exceeded fault.
	Items []T

	// Cursor is any value that encodes to JSON. It comes back with the call for the next page, see
	// [Call.Cursor]. Nil means that this is the last page. A trigger's cursor is different: it says where
	// the next poll starts and is always kept; nil there keeps the one of the poll before.
	Cursor any
}

// Option is one choice of a pick list.
type Option struct {
	Value any    `json:"value"` // what the input field is set to: a string, number or boolean
	Label string `json:"label"` // what a person sees
}

// Action registers an action: f gets the input, which is valid under the manifest's schema, and returns the output.
func Action[In, Out any](c *Connector, name string, f func(*Call, In) (Out, error)) {
	Prime[In](c)
	Prime[Out](c)
	c.register(abi.KindAction, name, single(f))
}

// PagedAction registers an action that answers page by page: the host calls f again with the cursor of the
// last page until there is none. The manifest's output schema describes the page, {"items": [...], "cursor": ...}.
func PagedAction[In, T any](c *Connector, name string, f func(*Call, In) (Page[T], error)) {
	Prime[In](c)
	Prime[T](c)
	c.register(abi.KindAction, name, paged(f))
}

// Trigger registers a trigger that is polled: f returns the events since [Call.Cursor], oldest first, and
// the cursor for the next poll. Without a cursor (the first poll) f decides where the trigger begins.
func Trigger[In, Event any](c *Connector, name string, f func(*Call, In) (Page[Event], error)) {
	Prime[In](c)
	Prime[Event](c)
	poll := paged(f)
	c.register(abi.KindTrigger, name, func(call *Call) (abi.Result, error) {
		r, err := poll(call)
		if err == nil && r.Cursor == nil {
			r.Cursor = call.cursor
		}
		return r, err
	})
}

// Options registers a function that fills a pick list.
func Options[In any](c *Connector, name string, f func(*Call, In) (Page[Option], error)) {
	Prime[In](c)
	Prime[Option](c)
	c.register(abi.KindOptions, name, paged(f))
}

// Schema registers a function that returns a JSON Schema for a part of an operation's input or output that
// depends on the account. Out is [json.RawMessage] or any type that encodes to the schema.
func Schema[In, Out any](c *Connector, name string, f func(*Call, In) (Out, error)) {
	Prime[In](c)
	Prime[Out](c)
	c.register(abi.KindSchema, name, single(f))
}

// Test registers the function that proves that a connection works. It returns whatever tells a person which
// account this is, for example its name, or a fault.
func Test[Out any](c *Connector, name string, f func(*Call) (Out, error)) {
	Prime[Out](c)
	c.register(abi.KindTest, name, single(func(call *Call, _ struct{}) (Out, error) { return f(call) }))
}

func single[In, Out any](f func(*Call, In) (Out, error)) handler {
	return func(call *Call) (abi.Result, error) {
		in, err := decodeInput[In](call.input)
		if err != nil {
			return abi.Result{}, err
		}
		out, err := f(call, in)
		if err != nil {
			return abi.Result{}, err
		}
		data, err := encode("output", out)
		if err != nil {
			return abi.Result{}, err
		}
		return abi.Done(data), nil
	}
}

func paged[In, T any](f func(*Call, In) (Page[T], error)) handler {
	return func(call *Call) (abi.Result, error) {
		in, err := decodeInput[In](call.input)
		if err != nil {
			return abi.Result{}, err
		}
		page, err := f(call, in)
		if err != nil {
			return abi.Result{}, err
		}
		return pageResult(page)
	}
}

func pageResult[T any](page Page[T]) (abi.Result, error) {
	if n := len(page.Items); n > abi.MaxItems {
		return abi.Result{}, Faultf(LimitExceeded, "a page of %d items, at most %d are allowed: return the others with a cursor", n, abi.MaxItems)
	}
	r := abi.Result{Status: abi.StatusPage, Items: make(abi.Items, 0, len(page.Items))}
	for _, item := range page.Items {
		data, err := encode("item", item)
		if err != nil {
			return abi.Result{}, err
		}
		r.Items = append(r.Items, data)
	}
	var err error
	if page.Cursor != nil {
		r.Cursor, err = encode("cursor", page.Cursor)
	}
	return r, err
}

// encode writes v as JSON; what names it in the fault of a value that has no JSON, such as a channel or NaN.
func encode(what string, v any) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, Faultf(Internal, "encode %s: %v", what, err)
	}
	return data, nil
}
