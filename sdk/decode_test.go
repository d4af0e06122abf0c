package sdk

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

type order struct {
	ID      string            `json:"id"`
	Total   float64           `json:"total"`
	Lines   []line            `json:"lines"`
	Custom  map[string]any    `json:"custom"`
	Tags    map[string]string `json:"tags"`
	Nested  *line             `json:"a/b~c"`
	Matrix  [][]int8          `json:"matrix"`
	Created time.Time         `json:"created"`
}

type line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Gift     bool   `json:"gift"`
	Empty    line2  `json:""`
}

type line2 struct{}

func TestDecodeInput(t *testing.T) {
	t.Parallel()
	got, err := decodeInput[order](json.RawMessage(`{"id":"o1","total":1.5,"lines":[{"sku":"s","quantity":2}],"custom":{"n":12345678901234567890},"later":true}`))
	if err != nil {
		t.Fatal(err)
	}
	want := order{ID: "o1", Total: 1.5, Lines: []line{{SKU: "s", Quantity: 2}}, Custom: map[string]any{"n": json.Number("12345678901234567890")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if none, err := decodeInput[order](nil); err != nil || none.ID != "" {
		t.Errorf("without an input: %+v, %v, want the zero value", none, err)
	}
	if number, err := decodeInput[json.Number](json.RawMessage(`1.10`)); err != nil || number != "1.10" {
		t.Errorf("json.Number: %q, %v", number, err)
	}
}

func TestDecodeInput_Mismatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ input, field, message string }{
		{`"x"`, "", "want an object, got string"},
		{`[]`, "", "want an object, got array"},
		{` {"id": 5}`, "/id", "want a string, got number"},
		{`{"id":["a"]}`, "/id", "want a string, got array"},
		{`{"id":{"a":1}}`, "/id", "want a string, got object"},
		{`{"total":"1.5"}`, "/total", "want a number, got string"},
		{`{"lines":{}}`, "/lines", "want an array, got object"},
		{`{"lines":[{"sku":"a"},{"sku":"b","quantity":"2"}]}`, "/lines/1/quantity", "want an integer, got string"},
		{`{"lines":[{"quantity":1.5}]}`, "/lines/0/quantity", "want an integer, got number 1.5"},
		{`{"lines":[{"gift":"yes"}]}`, "/lines/0/gift", "want true or false, got string"},
		{`{"lines":[{"sku":"a"},7]}`, "/lines/1", "want an object, got number"},
		{`{"id":"x","tags":{"a":"b","c":5}}`, "/tags/c", "want a string, got number"},
		{`{"tags":{"":5}}`, "/tags/", "want a string, got number"},
		{`{"custom":{"deep":[{"x":1}]},"total":true}`, "/total", "want a number, got bool"},
		{`{"a/b~c":{"sku":1}}`, "/a~1b~0c/sku", "want a string, got number"},
		{`{"matrix":[[1],[2,300]]}`, "/matrix/1/1", "want a number that fits int8, got number 300"},
		{`{"created":"yesterday"}`, "", `parsing time "yesterday"`},
	} {
		_, err := decodeInput[order](json.RawMessage(tt.input))
		f := abi.AsFault(err)
		if f.Code != InvalidInput || f.Field != tt.field || !contains(f.Message, "decode the input: "+tt.message) {
			t.Errorf("%s\ngot  %v\nwant invalid_input at %s: %s", tt.input, f, tt.field, tt.message)
		}
	}
}

func contains(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

func TestCursorAndState(t *testing.T) {
	t.Parallel()
	type mark struct {
		After json.Number
		Extra any
	}
	for _, tt := range []struct {
		raw   string
		found bool
		want  mark
	}{
		{"", false, mark{After: "7"}},
		{"null", false, mark{After: "7"}},
		{`{"After":12345678901234567890,"Extra":1.10}`, true, mark{After: "12345678901234567890", Extra: json.Number("1.10")}},
	} {
		call := &Call{cursor: json.RawMessage(tt.raw), state: json.RawMessage(tt.raw)}
		for name, read := range map[string]func(any) (bool, error){"cursor": call.Cursor, "state": call.State} {
			got := mark{After: "7"}
			found, err := read(&got)
			if err != nil || found != tt.found {
				t.Errorf("%s %q: %v, %v, want %v", name, tt.raw, found, err, tt.found)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s %q: %s", name, tt.raw, diff)
			}
		}
	}
	call := &Call{cursor: json.RawMessage(`[1]`)}
	found, err := call.Cursor(&mark{})
	if f := abi.AsFault(err); found || f.Code != Internal || !contains(f.Message, "decode the cursor: want an object, got array") {
		t.Errorf("a cursor of another version: %v, %v", found, err)
	}
}

func TestCall_Connection(t *testing.T) {
	t.Parallel()
	env := abi.Envelope{Deadline: 30, Connection: &abi.Connection{
		Fields: map[string]any{"text": "a", "yes": true, "id": json.Number("12345678901234567890"), "none": nil},
		URLs:   map[string]string{"api": "https://x"}}}
	call := newCall(&env, silent{})
	for name, want := range map[string]string{"text": "a", "yes": "true", "id": "12345678901234567890", "none": "", "missing": ""} {
		if got := call.Field(name); got != want {
			t.Errorf("field %s: %q, want %q", name, got, want)
		}
	}
	if call.BaseURL("api") != "https://x" || call.BaseURL("other") != "" {
		t.Error("wrong base URL")
	}
	if left := call.TimeLeft(); left > 30*time.Second || left < 20*time.Second {
		t.Errorf("time left %v, want a little under 30s", left)
	}
	far := newCall(&abi.Envelope{Deadline: 1e300}, silent{})
	if left := far.TimeLeft(); left < 24*time.Hour {
		t.Errorf("a deadline beyond all bounds leaves %v", left)
	}
	if far.Field("x") != "" || far.BaseURL("api") != "" {
		t.Error("a call without a connection has fields")
	}
}
