package cases

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/host"
)

func TestWant_Check(t *testing.T) {
	t.Parallel()
	done := abi.Result{Status: abi.StatusDone, Output: []byte(`{"a":1,"b":[2]}`)}
	page := abi.Result{Status: abi.StatusPage, Items: []json.RawMessage{[]byte("1")}, Cursor: []byte(`"c"`)}
	last := abi.Result{Status: abi.StatusPage}
	fault := abi.Faultf(abi.NotFound, "no such thing").At("/id")
	for _, tt := range []struct {
		name, file, text string
		result           abi.Result
		err              error
		want             string
	}{
		{"output", "output.json", `{"b": [2], "a": 1}`, done, nil, ""},
		{"other output", "output.json", `{"a": 1}`, done, nil, "output is\n"},
		{"number written otherwise", "output.json", `{"b": [2.0], "a": 1}`, done, nil, "output is\n"},
		{"page for output", "output.json", `{}`, page, nil, "the call answered page, but output.json is expected"},
		{"output for page", "page.json", `{"items": []}`, done, nil, "the call answered done, but page.json is expected"},
		{"page", "page.json", `{"items": [1], "cursor": "c"}`, page, nil, ""},
		{"page without its cursor", "page.json", `{"items": [1]}`, page, nil, "output is\n"},
		{"last page", "page.json", `{"items": []}`, last, nil, ""},
		{"fault for output", "output.json", `{}`, abi.Result{}, fault, "the call failed: not_found at /id: no such thing"},
		{"output for fault", "fault.json", `{"code": "not_found"}`, done, nil, "the call succeeded with"},
		{"fault", "fault.json", `{"code": "not_found"}`, abi.Result{}, fault, ""},
		{"whole fault", "fault.json", `{"code": "not_found", "field": "/id", "message": "no such thing"}`, abi.Result{}, fault, ""},
		{"other code", "fault.json", `{"code": "conflict"}`, abi.Result{}, fault, "fault (" + fault.Error() + "), want code conflict"},
		{"other field", "fault.json", `{"code": "not_found", "field": "/x"}`, abi.Result{}, fault, `fault at "/id", want "/x"`},
		{"other message", "fault.json", `{"code": "not_found", "message": "x"}`, abi.Result{}, fault, "fault message\nno such thing\nwant\nx"},
		{"error that is no fault", "fault.json", `{"code": "internal"}`, abi.Result{}, errors.New("x"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var w Want
			if err := w.parse(tt.file, []byte(tt.text)); err != nil {
				t.Fatal(err)
			}
			err := w.Check(tt.result.Status, host.Output(tt.result), tt.err)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if got := host.Output(last); string(got) != `{"items":[]}` {
		t.Errorf("the last page is %s", got)
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2001)
	if got := string(clip([]byte(long))); got != long[:2000]+"..." {
		t.Errorf("clipped to %d bytes", len(got))
	}
	if got := string(clip([]byte(long[:2000]))); got != long[:2000] {
		t.Errorf("%d bytes were clipped to %d", 2000, len(got))
	}
}
