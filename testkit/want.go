package testkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"patchbay/abi"
	"patchbay/host"
)

// want is the expected result: one of its parts.
type want struct {
	file   string // output.json, page.json, fault.json
	output json.RawMessage
	fault  *wantFault
}

type wantFault struct {
	Code    abi.Code `json:"code"`
	Field   string   `json:"field"`
	Message string   `json:"message"`
}

func (w *want) parse(name string, data []byte) error {
	var page struct {
		Items  []json.RawMessage `json:"items"`
		Cursor json.RawMessage   `json:"cursor"`
	}
	var err error
	switch name {
	case "output.json":
		err = decode(data, &w.output)
	case "page.json":
		if err = decode(data, &page); err == nil && page.Items == nil {
			err = errors.New(`want {"items": [...], "cursor": ...}`)
		}
		w.output = data
	case "fault.json":
		w.fault = &wantFault{}
		if err = decode(data, w.fault); err == nil && !w.fault.Code.Known() {
			err = fmt.Errorf("code %q: want one of %v", w.fault.Code, abi.Codes)
		}
	default:
		return errors.New("unknown file: a case has call.json, http/N.request, http/N.response, and one of output.json, page.json and fault.json")
	}
	if w.file != "" {
		return fmt.Errorf("%s is expected already: one of them", w.file)
	}
	w.file = name
	return err
}

// check compares a call's end with what the case expects.
func (w *want) check(r abi.Result, err error) error {
	if w.fault == nil {
		if err != nil {
			return fmt.Errorf("the call failed: %w", err)
		}
		return w.same(r)
	}
	if err == nil {
		return fmt.Errorf("the call succeeded with %s, want a fault %s", clip(host.Output(r)), w.fault.Code)
	}
	f := abi.AsFault(err)
	switch {
	case f.Code != w.fault.Code:
		return fmt.Errorf("fault %s (%s), want code %s", f.Code, f.Message, w.fault.Code)
	case w.fault.Field != "" && f.Field != w.fault.Field:
		return fmt.Errorf("fault at %q, want %q (%s)", f.Field, w.fault.Field, f.Message)
	case w.fault.Message != "" && f.Message != w.fault.Message:
		return fmt.Errorf("fault message\n%s\nwant\n%s", f.Message, w.fault.Message)
	}
	return nil
}

func (w *want) same(r abi.Result) error {
	if isPage := r.Status == abi.StatusPage; isPage != (w.file == "page.json") {
		return fmt.Errorf("the call answered %s, but %s is expected", r.Status, w.file)
	}
	var got, exp any
	if err := errors.Join(unmarshal(host.Output(r), &got), unmarshal(w.output, &exp)); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, exp) {
		g, _ := json.MarshalIndent(got, "", "  ")
		e, _ := json.MarshalIndent(exp, "", "  ")
		return fmt.Errorf("output is\n%s\nwant (%s)\n%s", clip(g), w.file, clip(e))
	}
	return nil
}
