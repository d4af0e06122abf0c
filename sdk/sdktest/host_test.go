package sdktest_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/sdk"
	"patchbay/sdk/sdktest"
)

type job struct {
	ID string `json:"id"`
}

// connector has an operation of every kind.
func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "export", func(call *sdk.Call, in job) (string, error) {
		var state job
		found, err := call.State(&state)
		if err != nil {
			return "", err
		}
		if !found {
			return "", sdk.Pending(in, 90*time.Second)
		}
		return "exported " + state.ID + map[bool]string{true: " again"}[call.Attempt > 1], nil
	})
	sdk.PagedAction(c, "list", func(call *sdk.Call, _ struct{}) (sdk.Page[job], error) {
		var cursor int
		_, err := call.Cursor(&cursor)
		p := sdk.Page[job]{Items: []job{{ID: string(rune('a' + cursor))}}}
		if cursor < 2 {
			p.Cursor = cursor + 1
		}
		return p, err
	})
	sdk.Trigger(c, "quiet", func(*sdk.Call, struct{}) (sdk.Page[job], error) { return sdk.Page[job]{}, nil })
	sdk.Trigger(c, "new_job", func(call *sdk.Call, in job) (sdk.Page[job], error) {
		return sdk.Page[job]{Items: []job{in}, Cursor: map[string]string{"after": in.ID}}, nil
	})
	sdk.Options(c, "jobs", func(*sdk.Call, struct{}) (sdk.Page[sdk.Option], error) {
		return sdk.Page[sdk.Option]{Items: []sdk.Option{{Value: "j1", Label: "Job 1"}}}, nil
	})
	sdk.Schema(c, "fields", func(_ *sdk.Call, in job) (map[string]string, error) {
		return map[string]string{"title": in.ID}, nil
	})
	sdk.Test(c, "test", func(call *sdk.Call) (string, error) {
		return call.Connection.Auth + " " + call.Field("organization") + " " + call.BaseURL("api"), nil
	})
	sdk.Action(c, "log", func(call *sdk.Call, _ struct{}) (any, error) {
		call.Log.Debug("start")
		call.Log.Info("order", "id", "o1", "err", errors.New("late"), "took", time.Second, "n", 1, "bad", func() {}, 5, "odd")
		call.Log.Warn("w", "lonely")
		call.Log.Error("e")
		return nil, nil
	})
	sdk.Action(c, "fetch", func(call *sdk.Call, path string) (string, error) {
		resp, err := call.HTTP("api").Get(path, nil)
		if err != nil {
			return "", err
		}
		return string(resp.Body), nil
	})
	return c
}

func TestRun_Pending(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), nil)
	_, err := sdktest.Run[string](h, "export", job{ID: "j1"})
	var p *sdktest.Pending
	if !errors.As(err, &p) || string(p.State) != `{"id":"j1"}` || p.After != 90*time.Second {
		t.Fatalf("error %v, want pending", err)
	}
	got, err := sdktest.Resume[string](h, "export", job{ID: "j1"}, p)
	if err != nil || got != "exported j1 again" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRunPage(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), nil)
	var got []string
	for cursor := any(nil); ; {
		p, err := sdktest.RunPage[job](h, "list", nil, cursor)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p.Items[0].ID)
		if cursor = p.Cursor; cursor == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPoll(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), nil)
	got, err := sdktest.Poll[job](h, "new_job", job{ID: "j1"}, nil)
	want := sdk.Page[job]{Items: []job{{ID: "j1"}}, Cursor: json.RawMessage(`{"after":"j1"}`)}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	// A poll that gives no cursor keeps its place.
	if got, err = sdktest.Poll[job](h, "quiet", nil, want.Cursor); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Cursor, got.Cursor); diff != "" || len(got.Items) != 0 {
		t.Error(diff, got.Items)
	}
	if got, err = sdktest.Poll[job](h, "quiet", nil, nil); err != nil || got.Cursor != nil {
		t.Errorf("a first poll without a cursor: %v, %v", got, err)
	}
}

func TestOtherKinds(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), nil)
	options, err := sdktest.Options(h, "jobs", nil, nil)
	if diff := cmp.Diff(sdk.Page[sdk.Option]{Items: []sdk.Option{{Value: "j1", Label: "Job 1"}}}, options); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if schema, err := sdktest.Schema(h, "fields", job{ID: "x"}); err != nil || string(schema) != `{"title":"x"}` {
		t.Errorf("schema %s, %v", schema, err)
	}
	if who, err := sdktest.Test[string](h, "test"); err != nil || who != "  https://vendor.example" {
		t.Errorf("test %q, %v", who, err)
	}
	h.Auth, h.Fields, h.URLs = "token", map[string]any{"organization": "acme"}, map[string]string{"api": "https://x.example/v1"}
	if who, err := sdktest.Test[string](h, "test"); err != nil || who != "token acme https://x.example/v1" {
		t.Errorf("test %q, %v", who, err)
	}
	r, err := h.Do(sdktest.Call{Kind: abi.KindDescribe})
	if err != nil || !strings.Contains(string(r.Output), `{"kind":"test","name":"test"}`) {
		t.Errorf("describe %s, %v", r.Output, err)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), nil)
	if _, err := sdktest.Run[any](h, "log", nil); err != nil {
		t.Fatal(err)
	}
	logs := h.Logs()
	if len(logs) != 4 {
		t.Fatalf("%d lines, want 4", len(logs))
	}
	bad, _ := logs[1].Attrs["bad"].(string)
	if !strings.HasPrefix(bad, "0x") {
		t.Errorf("a value without JSON is logged as %q", bad)
	}
	delete(logs[1].Attrs, "bad")
	want := []abi.LogRecord{
		{Level: abi.LevelDebug, Message: "start"},
		{Level: abi.LevelInfo, Message: "order", Attrs: map[string]any{"id": "o1", "err": "late", "took": "1s", "n": json.Number("1"), "!badkey": "odd"}},
		{Level: abi.LevelWarn, Message: "w", Attrs: map[string]any{"!badkey": "lonely"}},
		{Level: abi.LevelError, Message: "e"},
	}
	if diff := cmp.Diff(want, logs); diff != "" {
		t.Error(diff)
	}
}

func TestVendor(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("vendor bug")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, r.Host+" "+r.RequestURI)
	}))
	if got, err := sdktest.Run[string](h, "fetch", "/a%2Fb"); err != nil || got != "vendor.example /a%2Fb" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := sdktest.Run[string](h, "fetch", "/abort")
	if f := abi.AsFault(err); f.Code != sdk.Unavailable {
		t.Errorf("a closed connection: %v", err)
	}
	var f *sdk.Fault
	_, err = sdktest.Run[string](h, "fetch", "/panic")
	if err == nil || errors.As(err, &f) || !strings.Contains(err.Error(), "the vendor panicked at GET https://vendor.example/panic: vendor bug") {
		t.Errorf("a vendor's panic: %v", err)
	}
	if _, err = sdktest.Run[string](h, "fetch", "/fine"); err != nil {
		t.Errorf("the call after a vendor's panic: %v", err)
	}
	if n := len(h.Requests()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
	h.Vendor = nil
	_, err = sdktest.Run[string](h, "fetch", "/x")
	if f := abi.AsFault(err); f.Code != sdk.Forbidden || !strings.Contains(f.Message, "no http grant") {
		t.Errorf("without a vendor: %v", err)
	}
}

// The boundary is the real host's: what a connector builds by hand is judged too.
func TestVendor_Refuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"authorization", "Cookie", "Host", "Connection", "Transfer-Encoding", "Proxy-Authorization", "Sec-Fetch-Mode", "Content-Length"} {
		c := sdk.New()
		sdk.Action(c, "a", func(call *sdk.Call, _ struct{}) (any, error) {
			api := call.HTTP("api")
			api.Header.Set(name, "x")
			return api.Get("/x", nil)
		})
		_, err := sdktest.Run[any](sdktest.New(c, http.NotFoundHandler()), "a", nil)
		if f := abi.AsFault(err); f.Code != sdk.InvalidInput {
			t.Errorf("%s: %v, want invalid_input", name, err)
		}
	}
}

func TestWrongTests(t *testing.T) {
	t.Parallel()
	h := sdktest.New(connector(), nil)
	var f *sdk.Fault
	for name, run := range map[string]func() error{
		"input without JSON": func() error { _, err := sdktest.Run[any](h, "export", math.NaN()); return err },
		"output of a type": func() error {
			_, err := sdktest.Resume[int](h, "export", nil, &sdktest.Pending{State: json.RawMessage(`{"id":"a"}`)})
			return err
		},
		"item of a type":     func() error { _, err := sdktest.RunPage[int](h, "list", nil, nil); return err },
		"page for an output": func() error { _, err := sdktest.Run[any](h, "list", nil); return err },
		"output for a page":  func() error { _, err := sdktest.RunPage[any](h, "log", nil, nil); return err },
	} {
		if err := run(); err == nil || errors.As(err, &f) {
			t.Errorf("%s: %v, want an error that is no fault", name, err)
		}
	}
	_, err := sdktest.Run[any](h, "missing", nil)
	if !errors.As(err, &f) || f.Code != sdk.Internal {
		t.Errorf("an operation that is not there: %v", err)
	}
}

// A test may say what the host would make of a response.
func TestHost_Failure(t *testing.T) {
	t.Parallel()
	c := sdk.New()
	sdk.Action(c, "send", func(call *sdk.Call, text string) (string, error) {
		resp, err := call.HTTP("api").Post("/send", sdk.JSON(text))
		if err != nil {
			return "", err
		}
		if !resp.OK() {
			return "", resp.Fault()
		}
		return string(resp.Body), nil
	})
	h := sdktest.New(c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	h.Failure = func(r abi.Response) *abi.Fault {
		if r.Status == 200 && string(r.Body) == `"bad"` {
			return abi.Faultf(abi.Conflict, "sent before")
		}
		return nil
	}
	if got, err := sdktest.Run[string](h, "send", "good"); err != nil || got != `"good"` {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := sdktest.Run[string](h, "send", "bad")
	var f *abi.Fault
	if !errors.As(err, &f) || f.Code != abi.Conflict || f.Message != "sent before" {
		t.Errorf("error %v, want the failure", err)
	}
}
