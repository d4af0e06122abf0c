package lab

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// exchangeOf parses one exchange from the texts of its request and response.
func exchangeOf(t *testing.T, request, response string) cases.Exchange {
	t.Helper()
	text := "-- call.json --\n{\"operation\": \"x\"}\n-- http/1.request --\n" + strings.TrimSuffix(request, "\n") + "\n-- http/1.response --\n" + strings.TrimSuffix(response, "\n") + "\n-- output.json --\n{}\n"
	k, err := cases.Parse("x.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k.Exchanges[0]
}

func requestOf(t *testing.T, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestReplay_Matches(t *testing.T) {
	t.Parallel()
	const want = "POST https://a.example/x?a=1&b=2&b=3\nX-Client: c\n\n"
	const url = "https://a.example/x?a=1&b=2&b=3"
	client := []string{"X-Client", "c"}
	for _, tt := range []struct {
		name, want, method, url, body string
		header                        []string
		problem                       string
	}{
		{"same", want, "POST", url, "", client, ""},
		{"query in another order", want, "POST", "https://a.example/x?b=2&b=3&a=1", "", client, ""},
		{"a question mark and no query", "GET https://a.example/x?", "GET", "https://a.example/x", "", nil, ""},
		{"more headers", want, "POST", url, "", append([]string{"Accept", "x"}, client...), ""},
		{"other method", want, "PUT", url, "", client, "method PUT, want POST"},
		{"other path", want, "POST", "https://a.example/y?a=1&b=2&b=3", "", client, "URL https://a.example/y, want https://a.example/x"},
		{"other host", want, "POST", "https://b.example/x?a=1&b=2&b=3", "", client, "URL https://b.example/x"},
		{"other scheme", want, "POST", "http://a.example/x?a=1&b=2&b=3", "", client, "URL http://"},
		{"values in another order", want, "POST", "https://a.example/x?a=1&b=3&b=2", "", client, `query "a=1&b=3&b=2", want`},
		{"parameter missing", want, "POST", "https://a.example/x?a=1", "", client, "query"},
		{"parameter too many", want, "POST", url + "&c=4", "", client, "query"},
		{"header missing", want, "POST", url, "", nil, `header X-Client is "", want "c"`},
		{"header twice", want, "POST", url, "", append(client, "X-Client", "d"), `header X-Client is "c, d"`},
		{"body unexpected", want, "POST", url, "x", client, "body is\nx\nwant\n"},
		{"JSON in another order", want + `{"a": 1, "b": [1, {"c": null}]}`, "POST", url, `{"b":[1,{"c":null}],"a":1}`, client, ""},
		{"JSON of other value", want + `{"a": 1}`, "POST", url, `{"a":2}`, client, "body is"},
		{"JSON list in another order", want + `[1, 2]`, "POST", url, `[2,1]`, client, "body is"},
		{"number of another type", want + `{"a": 1}`, "POST", url, `{"a":"1"}`, client, "body is"},
		{"number written otherwise", want + `{"a": 1.10}`, "POST", url, `{"a":1.1}`, client, "body is"},
		{"great numbers", want + `{"a": 12345678901234567890}`, "POST", url, `{"a":12345678901234567891}`, client, "body is"},
		{"JSON and more", want + `{"a": 1}`, "POST", url, `{"a": 1} x`, client, "body is"},
		{"key twice", want + `{"a": 1}`, "POST", url, `{"a": 2, "a": 1}`, client, "body is"},
		{"text", want + "a=1\nb", "POST", url, "a=1\nb", client, ""},
		{"text with a line feed more", want + "a=1", "POST", url, "a=1\n", client, "body is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &replay{left: []cases.Exchange{exchangeOf(t, tt.want, "201\nX-A: b\n\nhi\n")}}
			resp, err := (&observer{vendor: r}).RoundTrip(requestOf(t, tt.method, tt.url, tt.body, tt.header...))
			if tt.problem != "" {
				if err == nil || !strings.Contains(r.verdict(nil), "http/1.request: "+tt.problem) {
					t.Errorf("error %v, verdict %q, want %q", err, r.verdict(nil), tt.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != "hi" || resp.StatusCode != 201 || resp.Header.Get("X-A") != "b" || resp.ContentLength != 2 {
				t.Errorf("response %d %v %q, %v", resp.StatusCode, resp.Header, body, err)
			}
			if v := r.verdict(errors.New("later")); v != "" {
				t.Errorf("verdict %q", v)
			}
		})
	}
}

func TestReplay_Order(t *testing.T) {
	t.Parallel()
	one, two := exchangeOf(t, "GET https://a.example/1", "200"), exchangeOf(t, "GET https://a.example/2", "200")
	r := &replay{left: []cases.Exchange{one, two}}
	o := &observer{vendor: r}
	if _, err := o.RoundTrip(requestOf(t, "GET", "https://a.example/1", "")); err != nil {
		t.Fatal(err)
	}
	if got, want := r.verdict(nil), "http/1 was not used: the connector never sent GET https://a.example/2"; got != want {
		t.Errorf("verdict %q, want %q", got, want)
	}
	if got := r.verdict(errors.New("no input")); !strings.HasSuffix(got, "; the call failed: no input") {
		t.Errorf("verdict %q, want the call's error in it", got)
	}
	for _, path := range []string{"1", "2", "3"} { // wrong, then right, then too many: the first is told
		_, err := o.RoundTrip(requestOf(t, "GET", "https://a.example/"+path, ""))
		if (err == nil) != (path == "2") {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if got := r.verdict(nil); !strings.Contains(got, "URL https://a.example/1, want") {
		t.Errorf("verdict %q, want the first problem", got)
	}
}

func TestPlant_Judge(t *testing.T) {
	t.Parallel()
	const secret = "canary-0123456789"
	p := plant{secrets: []string{secret}, bases: []base{
		{"https://a.example/v1", true}, {"https://open.example", false}, {"https://a.example/v1/mixed", false},
	}}
	login := requestOf(t, "GET", "https://a.example/v1/x", "")
	login.SetBasicAuth("somebody", secret)
	bearer := []string{"Authorization", "Bearer " + secret}
	for _, tt := range []struct {
		name string
		req  *http.Request
		body string
		hop  bool
		want string
	}{
		{"header", requestOf(t, "GET", "https://a.example/v1/x", "", bearer...), "", false, ""},
		{"query", requestOf(t, "GET", "https://a.example/v1?key="+secret, ""), "", false, ""},
		{"basic", login, "", false, ""},
		{"missing", requestOf(t, "GET", "https://a.example/v1/x", ""), "", false, "the credential is missing"},
		{"missing after a redirect", requestOf(t, "GET", "https://a.example/v1/x", ""), "", true, ""},
		{"in the body", requestOf(t, "GET", "https://a.example/v1/x", "", bearer...), `{"t": "` + secret + `"}`, false, "the body or the path"},
		{"in the path", requestOf(t, "GET", "https://a.example/v1/"+secret, "", bearer...), "", false, "the body or the path"},
		{"open", requestOf(t, "GET", "https://open.example/x", ""), "", false, ""},
		{"sent in the open", requestOf(t, "GET", "https://open.example/x", "", bearer...), "", false, "a planted credential is sent"},
		{"base of another name", requestOf(t, "GET", "https://a.example/v10", ""), "", false, ""},
		{"grants that differ", requestOf(t, "GET", "https://a.example/v1/mixed/x", ""), "", false, ""},
	} {
		if got := p.judge(tt.req, []byte(tt.body), tt.hop); got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := (plant{bases: p.bases}).judge(requestOf(t, "GET", "https://a.example/v1/x", ""), nil, false); got != "" {
		t.Errorf("without secrets: %q", got)
	}
	r := &replay{left: []cases.Exchange{exchangeOf(t, "GET https://a.example/v1/x?q=1", "302"), exchangeOf(t, "GET https://a.example/v1/y", "200")}}
	o := &observer{planted: p, vendor: r}
	if _, err := o.RoundTrip(requestOf(t, "GET", "https://a.example/v1/x?q=1&key="+secret, "")); err != nil {
		t.Error(err)
	}
	if _, err := o.RoundTrip(requestOf(t, "GET", "https://a.example/v1/y", "")); err != nil {
		t.Error(err)
	}
	if _, err := o.RoundTrip(requestOf(t, "GET", "https://a.example/v1/z?key="+secret, "")); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v, want one without the credential", err)
	}
}

func TestPlant_Leaked(t *testing.T) {
	t.Parallel()
	const secret = "canary-0123456789"
	p := plant{secrets: []string{"other", secret}}
	text := func(s string) abi.Result { return abi.Result{Status: abi.StatusDone, Output: []byte(`"` + s + `"`)} }
	for _, tt := range []struct {
		name   string
		result abi.Result
		err    error
		logs   string
		want   bool
	}{
		{"nothing", text("fine"), nil, "fine", false},
		{"a part of it", text("canary-01234"), nil, "", false},
		{"output", text("x" + secret + "y"), nil, "", true},
		{"item", abi.Result{Status: abi.StatusPage, Items: []json.RawMessage{[]byte(`"` + secret + `"`)}}, nil, "", true},
		{"cursor", abi.Result{Status: abi.StatusPage, Cursor: []byte(`"` + secret + `"`)}, nil, "", true},
		{"message", abi.Result{}, abi.Faultf(abi.Internal, "%s", secret), "", true},
		{"field", abi.Result{}, abi.Faultf(abi.Internal, "x").At("/" + secret), "", true},
		{"details", abi.Result{}, &abi.Fault{Code: abi.Internal, Message: "x", Details: []byte(`{"t":"` + secret + `"}`)}, "", true},
		{"other error", abi.Result{}, errors.New(secret), "", true},
		{"log", text(""), nil, "level=INFO t=" + secret, true},
		{"hexadecimal", text("63616e6172792d30313233343536373839"), nil, "", true},
		{"base64", text("Y2FuYXJ5LTAxMjM0NTY3ODk="), nil, "", true},
		{"base64 of u:secret", text("dTpjYW5hcnktMDEyMzQ1Njc4OQ=="), nil, "", true},
		{"base64 of us:secret", text("dXM6Y2FuYXJ5LTAxMjM0NTY3ODk="), nil, "", true},
	} {
		if got := p.leaked(tt.result, tt.err, tt.logs); got != tt.want {
			t.Errorf("%s: leaked %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	fields := []manifest.Field{
		{Name: "org"}, {Name: "token", Secret: true}, {Name: "hex", Secret: true, Pattern: "[0-9a-f]{64}"},
		{Name: "key", Secret: true, Pattern: "[0-9A-F]{16}"}, {Name: "pin", Secret: true, Type: "integer"},
	}
	values, planted, err := fill(fields, map[string]string{"org": "1"})
	if err != nil || len(planted) != 4 || values["org"] != "1" || len(values) != 5 {
		t.Fatalf("fill = %q, %q, %v", values, planted, err)
	}
	for _, f := range fields {
		if _, problem := f.Value(values[f.Name]); problem != "" {
			t.Errorf("%s = %q: %s", f.Name, values[f.Name], problem)
		}
	}
	if _, _, err := fill([]manifest.Field{{Name: "odd", Secret: true, Pattern: "x"}}, nil); err == nil || !strings.Contains(err.Error(), "field odd: no planted credential fits") {
		t.Errorf("error %v", err)
	}
	if _, _, err := fill(fields, map[string]string{"token": "mine"}); err == nil || strings.Contains(err.Error(), "mine") {
		t.Errorf("error %v, want one that does not repeat the secret", err)
	}
}
