package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

// silent is a host that has no capability at all.
type silent struct{}

func (silent) HTTP([]byte) ([]byte, error) { return nil, abi.EPERM }
func (silent) Log([]byte) error            { return abi.ENOSPC }

func invokeOn(t *testing.T, c *Connector, kind abi.Kind, operation, input string) abi.Result {
	t.Helper()
	env := abi.Envelope{ABI: abi.Version, Call: "c1", Kind: kind, Operation: operation, Attempt: 1, Deadline: 30}
	if input != "" {
		env.Input = json.RawMessage(input)
	}
	data, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	r, err := abi.DecodeResult(c.Invoke(silent{}, data))
	if err != nil {
		t.Fatalf("the host would refuse the result: %v", err)
	}
	return r
}

func wantFault(t *testing.T, r abi.Result, code Code, message string) {
	t.Helper()
	if r.Status != abi.StatusFault || r.Fault.Code != code || !strings.Contains(r.Fault.Message, message) {
		t.Errorf("result %+v, fault %v, want %s with %q", r, r.Fault, code, message)
	}
}

func echo(_ *Call, in string) (string, error) { return in, nil }

func TestDescribe(t *testing.T) {
	t.Parallel()
	c := New()
	Trigger(c, "b", func(*Call, struct{}) (Page[int], error) { return Page[int]{}, nil })
	Action(c, "b", echo)
	Action(c, "a", echo)
	Test(c, "test", func(*Call) (any, error) { return nil, nil })
	Options(c, "b", func(*Call, struct{}) (Page[Option], error) { return Page[Option]{}, nil })
	Schema(c, "b", echo)
	PagedAction(c, "z", func(*Call, struct{}) (Page[int], error) { return Page[int]{}, nil })
	r := invokeOn(t, c, abi.KindDescribe, "", "")
	const want = `{"operations":[{"kind":"action","name":"a"},{"kind":"action","name":"b"},{"kind":"action","name":"z"},` +
		`{"kind":"options","name":"b"},{"kind":"schema","name":"b"},{"kind":"test","name":"test"},{"kind":"trigger","name":"b"}],"sdk":"go/1"}`
	if diff := cmp.Diff(want, string(r.Output)); diff != "" {
		t.Error(diff)
	}
	if got := string(invokeOn(t, New(), abi.KindDescribe, "", "").Output); got != `{"operations":[],"sdk":"go/1"}` {
		t.Errorf("an empty connector describes itself as %s", got)
	}
}

// Registration mistakes are told by every call, describe included, and all at once.
func TestRegistration_Mistakes(t *testing.T) {
	c := New()
	Action(c, "a", echo)
	Action(c, "a", echo)
	Action(c, "", echo)
	t.Cleanup(func() { serving = nil })
	Serve(c)
	Schema(c, "late", echo)
	for _, kind := range []abi.Kind{abi.KindDescribe, abi.KindAction} {
		r := invokeOn(t, c, kind, "a", `"x"`)
		for _, want := range []string{`action "a" registered twice`, "action registered without a name", `schema "late" registered after Serve`} {
			wantFault(t, r, Internal, want)
		}
	}
}

func TestServe(t *testing.T) {
	first, second := New(), New()
	t.Cleanup(func() { serving = nil })
	Serve(first)
	if serving != first || invokeOn(t, first, abi.KindDescribe, "", "").Status != abi.StatusDone {
		t.Error("the first connector does not serve")
	}
	Serve(second)
	for _, c := range []*Connector{first, second} {
		wantFault(t, invokeOn(t, c, abi.KindDescribe, "", ""), Internal, "serve called twice")
	}
}

func TestInvoke_Faults(t *testing.T) {
	t.Parallel()
	c := New()
	Action(c, "echo", echo)
	Action(c, "panics", func(*Call, string) (string, error) { panic("secret " + strings.Repeat("é", 200)) })
	Action(c, "panics_oddly", func(*Call, string) (string, error) { panic("\xff\xfe") })
	//lint:ignore SA5000 the panic is what is tested
	Action(c, "nil_map", func(*Call, string) (string, error) { var m map[string]int; m["a"] = 1; return "", nil })
	Action(c, "plain", func(*Call, string) (string, error) { return "", errors.New("no luck") })
	Action(c, "wrapped", func(*Call, string) (string, error) {
		return "", fmt.Errorf("save: %w", Faultf(Conflict, "changed").At("/a"))
	})
	Action(c, "nil_fault", func(*Call, string) (string, error) { var f *Fault; return "", f })
	Action(c, "nan", func(*Call, string) (float64, error) { return math.NaN(), nil })
	Action(c, "bad_raw", func(*Call, string) (json.RawMessage, error) { return json.RawMessage("{]"), nil })
	PagedAction(c, "bad_item", func(*Call, string) (Page[func()], error) { return Page[func()]{Items: []func(){nil}}, nil })
	PagedAction(c, "bad_cursor", func(*Call, string) (Page[int], error) { return Page[int]{Cursor: func() {}}, nil })
	PagedAction(c, "long_page", func(*Call, string) (Page[int], error) { return Page[int]{Items: make([]int, abi.MaxItems+1)}, nil })
	Action(c, "bad_state", func(*Call, string) (string, error) { return "", Pending(func() {}, 0) })
	Action(c, "past", func(*Call, string) (string, error) { return "", Pending(1, -time.Second) })
	Action(c, "too_late", func(*Call, string) (string, error) { return "", Pending(1, 8*24*time.Hour) })
	for _, tt := range []struct {
		operation string
		code      Code
		message   string
	}{
		{"panics", Internal, "the guest panicked: secret " + strings.Repeat("é", 96) + "..."},
		{"panics_oddly", Internal, "the guest panicked: \uFFFD"},
		{"nil_map", Internal, "the guest panicked: assignment to entry in nil map"},
		{"plain", Internal, "no luck"},
		{"wrapped", Conflict, "changed"},
		{"nil_fault", Internal, "a fault that is nil"},
		{"nan", Internal, "encode output: json: unsupported value: NaN"},
		{"bad_raw", Internal, "encode output"},
		{"bad_item", Internal, "encode item"},
		{"bad_cursor", Internal, "encode cursor"},
		{"long_page", LimitExceeded, "a page of 10001 items, at most 10000 are allowed: return the others with a cursor"},
		{"bad_state", Internal, "encode state"},
		{"past", Internal, "pending for -1s, want 0 to 168h0m0s"},
		{"too_late", Internal, "pending for 192h0m0s"},
		{"nope", Internal, `the guest has no action "nope"; it offers bad_cursor, bad_item, bad_raw`},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			wantFault(t, invokeOn(t, c, abi.KindAction, tt.operation, `"x"`), tt.code, tt.message)
		})
	}
	wantFault(t, invokeOn(t, c, abi.KindTrigger, "echo", ""), Internal, `no trigger "echo"; it offers none of this kind`)
	if r := invokeOn(t, c, abi.KindAction, "wrapped", `"x"`); r.Fault.Field != "/a" {
		t.Errorf("field %q, want /a", r.Fault.Field)
	}
}

// A mistake in a fault must not hide the fault: what the host would refuse is left out.
func TestInvoke_BrokenFaults(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]*Fault{
		`{"code":"internal","message":"(teapot) short and stout"}`:         {Code: "teapot", Message: "short and stout"},
		`{"code":"not_found","message":"no message"}`:                      {Code: NotFound},
		`{"code":"rate_limited","message":"a"}`:                            {Code: RateLimited, Message: "a", RetryAfter: -1},
		`{"code":"rate_limited","message":"b"}`:                            {Code: RateLimited, Message: "b", RetryAfter: math.NaN()},
		`{"code":"rate_limited","message":"c"}`:                            {Code: RateLimited, Message: "c", RetryAfter: math.Inf(1)},
		`{"code":"rate_limited","message":"d","retry_after":1.5}`:          {Code: RateLimited, Message: "d", RetryAfter: 1.5},
		`{"code":"conflict","message":"e"}`:                                {Code: Conflict, Message: "e", Details: json.RawMessage("{]")},
		`{"code":"conflict","message":"f"}`:                                {Code: Conflict, Message: "f", Details: json.RawMessage(` "text"`)},
		`{"code":"conflict","message":"g","field":"/a","details":{"n":1}}`: {Code: Conflict, Message: "g", Field: "/a", Details: json.RawMessage(` {"n": 1}`)},
	} {
		c := New()
		Action(c, "fail", func(*Call, struct{}) (any, error) { return nil, f })
		before := *f
		r := invokeOn(t, c, abi.KindAction, "fail", `{}`)
		got, err := json.Marshal(r.Fault)
		if err != nil || string(got) != want {
			t.Errorf("fault %s, %v, want %s", got, err, want)
		}
		if before.Code != f.Code || before.Message != f.Message {
			t.Error("the connector's own fault was changed")
		}
	}
}

func TestInvoke_BadEnvelope(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "{]", `{"abi":2,"call":"c","kind":"describe","attempt":1,"deadline":1}`} {
		r, err := abi.DecodeResult(New().Invoke(silent{}, []byte(data)))
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, r, Internal, "envelope: ")
	}
}

func FuzzInvoke(f *testing.F) {
	f.Add([]byte(`{"abi":1,"call":"c","kind":"action","operation":"a","attempt":1,"deadline":1,"input":{"n":[{"m":"x"}]}}`))
	f.Add([]byte(`{"abi":1,"call":"c","kind":"trigger","operation":"t","attempt":1,"deadline":1e300,"cursor":{"a":[1]}}`))
	c := New()
	Action(c, "a", func(_ *Call, in struct{ N []map[string]int }) (any, error) { return in, nil })
	Trigger(c, "t", func(call *Call, in map[string]any) (Page[any], error) {
		var cursor struct{ A []int }
		_, err := call.Cursor(&cursor)
		return Page[any]{Items: []any{in, call.TimeLeft()}, Cursor: cursor}, err
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := abi.DecodeResult(c.Invoke(silent{}, data)); err != nil {
			t.Fatalf("the host would refuse the result: %v", err)
		}
	})
}

func TestPagedAction_FullPage(t *testing.T) {
	t.Parallel()
	c := New()
	PagedAction(c, "full", func(*Call, struct{}) (Page[int], error) { return Page[int]{Items: make([]int, abi.MaxItems)}, nil })
	if r := invokeOn(t, c, abi.KindAction, "full", "{}"); r.Status != abi.StatusPage || len(r.Items) != abi.MaxItems {
		t.Errorf("status %s, %d items, fault %v", r.Status, len(r.Items), r.Fault)
	}
}
