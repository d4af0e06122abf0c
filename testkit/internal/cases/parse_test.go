package cases

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

const (
	okCall = "-- call.json --\n{\"operation\": \"echo\"}\n"
	okHTTP = "-- http/1.request --\nGET https://a.example/x\n-- http/1.response --\n200\n"
	okWant = "-- output.json --\n{}\n"
)

func TestParseCase(t *testing.T) {
	t.Parallel()
	k, err := Parse("a.txtar", []byte(`A comment.
-- call.json --
{"kind": "trigger", "operation": "new", "auth": "token", "fields": {"org": "1", "library": 475425, "sandbox": true}, "input": {"n": 1.10}, "cursor": [2]}
-- http/2.response --
204 No Content
-- http/1.request --
POST https://a.example/x?b=2&a=1
Accept: text/plain
Accept: text/html

two

lines

-- http/1.response --
201

{"a": 1}
-- http/2.request --
GET https://a.example/
-- page.json --
{"items": [1], "cursor": "c"}
`))
	if err != nil {
		t.Fatal(err)
	}
	wantCall := Call{Kind: abi.KindTrigger, Operation: "new", Auth: "token", Fields: Fields{"org": "1", "library": "475425", "sandbox": "true"},
		Input: []byte(`{"n": 1.10}`), Cursor: []byte("[2]")}
	if diff := cmp.Diff(wantCall, k.Call); diff != "" {
		t.Error(diff)
	}
	if len(k.Exchanges) != 2 {
		t.Fatalf("%d exchanges, want 2", len(k.Exchanges))
	}
	one, two := k.Exchanges[0], k.Exchanges[1]
	got := []any{one.Name, one.Method, one.URL.String(), one.Header["Accept"], string(one.Body), one.Status, string(one.AnswerBody)}
	if diff := cmp.Diff([]any{"http/1", "POST", "https://a.example/x?b=2&a=1", []string{"text/plain", "text/html"}, "two\n\nlines\n", 201, `{"a": 1}`}, got); diff != "" {
		t.Error(diff)
	}
	if two.Method != "GET" || two.Status != 204 || len(two.Body)+len(two.AnswerBody)+len(two.Header) != 0 {
		t.Errorf("second exchange %+v", two)
	}
	if k.Want.File != "page.json" || strings.TrimSpace(string(k.Want.Output)) != `{"items": [1], "cursor": "c"}` {
		t.Errorf("want %+v", k.Want)
	}
	if k, err := Parse("b", []byte(okCall+okWant)); err != nil || k.Call.Kind != abi.KindAction {
		t.Errorf("kind %v, %v; want the default", k, err)
	}
}

func TestParseCase_Refuses(t *testing.T) {
	t.Parallel()
	request := func(text string) string {
		return okCall + "-- http/1.request --\n" + text + "\n-- http/1.response --\n200\n" + okWant
	}
	response := func(text string) string {
		return okCall + "-- http/1.request --\nGET https://a.example\n-- http/1.response --\n" + text + "\n" + okWant
	}
	called := func(text string) string { return "-- call.json --\n" + text + "\n" + okWant }
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "call.json is missing"},
		{"comment only", "hello\n", "call.json is missing"},
		{"no call", okWant, "call.json is missing"},
		{"no operation", called("{}"), "call.json: operation is missing"},
		{"call is no JSON", called("{"), "call.json: "},
		{"call is a list", called("[]"), "call.json: "},
		{"unknown key", called(`{"operation": "a", "inputs": {}}`), `call.json: json: unknown field "inputs"`},
		{"field is a list", called(`{"operation": "a", "fields": {"ids": [1]}}`), "call.json: field ids is [1]: want a text"},
		{"key twice", called(`{"operation": "a", "operation": "b"}`), "call.json: "},
		{"text after the call", called(`{"operation": "a"} x`), "call.json: "},
		{"unknown kind", called(`{"operation": "a", "kind": "banana"}`), `call.json: kind "banana": want action`},
		{"describe", called(`{"operation": "a", "kind": "describe"}`), "kind"},
		{"call twice", okCall + okCall + okWant, "call.json: is there twice"},
		{"nothing expected", okCall, "nothing is expected"},
		{"two expectations", okCall + okWant + "-- fault.json --\n{\"code\": \"internal\"}\n", "fault.json: output.json is expected already"},
		{"output is empty", okCall + "-- output.json --\n", "output.json: "},
		{"page without items", okCall + "-- page.json --\n{}\n", `page.json: want {"items"`},
		{"page with more", okCall + "-- page.json --\n{\"items\": [], \"next\": 1}\n", "page.json: "},
		{"fault without a code", okCall + "-- fault.json --\n{}\n", "fault.json: code"},
		{"fault of no known code", okCall + "-- fault.json --\n{\"code\": \"oops\"}\n", `code "oops": want one of`},
		{"unknown file", okCall + okWant + "-- outputs.json --\n{}\n", "outputs.json: unknown file"},
		{"pending", okCall + "-- pending.json --\n{}\n", "pending.json: unknown file"},
		{"exchange 0", okCall + strings.ReplaceAll(okHTTP, "1", "0") + okWant, "N from 1"},
		{"exchange x", okCall + strings.ReplaceAll(okHTTP, "/1", "/x") + okWant, "http/x.request: want http/N.request"},
		{"exchange 01", okCall + strings.ReplaceAll(okHTTP, "/1", "/01") + okWant, "http/01.request: want"},
		{"exchange +1", okCall + strings.ReplaceAll(okHTTP, "/1", "/+1") + okWant, "http/+1.request: want"},
		{"exchange without a side", okCall + "-- http/1 --\n" + okWant, "http/1: want http/N.request or"},
		{"request twice", okCall + okHTTP + okHTTP + okWant, "http/1.request: is there twice"},
		{"no exchange 1", okCall + strings.ReplaceAll(okHTTP, "http/1", "http/2") + okWant, "http/1.request is missing: exchanges are numbered from 1"},
		{"no response", okCall + "-- http/1.request --\nGET https://a.example\n" + okWant, "http/1.response is missing"},
		{"no request", okCall + "-- http/1.response --\n200\n" + okWant, "http/1.request is missing"},
		{"empty request", request(""), "http/1: request: want METHOD URL"},
		{"no URL", request("GET"), "want METHOD URL"},
		{"method in lower case", request("get https://a.example"), "want METHOD URL"},
		{"URL without a host", request("GET /x"), "begins with https://"},
		{"URL of another scheme", request("GET ftp://a.example"), "begins with https://"},
		{"URL with a password", request("GET https://a:b@a.example"), "begins with https://"},
		{"URL with a fragment", request("GET https://a.example/x#y"), "begins with https://"},
		{"URL with a space", request("GET https://a.example/a b"), "http/1: request: "},
		{"URL that is none", request("GET https://a.example/%zz"), "http/1: request: "},
		{"bad header", request("GET https://a.example\nno colon\n"), "http/1: request: "},
		{"a credential", request("GET https://a.example\nauthorization: Bearer x\n"), "a case holds no credential"},
		{"status 100", response("100"), "want a status from 200 to 599"},
		{"status 600", response("600"), "want a status"},
		{"status OK", response("OK"), `http/1: response: want a status from 200 to 599, got "OK"`},
		{"bad response header", response("200\n: x\n"), "http/1: response: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, err := Parse("x.txtar", []byte(tt.text))
			if err == nil {
				t.Fatalf("parsed: %+v", k)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q in it", err, tt.want)
			}
		})
	}
}

func FuzzParseCase(f *testing.F) {
	paths, err := filepath.Glob("../../../plugins/*/testdata/cases/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(okCall + okHTTP + okWant))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := Parse("x", data)
		if err != nil {
			if k != nil {
				t.Error("a case beside an error")
			}
			return
		}
		if k.Call.Operation == "" || k.Call.Kind == "" || k.Want.File == "" || (k.Want.Fault == nil) == (k.Want.Output == nil) {
			t.Errorf("half a case: %+v", k)
		}
		for _, x := range k.Exchanges {
			if x.Method == "" || x.URL.Host == "" || x.Status < 200 || x.Status > 599 {
				t.Errorf("half an exchange: %+v", x)
			}
		}
	})
}
