package delivery

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/manifest"
)

// rulesOf are the error rules of a connector of ours.
func rulesOf(t testing.TB, connector string) []manifest.ErrorRule {
	t.Helper()
	data, err := os.ReadFile("../../../plugins/" + connector + "/connector.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Errors) == 0 {
		t.Fatalf("%s has no error rules", connector)
	}
	return m.Errors
}

func reply(status int, body string, headers ...string) abi.Response {
	r := abi.Response{Status: status, Body: []byte(body), Headers: map[string][]string{}}
	for i := 0; i < len(headers); i += 2 {
		r.Headers[headers[i]] = append(r.Headers[headers[i]], headers[i+1])
	}
	return r
}

// The vendors' own answers, read by the connectors' own rules.
func TestClassify_Connectors(t *testing.T) {
	t.Parallel()
	detail := func(code, text string) string {
		return `{"type":"https://www.rfc-editor.org/rfc/rfc9110","title":"Error","status":400,"o:errorDetails":[{"detail":"` + text + `","o:errorCode":"` + code + `"}]}`
	}
	const blocked = "Concurrent request limit exceeded. Request blocked."
	for _, tt := range []struct {
		connector string
		resp      abi.Response
		want      abi.Fault
		looked    bool
	}{
		{"tallyfy", reply(429, `{"message":"Too Many Attempts.","code":"RATE_LIMIT_EXCEEDED"}`, "Retry-After", "40"),
			abi.Fault{Code: abi.RateLimited, Message: "answered 429: Too Many Attempts.", RetryAfter: 40}, false},
		{"tallyfy", reply(422, `{"message":"The given data was invalid.","errors":{"name":["Too long."]}}`),
			abi.Fault{Code: abi.InvalidInput, Message: "answered 422: The given data was invalid."}, false},
		{"tallyfy", reply(409, `{"error":{"code":"SEAT_POOL_EXHAUSTED","message":"No seats are left.","details":{}}}`),
			abi.Fault{Code: abi.Conflict, Message: "answered 409: No seats are left."}, false},
		{"tallyfy", reply(503, `<html>maintenance</html>`), abi.Fault{Code: abi.Unavailable, Message: "answered 503"}, false},
		{"tallyfy", reply(200, `{"error":true,"message":"not an error by any rule"}`), abi.Fault{}, false},
		{"netsuite", reply(429, detail("CONCURRENCY_LIMIT_EXCEEDED", blocked)), abi.Fault{Code: abi.RateLimited, Message: "answered 429: " + blocked}, true},
		{"netsuite", reply(400, detail("CONCURRENCY_LIMIT_EXCEEDED", blocked)), abi.Fault{Code: abi.RateLimited, Message: "answered 400: " + blocked}, true},
		{"netsuite", reply(400, detail("USER_ERROR", "Please enter value(s) for: Subsidiary.")), abi.Fault{Code: abi.InvalidInput, Message: "answered 400: Please enter value(s) for: Subsidiary."}, false},
		{"netsuite", reply(401, detail("INVALID_LOGIN", "Invalid login attempt.")), abi.Fault{Code: abi.Unauthorized, Message: "answered 401: Invalid login attempt."}, true},
	} {
		f, looked := Classify(rulesOf(t, tt.connector), request("POST"), tt.resp, time.Now())
		if f == nil {
			f = &abi.Fault{}
		}
		got := abi.Fault{Code: f.Code, Message: strings.TrimPrefix(f.Message, "POST https://vendor.example/api/runs "), RetryAfter: f.RetryAfter}
		if diff := cmp.Diff(tt.want, got); diff != "" || looked != tt.looked {
			t.Errorf("%s %d: looked %v %s", tt.connector, tt.resp.Status, looked, diff)
		}
	}
}

func TestClassify_Rules(t *testing.T) {
	t.Parallel()
	rule := func(r manifest.ErrorRule) manifest.ErrorRule { r.Code = "conflict"; return r }
	for _, tt := range []struct {
		name string
		rule manifest.ErrorRule
		resp abi.Response
		want bool
	}{
		{"status", rule(manifest.ErrorRule{Status: 418}), reply(418, ""), true},
		{"another status", rule(manifest.ErrorRule{Status: 418}), reply(419, ""), false},
		{"text", rule(manifest.ErrorRule{Pointer: "/a/b", Equals: "x"}), reply(400, `{"a":{"b":"x"}}`), true},
		{"other text", rule(manifest.ErrorRule{Pointer: "/a/b", Equals: "x"}), reply(400, `{"a":{"b":"X"}}`), false},
		{"a number", rule(manifest.ErrorRule{Pointer: "/n", Equals: "3200"}), reply(400, `{"n":3200}`), true},
		{"a number as it is written", rule(manifest.ErrorRule{Pointer: "/n", Equals: "3200"}), reply(400, `{"n":3200.0}`), false},
		{"false", rule(manifest.ErrorRule{Pointer: "/ok", Equals: "false"}), reply(400, `{"ok":false}`), true},
		{"an object is equal to nothing", rule(manifest.ErrorRule{Pointer: "/o", Equals: "{}"}), reply(400, `{"o":{}}`), false},
		{"there is one", rule(manifest.ErrorRule{Pointer: "/o"}), reply(400, `{"o":{}}`), true},
		{"there is false", rule(manifest.ErrorRule{Pointer: "/o"}), reply(400, `{"o":false}`), true},
		{"null is none", rule(manifest.ErrorRule{Pointer: "/o"}), reply(400, `{"o":null}`), false},
		{"there is none", rule(manifest.ErrorRule{Pointer: "/o"}), reply(400, `{}`), false},
		{"an item", rule(manifest.ErrorRule{Pointer: "/0/code", Equals: "X"}), reply(400, `[{"code":"X"}]`), true},
		{"an item beyond", rule(manifest.ErrorRule{Pointer: "/1"}), reply(400, `[1]`), false},
		{"an index with a zero before it", rule(manifest.ErrorRule{Pointer: "/00"}), reply(400, `[1]`), false},
		{"a negative index", rule(manifest.ErrorRule{Pointer: "/-1"}), reply(400, `[1]`), false},
		{"escapes", rule(manifest.ErrorRule{Pointer: "/a~1b~0c~01"}), reply(400, `{"a/b~c~1":1}`), true},
		{"an empty key", rule(manifest.ErrorRule{Pointer: "/"}), reply(400, `{"":1}`), true},
		{"no JSON", rule(manifest.ErrorRule{Pointer: "/a"}), reply(400, `<html>`), false},
		{"no body", rule(manifest.ErrorRule{Pointer: "/a"}), reply(400, ``), false},
		{"a very long body", rule(manifest.ErrorRule{Pointer: "/a"}), reply(400, `{"a":"`+strings.Repeat("x", maxBody)+`"}`), false},
		{"a header", rule(manifest.ErrorRule{Header: "x-error"}), reply(400, ``, "X-Error", ""), true},
		{"no header", rule(manifest.ErrorRule{Header: "X-Error"}), reply(400, ``), false},
		{"a header's value", rule(manifest.ErrorRule{Header: "X-Error", Equals: "b"}), reply(400, ``, "X-Error", "a", "X-Error", " b "), true},
		{"a header's other value", rule(manifest.ErrorRule{Header: "X-Error", Equals: "b"}), reply(400, ``, "X-Error", "a"), false},
		{"a success, named", rule(manifest.ErrorRule{Status: 200, Pointer: "/a"}), reply(200, `{"a":1}`), true},
		{"a success by its header", rule(manifest.ErrorRule{Status: 202, Header: "X-Error"}), reply(202, ``, "X-Error", "1"), true},
		{"a success, not named", rule(manifest.ErrorRule{Pointer: "/a"}), reply(200, `{"a":1}`), false},
		{"a redirect, not named", rule(manifest.ErrorRule{Pointer: "/a"}), reply(302, `{"a":1}`), false},
		{"nothing to match", rule(manifest.ErrorRule{}), reply(400, ``), false},
	} {
		f, _ := Classify([]manifest.ErrorRule{tt.rule}, request("GET"), tt.resp, time.Now())
		if got := f != nil && f.Code == abi.Conflict; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	// The first rule that matches decides; a code of a later version is internal.
	rules := []manifest.ErrorRule{{Status: 400, Pointer: "/a", Code: "later"}, {Status: 400, Code: "conflict"}, {Status: 400, Code: "forbidden"}}
	for body, want := range map[string]abi.Code{`{"a":1}`: abi.Internal, `{}`: abi.Conflict} {
		if f, _ := Classify(rules, request("GET"), reply(400, body), time.Now()); f.Code != want {
			t.Errorf("%s: %s, want %s", body, f.Code, want)
		}
	}
}

// Without a rule a status means what the SDK's Response.Fault says of it.
func TestClassify_Statuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]abi.Code{200: "", 204: "", 302: "", 399: "", 400: abi.InvalidInput, 401: abi.Unauthorized, 402: abi.Forbidden,
		403: abi.Forbidden, 404: abi.NotFound, 405: abi.Internal, 408: abi.Timeout, 409: abi.Conflict, 410: abi.NotFound, 412: abi.Conflict,
		418: abi.Internal, 422: abi.InvalidInput, 429: abi.RateLimited, 500: abi.Unavailable, 503: abi.Unavailable, 599: abi.Unavailable, 600: abi.Internal} {
		f, looked := Classify(nil, request("GET"), reply(status, ""), time.Now())
		if f == nil {
			f = &abi.Fault{}
		}
		if f.Code != want || looked {
			t.Errorf("%d: %s, want %q", status, f.Code, want)
		}
	}
}

// The vendor's words are harmless in a terminal, a log and a page, and short.
func TestClassify_Words(t *testing.T) {
	t.Parallel()
	rules := []manifest.ErrorRule{{Status: 400, Code: "invalid_input", Message: "/m"}}
	for _, tt := range []struct{ body, want string }{
		{`{"m":"plain"}`, ": plain"},
		{`{"m":"two\r\n lines\tand \u001b[31mred\u0000"}`, ": two lines and [31mred"},
		{`{"m":"right\u202eleft\u200b\ufeff"}`, ": rightleft"},
		{`{"m":"C1\u009b2J"}`, ": C1 2J"},
		{`{"m":"Größe 数量 🙂"}`, ": Größe 数量 🙂"},
		{`{"m":42}`, ": 42"},
		{`{"m":""}`, ""},
		{`{"m":" \n "}`, ""},
		{`{"m":{"a":1}}`, ""},
		{`{}`, ""},
		{`{"m":"` + strings.Repeat("é", 4000) + `"}`, ": " + strings.Repeat("é", (maxWords-3)/2) + "..."},
	} {
		f, _ := Classify(rules, request("GET"), reply(400, tt.body), time.Now())
		if got := strings.TrimPrefix(f.Message, "GET https://vendor.example/api/runs answered 400"); got != tt.want {
			t.Errorf("%.60s\ngot  %.80q\nwant %.80q", tt.body, got, tt.want)
		}
	}
	long := abi.Request{Method: "GET", URL: "https://vendor.example/" + strings.Repeat("a", 5000) + "?secret"}
	if f, _ := Classify(nil, long, reply(404, ""), time.Now()); len(f.Message) > 400 || strings.Contains(f.Message, "secret") {
		t.Errorf("message of %d bytes: %s", len(f.Message), f.Message)
	}
}

// Only a code that passes with time has a time to wait.
func TestClassify_RetryAfter(t *testing.T) {
	t.Parallel()
	for _, code := range abi.Codes {
		rules := []manifest.ErrorRule{{Status: 418, Code: string(code), RetryAfter: "/wait"}}
		f, _ := Classify(rules, request("GET"), reply(418, `{"wait":9}`, "Retry-After", "5"), time.Now())
		want := 0.0
		if code.Temporary() {
			want = 9
		}
		if f.RetryAfter != want {
			t.Errorf("%s: %v, want %v", code, f.RetryAfter, want)
		}
	}
}

// Whatever a vendor answers, the fault is one that a guest can read, short, and made of harmless characters.
func FuzzClassify(f *testing.F) {
	f.Add(429, []byte(`{"message":"Too Many Attempts.","code":"RATE_LIMIT_EXCEEDED","retry_after":2.5}`), "40", "Fri, 20 Nov 2026 19:00:00 GMT")
	f.Add(200, []byte(`{"ok":false,"error":[{"code":3200}]}`), "", "")
	f.Add(500, []byte("\xff\x00"+strings.Repeat("[", 100)), "-1", "x")
	rules := []manifest.ErrorRule{
		{Status: 200, Pointer: "/ok", Equals: "false", Code: "conflict", Message: "/error/0/code"},
		{Pointer: "/error/0", Code: "unavailable", Message: "/error/0", RetryAfter: "/retry_after"},
		{Header: "Retry-After", Equals: "1", Code: "timeout"},
		{Status: 429, Code: "rate_limited", Message: "/message", RetryAfter: "/retry_after"},
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, after, date string) {
		status = 100 + int(uint(status)%900)
		resp := reply(status, string(body), "Retry-After", after, "Date", date)
		resp.Failure, _ = Classify(rules, request("GET"), resp, time.Now())
		if resp.Failure == nil {
			if status >= 400 {
				t.Fatal("an error without a failure")
			}
			return
		}
		data, err := resp.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := abi.DecodeResponse(data); err != nil {
			t.Fatal(err)
		}
		m := resp.Failure.Message
		if len(m) > maxWords+100 || !utf8.ValidString(m) || strings.ContainsFunc(m, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("message %q", m)
		}
		if a := resp.Failure.RetryAfter; a < 0 || a > longest.Seconds() || math.IsNaN(a) {
			t.Fatalf("retry_after %v", a)
		}
		if !json.Valid(resp.Failure.Details) {
			t.Fatal("details that are no JSON")
		}
	})
}

// A body at the limit is read in bounded time, whatever it holds.
func TestDocument_Bounded(t *testing.T) {
	for name, body := range map[string]string{
		"deep":       strings.Repeat(`{"a":`, maxBody/10) + "1",
		"wide":       "[" + strings.Repeat("[],", maxBody/3-2) + "1]",
		"long names": `{"` + strings.Repeat("k", maxBody-100) + `":1}`,
		"numbers":    "[" + strings.Repeat("1,", maxBody/2-2) + "1]",
	} {
		start := time.Now()
		d := document{raw: []byte(body)}
		for range 100 { // rules
			d.at("/a/a/a")
		}
		if took := time.Since(start); took > 5*time.Second || len(body) > maxBody {
			t.Errorf("%s: %v for %d bytes", name, took, len(body))
		}
	}
}
