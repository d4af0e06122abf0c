package abi

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeEnvelope_KeepsNumbers(t *testing.T) {
	t.Parallel()
	const raw = `{"abi":1,"call":"c1","kind":"trigger","operation":"o","attempt":2,"deadline":2.5,` +
		`"input":{"n":12345678901234567890,"d":1.10},"cursor":1.10,"state":[1],` +
		`"connection":{"name":"a","auth":"t","fields":{"id":12345678901234567890,"on":true},"urls":{"api":"https://x"}}}`
	got, err := DecodeEnvelope([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := Envelope{ABI: 1, Call: "c1", Kind: KindTrigger, Operation: "o", Attempt: 2, Deadline: 2.5,
		Input: json.RawMessage(`{"n":12345678901234567890,"d":1.10}`), Cursor: json.RawMessage(`1.10`), State: json.RawMessage(`[1]`),
		Connection: &Connection{Name: "a", Auth: "t", Fields: map[string]any{"id": json.Number("12345678901234567890"), "on": true},
			URLs: map[string]string{"api": "https://x"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecode_ErrorsMatchErrJSON(t *testing.T) {
	t.Parallel()
	for name, read := range readers {
		if _, err := read([]byte("{\"a\":1,\"a\":1}\n")); !errors.Is(err, ErrJSON) {
			t.Errorf("%s: error %v does not match ErrJSON", name, err)
		}
	}
}

func TestResult_Constructors(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Result{
		`{"status":"done","output":null}`:                                             Done(nil),
		`{"status":"done","output":[1]}`:                                              Done(json.RawMessage("[1]")),
		`{"status":"fault","fault":{"code":"conflict","message":"m 1","field":"/a"}}`: Fail(Faultf(Conflict, "m %d", 1).At("/a")),
	} {
		got, err := json.Marshal(r)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
		if _, err := DecodeResult(got); err != nil {
			t.Error(err)
		}
	}
}

func TestResult_Last(t *testing.T) {
	t.Parallel()
	for cursor, want := range map[string]bool{"": true, "null": true, `""`: false, "0": false, "{}": false} {
		r := Result{Status: StatusPage, Cursor: json.RawMessage(cursor)}
		if r.Last() != want {
			t.Errorf("cursor %q: last %v, want %v", cursor, r.Last(), want)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	temporary := map[Code]bool{RateLimited: true, Unavailable: true, Timeout: true}
	for _, c := range Codes {
		if !c.Known() {
			t.Errorf("%s is not known", c)
		}
		if c.Temporary() != temporary[c] {
			t.Errorf("%s: temporary is %v", c, c.Temporary())
		}
		if row := fmt.Sprintf("//\t%-15s  %-9s  ", c, c.Retry()); !strings.Contains(string(doc), row) {
			t.Errorf("the table of the package comment has no row %q", row)
		}
		if _, ok := verbs[c]; !ok {
			t.Errorf("%s has no retry verb", c)
		}
	}
	if Code("").Known() || Code("Internal").Known() {
		t.Error("a code that does not exist is known")
	}
	if got := Code("later").Retry(); got != "report" {
		t.Errorf("an unknown code's retry verb is %q, want that of internal", got)
	}
}

func TestFault_Error(t *testing.T) {
	t.Parallel()
	var none *Fault
	for want, f := range map[string]*Fault{
		"not_found: no run r1":             Faultf(NotFound, "no run %s", "r1"),
		"invalid_input at /a/0: too short": Faultf(InvalidInput, "too short").At("/a/0"),
		"a fault that is nil":              none,
	} {
		if got := f.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAsFault(t *testing.T) {
	t.Parallel()
	f := Faultf(Conflict, "changed")
	if got := AsFault(fmt.Errorf("update: %w", f)); got != f {
		t.Errorf("got %v, want the fault within", got)
	}
	if diff := cmp.Diff(&Fault{Code: Internal, Message: "boom"}, AsFault(errors.New("boom"))); diff != "" {
		t.Error(diff)
	}
	var none *Fault
	if got := AsFault(none); got == nil || got.Code != Internal {
		t.Errorf("a nil fault gives %v, want an internal one", got)
	}
}

func TestErrno(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for e, name := range map[Errno]string{EPERM: "EPERM", E2BIG: "E2BIG", EFAULT: "EFAULT", EINVAL: "EINVAL", ENOSPC: "ENOSPC", ENOSYS: "ENOSYS"} {
		if !strings.Contains(string(doc), fmt.Sprintf("//\t%-3d %s", -int(e), name)) {
			t.Errorf("%s = -%d is not in the table of the package comment", name, e)
		}
		if e.Error() == "" || strings.HasPrefix(e.Error(), "error number") {
			t.Errorf("%s has no text", name)
		}
	}
	if got := Errno(99).Error(); got != "error number 99" {
		t.Errorf("got %q", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ModuleSys, ModuleHTTP, ModuleLog, ModuleWASI, FuncCall + "(op i32", FuncTake + "(ptr i32",
		ExportMemory, ExportInitialize + "() -> ()", ExportInvoke + "(len i32) -> i32",
		fmt.Sprintf("//\t%d  envelope", OpEnvelope), fmt.Sprintf("//\t%d  result", OpResult), fmt.Sprintf("//\t%d  send", OpSend), fmt.Sprintf("//\t%d  write", OpWrite),
		fmt.Sprintf("at most %d levels", MaxDepth), fmt.Sprintf("at most %d characters", MaxNumber)} {
		if !strings.Contains(string(doc), name) {
			t.Errorf("the package comment does not say %q", name)
		}
	}
}

func TestFrame_Encode(t *testing.T) {
	t.Parallel()
	req := Request{Method: "POST", URL: "https://x/?a=1&b=<\n>", Headers: map[string][]string{"A": {"1", "2"}}, Body: []byte("a\nb")}
	data, err := req.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRequest(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(req, got); diff != "" {
		t.Error(diff)
	}
	// Raw JSON with line feeds is compacted, so it cannot end the head early.
	resp := Response{Fault: &Fault{Code: Internal, Message: "m", Details: json.RawMessage("{\n\"a\": 1\n}")}}
	if data, err = resp.Encode(); err != nil || strings.Count(string(data), "\n") != 1 {
		t.Errorf("frame %q, %v, want one line feed", data, err)
	}
	resp.Fault.Details = json.RawMessage("{]")
	if data, err := resp.Encode(); err == nil {
		t.Errorf("details that are no JSON are encoded as %q", data)
	}
}

func TestLimits_WithDefaults(t *testing.T) {
	t.Parallel()
	want := Limits{Memory: 64 << 20, Wall: 30 * time.Second, Fuel: 20_000_000_000, HTTPCalls: 50, HostCalls: 1000, RequestBody: 8 << 20,
		ResponseBody: 16 << 20, Output: 8 << 20, Log: 64 << 10}
	if diff := cmp.Diff(want, Limits{}.WithDefaults()); diff != "" {
		t.Error(diff)
	}
	own := Limits{Memory: 1, Wall: 2, Fuel: 9, HTTPCalls: 3, HostCalls: 4, RequestBody: 5, ResponseBody: 6, Output: 7, Log: 8}
	if diff := cmp.Diff(own, own.WithDefaults()); diff != "" {
		t.Error(diff)
	}
}
