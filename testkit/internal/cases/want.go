package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"patchbay/abi"
)

// Want is the expected result: an output, a page or a fault.
type Want struct {
	File   string // output.json, page.json, fault.json
	Output json.RawMessage
	Fault  *WantFault
}

// WantFault is what an expected fault must be like. Field and Message are compared unless they are empty.
type WantFault struct {
	Code    abi.Code `json:"code"`
	Field   string   `json:"field,omitempty"`
	Message string   `json:"message,omitempty"`
}

func (w *Want) parse(name string, data []byte) error {
	var page struct {
		Items  []json.RawMessage `json:"items"`
		Cursor json.RawMessage   `json:"cursor"`
	}
	var err error
	switch name {
	case "output.json":
		err = decode(data, &w.Output)
	case "page.json":
		if err = decode(data, &page); err == nil && page.Items == nil {
			err = errors.New(`want {"items": [...], "cursor": ...}`)
		}
		w.Output = data
	case "fault.json":
		w.Fault = &WantFault{}
		if err = decode(data, w.Fault); err == nil && !w.Fault.Code.Known() {
			err = fmt.Errorf("code %q: want one of %v", w.Fault.Code, abi.Codes)
		}
	default:
		return errors.New("unknown file: a case has call.json, http/N.request, http/N.response, and one of output.json, page.json and fault.json")
	}
	if w.File != "" {
		return fmt.Errorf("%s is expected already: one of them", w.File)
	}
	w.File = name
	return err
}

// Check compares a call's end with what the case expects. said is its output, a page's as page.json has it.
func (w *Want) Check(status abi.Status, said json.RawMessage, err error) error {
	if w.Fault == nil {
		if err != nil {
			return fmt.Errorf("the call failed: %w", err)
		}
		return w.same(status, said)
	}
	if err == nil {
		return fmt.Errorf("the call succeeded with %s, want a fault %s", clip(said), w.Fault.Code)
	}
	f := abi.AsFault(err)
	switch {
	case f.Code != w.Fault.Code:
		return fmt.Errorf("fault (%v), want code %s", f, w.Fault.Code)
	case w.Fault.Field != "" && f.Field != w.Fault.Field:
		return fmt.Errorf("fault at %q, want %q (%s)", f.Field, w.Fault.Field, f.Message)
	case w.Fault.Message != "" && f.Message != w.Fault.Message:
		return fmt.Errorf("fault message\n%s\nwant\n%s", f.Message, w.Fault.Message)
	}
	return nil
}

func (w *Want) same(status abi.Status, said json.RawMessage) error {
	if isPage := status == abi.StatusPage; isPage != (w.File == "page.json") {
		return fmt.Errorf("the call answered %s, but %s is expected", status, w.File)
	}
	var got, exp any
	if err := errors.Join(unmarshal(said, &got), unmarshal(w.Output, &exp)); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, exp) {
		g, _ := json.MarshalIndent(got, "", "  ")
		e, _ := json.MarshalIndent(exp, "", "  ")
		return fmt.Errorf("output is\n%s\nwant (%s)\n%s", clip(g), w.File, clip(e))
	}
	return nil
}

// Expect is what a call that ended so is expected to give again.
func Expect(status abi.Status, output json.RawMessage, fault *abi.Fault) Want {
	switch {
	case fault != nil:
		return Want{File: "fault.json", Fault: &WantFault{Code: fault.Code, Field: fault.Field, Message: fault.Message}}
	case status == abi.StatusPage:
		return Want{File: "page.json", Output: output}
	case len(output) == 0:
		output = json.RawMessage("null")
	}
	return Want{File: "output.json", Output: output}
}
