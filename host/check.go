package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"patchbay/abi"
	"patchbay/manifest"
)

// checkInput validates a call's input before a guest sees it.
func (o *opened) checkInput(op manifest.Operation, input json.RawMessage) error {
	s, err := o.schema(op.Input)
	if err != nil {
		return fmt.Errorf("input schema of %s: %w", op.Name, err)
	}
	return s.Validate(input)
}

// checkResult validates what a guest returned before anyone else sees it: a defect of the connector must not
// become a defect of whatever comes next. It is part of the call, and ends with ctx.
func (o *opened) checkResult(ctx context.Context, op manifest.Operation, r abi.Result) error {
	switch {
	case r.Status == abi.StatusPending:
		if op.Kind != abi.KindAction {
			return abi.Faultf(abi.Internal, "%s %s answered pending, which only an action may", op.Kind, op.Name)
		}
	case op.Kind == abi.KindAction:
		return o.checkOutput(op.Output, Output(r))
	case op.Kind == abi.KindTrigger:
		for i, event := range r.Items {
			if ctx.Err() != nil {
				return unchecked(ctx, len(r.Items)-i)
			}
			if err := o.checkOutput(op.Output, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// unchecked is the fault for events that nobody has looked at, since ctx is done.
func unchecked(ctx context.Context, events int) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return abi.Faultf(abi.Canceled, "cancelled with %d of its events left to check against the manifest", events)
	}
	return abi.Faultf(abi.Timeout, "the call's time was up with %d of its events left to check against the manifest: return fewer in one poll", events)
}

func (o *opened) checkOutput(schema, output json.RawMessage) error {
	s, err := o.schema(schema)
	if err != nil {
		return abi.Faultf(abi.Internal, "output schema: %v", err)
	}
	if err := s.Validate(output); err != nil {
		f := abi.AsFault(err)
		return &abi.Fault{Code: abi.Internal, Field: f.Field, Message: "the connector's output does not match its manifest: " + f.Message}
	}
	return nil
}

// schema compiles one of the manifest's schemas, once.
func (o *opened) schema(raw json.RawMessage) (*manifest.Schema, error) {
	if s, ok := o.schemas.Load(string(raw)); ok {
		return s.(*manifest.Schema), nil
	}
	s, err := manifest.CompileSchema(raw)
	if err != nil {
		return nil, err
	}
	o.schemas.Store(string(raw), s)
	return s, nil
}

// Output is a result as one JSON document: the output of a finished call, and {"items", "cursor"} of a page.
// A paged action's output schema describes the latter.
func Output(r abi.Result) json.RawMessage {
	if r.Status != abi.StatusPage {
		return r.Output
	}
	page := struct {
		Items  []json.RawMessage `json:"items"`
		Cursor json.RawMessage   `json:"cursor,omitempty"`
	}{Items: r.Items}
	if page.Items == nil {
		page.Items = []json.RawMessage{}
	}
	if !r.Last() {
		page.Cursor = r.Cursor
	}
	data, err := json.Marshal(page)
	if err != nil {
		return nil // every part was valid JSON when it was decoded
	}
	return data
}
