package sdk

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

func response(status int, body string, header ...string) *Response {
	h := Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	sent := &abi.Request{Method: "GET", URL: "https://vendor.example/api/runs?key=hunter2"}
	return newResponse(sent, abi.Response{Status: status, Headers: h, Body: []byte(body)})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const date = "Fri, 20 Nov 2026 19:00:00 GMT"
	for _, tt := range []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{"30", 30 * time.Second, true},
		{" 2.5 ", 2500 * time.Millisecond, true},
		{"1.", time.Second, true},
		{"99999999999999999999999", 7 * 24 * time.Hour, true},
		{"-5", 0, false},
		{"+5", 0, false},
		{".5", 0, false},
		{"1e3", 0, false},
		{"0x10", 0, false},
		{"1_000", 0, false},
		{"Inf", 0, false},
		{"NaN", 0, false},
		{"1.2.3", 0, false},
		{"30 seconds", 0, false},
		{"soon", 0, false},
		{"Fri, 20 Nov 2026 19:01:30 GMT", 90 * time.Second, true},
		{"Friday, 20-Nov-26 19:00:05 GMT", 5 * time.Second, true},
		{"Fri Nov 20 19:00:07 2026", 7 * time.Second, true},
		{"Fri, 20 Nov 2026 18:00:00 GMT", 0, true},
		{"Fri, 20 Nov 2099 19:00:00 GMT", 7 * 24 * time.Hour, true},
		{"Fri, 20 Nov 2026 19:01:30 +0100", 0, false},
	} {
		got, ok := response(429, "", "Retry-After", tt.value, "Date", date).RetryAfter()
		if got != tt.want || ok != tt.ok {
			t.Errorf("%q: %v, %v, want %v, %v", tt.value, got, ok, tt.want, tt.ok)
		}
	}
	at := time.Now().Add(time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	for _, date := range []string{"", "yesterday"} {
		got, ok := response(429, "", "Retry-After", at, "Date", date).RetryAfter()
		if !ok || got < 50*time.Minute || got > time.Hour {
			t.Errorf("with the date %q: %v, %v, want about an hour", date, got, ok)
		}
	}
}

func TestResponse_Fault(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]Code{200: Internal, 302: Internal, 400: InvalidInput, 401: Unauthorized, 402: Forbidden,
		403: Forbidden, 404: NotFound, 405: Internal, 408: Timeout, 409: Conflict, 410: NotFound, 412: Conflict, 418: Internal,
		422: InvalidInput, 429: RateLimited, 500: Unavailable, 503: Unavailable, 504: Unavailable, 599: Unavailable, 600: Internal} {
		f := response(status, "").Fault()
		if f.Code != code {
			t.Errorf("%d: %s, want %s", status, f.Code, code)
		}
		if err := json.Unmarshal(f.Details, &struct{}{}); err != nil {
			t.Error(err)
		}
	}
	want := &Fault{Code: RateLimited, Message: "GET https://vendor.example/api/runs answered 429", RetryAfter: 1.5, Details: json.RawMessage(`{"status":429}`)}
	if diff := cmp.Diff(want, response(429, "slow down", "Retry-After", "1.5").Fault()); diff != "" {
		t.Error(diff)
	}
	if f := response(404, "", "Retry-After", "5").Fault(); f.RetryAfter != 0 {
		t.Errorf("a fault that nobody retries has retry_after %v", f.RetryAfter)
	}
	if f := response(302, "").Fault(); f.Message != "GET https://vendor.example/api/runs answered 302, a redirect that the manifest's grants do not allow the host to follow" {
		t.Errorf("message %q", f.Message)
	}
}

// What the host makes of a response decides; the connector may change its own copy.
func TestResponse_Failure(t *testing.T) {
	t.Parallel()
	failed := func(status int, failure Fault, header ...string) *Response {
		r := response(status, "", header...)
		r.failure = &failure
		return r
	}
	for _, tt := range []struct {
		name string
		r    *Response
		want *Fault
	}{
		{"in a success", failed(200, Fault{Code: Conflict, Message: "m"}), &Fault{Code: Conflict, Message: "m", Details: json.RawMessage(`{"status":200}`)}},
		{"another code than the status's", failed(400, Fault{Code: RateLimited, Message: "m", RetryAfter: 7}, "Retry-After", "3"),
			&Fault{Code: RateLimited, Message: "m", RetryAfter: 7, Details: json.RawMessage(`{"status":400}`)}},
		{"with the header's time", failed(503, Fault{Code: Unavailable, Message: "m"}, "Retry-After", "3"),
			&Fault{Code: Unavailable, Message: "m", RetryAfter: 3, Details: json.RawMessage(`{"status":503}`)}},
		{"with details", failed(500, Fault{Code: InDoubt, Message: "m", Details: json.RawMessage(`{"a":1}`)}, "Retry-After", "3"),
			&Fault{Code: InDoubt, Message: "m", Details: json.RawMessage(`{"a":1}`)}},
	} {
		if tt.r.OK() {
			t.Errorf("%s: OK", tt.name)
		}
		got := tt.r.Fault()
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		got.Message = "mine"
		if tt.r.Fault().Message != "m" {
			t.Errorf("%s: the connector has changed the response", tt.name)
		}
	}
	sent := &abi.Request{Method: "GET", URL: "https://vendor.example"}
	if newResponse(sent, abi.Response{Status: 200, Failure: &Fault{Code: Conflict, Message: "m"}}).OK() {
		t.Error("the failure is lost on its way")
	}
}

func TestResponse_OK(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{199: false, 200: true, 204: true, 299: true, 300: false, 404: false} {
		if got := response(status, "").OK(); got != want {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
}

// TestResponse_JSONNull has null read by what can tell it from nothing, and by what cannot.
func TestResponse_JSONNull(t *testing.T) {
	t.Parallel()
	null := response(200, "null")
	if err := errors.Join(null.JSON(new(any)), null.JSON(new(*int)), null.JSON(new(json.RawMessage))); err != nil {
		t.Error(err)
	}
	for _, v := range []any{new([]int), new(map[string]any), new(string)} {
		if null.JSON(v) == nil {
			t.Errorf("null was read as %T", v)
		}
	}
}

func TestResponse_JSON(t *testing.T) {
	t.Parallel()
	var v struct {
		ID    string
		Items []struct{ N int }
		Any   any
	}
	if err := response(200, ` {"id":"a","items":[{"n":1}],"any":12345678901234567890} `).JSON(&v); err != nil {
		t.Fatal(err)
	}
	if v.ID != "a" || v.Items[0].N != 1 || v.Any != json.Number("12345678901234567890") {
		t.Errorf("read %+v", v)
	}
	for _, tt := range []struct {
		r    *Response
		want string
	}{
		{response(200, "<html>", "Content-Type", "text/html"), "unavailable: GET https://vendor.example/api/runs answered 200 with a body that is not JSON (text/html)"},
		{response(204, ""), "unavailable: GET https://vendor.example/api/runs answered 204 with a body that is not JSON (no content type)"},
		{response(200, "{} {}"), "unavailable: GET https://vendor.example/api/runs answered 200 with a body that is not JSON (no content type)"},
		{response(200, "{\"name\": \"\xff\"}"), "unavailable: GET https://vendor.example/api/runs answered 200 with a body that is not valid UTF-8"},
		{response(200, `{"items":[{"n":1},{"n":"2"}]}`), "internal: GET https://vendor.example/api/runs: read the response at /items/1/n: want an integer, got string"},
		{response(200, `[]`), "internal: GET https://vendor.example/api/runs: read the response: want an object, got array"},
		{response(200, " null "), "internal: GET https://vendor.example/api/runs: read the response: want an object, got null"},
	} {
		if err := tt.r.JSON(&v); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

func TestResponse_Link(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		headers []string
		rel     string
		want    string
	}{
		{nil, "next", ""},
		{[]string{`<https://vendor.example/api/runs?page=2>; rel="next"`}, "next", "https://vendor.example/api/runs?page=2"},
		{[]string{`<?page=1>; rel=prev, <?page=3>;rel=next`}, "next", "https://vendor.example/api/runs?page=3"},
		{[]string{`<?page=1>; rel=prev`, `</x>; rel="NEXT last"; title="a, b; c"`}, "next", "https://vendor.example/x"},
		{[]string{`<a,b;c>; title="say \"hi\", <b>; rel=next"; rel="next"`}, "next", "https://vendor.example/api/a,b;c"},
		{[]string{`<1>; rel="first"; rel="next"`}, "next", ""},
		{[]string{`<1>; nofollow; rel = "next"`}, "next", "https://vendor.example/api/1"},
		{[]string{`<1>; rel="previous"`}, "rev", ""},
		{[]string{`<1; rel="next"`}, "next", ""},
		{[]string{`<1> rel="next"`}, "next", ""},
		{[]string{`<1>; rel="next`}, "next", "https://vendor.example/api/1"},
		{[]string{`<%zz>; rel="next"`}, "next", ""},
		{[]string{`,, ,`}, "next", ""},
	} {
		r := response(200, "")
		r.Header["Link"] = tt.headers
		if got := r.Link(tt.rel); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.headers, got, tt.want)
		}
	}
}

func FuzzLink(f *testing.F) {
	f.Add(`<https://vendor.example/api/runs?page=2>; rel="next", <x>; title="a\"b"; rel=last`)
	f.Fuzz(func(t *testing.T, header string) {
		response(200, "", "Link", header).Link("next")
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("2.5", "")
	f.Add("Fri, 20 Nov 2026 19:01:30 GMT", "Fri, 20 Nov 2026 19:00:00 GMT")
	f.Fuzz(func(t *testing.T, value, date string) {
		if d, ok := response(429, "", "Retry-After", value, "Date", date).RetryAfter(); d < 0 || d > 7*24*time.Hour || !ok && d != 0 {
			t.Fatalf("%v, %v", d, ok)
		}
	})
}

func TestHeader(t *testing.T) {
	t.Parallel()
	h := Header{}
	h.Set("x-tallyfy-client", "APIClient")
	h.Add("ACCEPT", "a")
	h.Add("accept", "b")
	want := Header{"X-Tallyfy-Client": {"APIClient"}, "Accept": {"a", "b"}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Error(diff)
	}
	if h.Get("Accept") != "a" || h.Get("none") != "" || len(h.Values("aCCept")) != 2 {
		t.Error("a field is not found in another spelling")
	}
	h.Set("Accept", "c")
	if diff := cmp.Diff([]string{"c"}, h.Values("accept")); diff != "" {
		t.Error(diff)
	}
	if got := (Header)(nil).Get("a"); got != "" {
		t.Errorf("a nil header has %q", got)
	}
}
