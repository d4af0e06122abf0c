package record

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patchbay/abi"
	"patchbay/host"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// shop is a connector's manifest, as far as recording looks at it.
func shop() *manifest.Manifest {
	return &manifest.Manifest{
		Publisher: "local", Name: "shop", Version: "1.0.0",
		HTTP:       []manifest.Grant{{ID: "api", URL: "https://{region}.shop.example/v1"}, {ID: "files", URL: "https://files.example"}},
		Auth:       []manifest.AuthMethod{{ID: "token", Type: "bearer"}, {ID: "key", Type: "api_key"}},
		Errors:     []manifest.ErrorRule{{Header: "X-Trouble"}},
		Quotas:     []manifest.Quota{{RemainingHeader: "X-Left"}},
		Connection: manifest.ConnectionSpec{Fields: []manifest.Field{{Name: "region"}, {Name: "tier", Default: "free"}}},
		Actions:    []manifest.Action{{Name: "pay", Idempotency: &manifest.Idempotency{Header: "X-Once"}}},
	}
}

func live(exchanges ...host.Exchange) *Live {
	return &Live{
		Name: "pay.txtar", Comment: "Pays.", Day: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC), Manifest: shop(),
		Connection: host.Connection{Name: "shop", Auth: "token", Fields: map[string]any{"region": "eu", "tier": "free"}},
		Call:       host.Call{Kind: abi.KindAction, Operation: "pay", Input: json.RawMessage(`{"id": 7}`)},
		Exchanges:  exchanges, Result: abi.Done(json.RawMessage(`{"ok":true}`)),
	}
}

func exchange(number, try, status int) host.Exchange {
	return host.Exchange{Number: number, Try: try,
		Request:  abi.Request{Method: "GET", URL: fmt.Sprintf("https://eu.shop.example/v1/%d", number)},
		Response: abi.Response{Status: status, Body: fmt.Appendf(nil, "try %d", try)}}
}

func written(t *testing.T, l *Live) string {
	t.Helper()
	tape, err := l.Case()
	if err != nil {
		t.Fatal(err)
	}
	text, err := tape.Text()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLive_Case shows a case as it is written: the last tries with their hops, the headers that matter, the manifest's
// addresses, and neither defaults nor the first auth method.
func TestLive_Case(t *testing.T) {
	t.Parallel()
	asked := exchange(1, 2, 302)
	asked.Request = abi.Request{Method: "POST", URL: "http://127.0.0.1:4000/shop/pay?api_key=abcdefgh1", Body: []byte(`{"to":"http://127.0.0.1:4000/shop/7"}`),
		Headers: map[string][]string{"Accept": {"text/plain"}, "X-Once": {"key-1"}, "Idempotency-Key": {"k"}, "User-Agent": {"me"}, "X-Api-Key": {"abcdefgh2"}, "X-Shop": {"1"}, "Shop-Version": {"2"}, "X-Request-Id": {"r"}, "X-Idempotency-Id": {"r"}}}
	asked.Response = abi.Response{Status: 302, Headers: map[string][]string{"Location": {"http://127.0.0.1:4000/elsewhere"}, "Date": {"now"}, "X-Trouble": {"no"}, "X-Left": {"3"}, "X-RateLimit-Reset": {"1"}, "X-Powered-By": {"me"}}}
	hop := exchange(1, 2, 200)
	hop.Request.URL = "http://127.0.0.1:4000/elsewhere"
	hop.Response = abi.Response{Status: 200, Headers: map[string][]string{"Content-Type": {"application/json"}}, Body: []byte(`{"session_id":"abcdefgh3","see":"http:\/\/127.0.0.1:4000\/shop?u=http%3A%2F%2F127.0.0.1%3A4000%2Fshop"}`)}
	next := exchange(2, 1, 200)
	next.Request.URL = "http://127.0.0.1:4000/shop/of/abcdefgh3"
	l := live(exchange(1, 1, 429), asked, hop, next)
	l.Connection.URLs = map[string]string{"api": "http://127.0.0.1:4000/shop/"}
	l.Connection.Auth = "key"
	l.Result = abi.Done(json.RawMessage(`{"echo": "abcdefgh3 at 127.0.0.1:4000"}`))
	want := `Pays.
Recorded 2026-11-26.
-- call.json --
{"operation": "pay", "auth": "key", "fields": {"region": "eu"}, "input": {"id": 7}}
-- http/1.request --
POST https://eu.shop.example/v1/pay?api_key=%5Bredacted%5D
Accept: text/plain
Shop-Version: 2
X-Shop: 1

{"to": "https://eu.shop.example/v1/7"}
-- http/1.response --
302
Location: https://eu.shop.example/elsewhere
X-Left: 3
X-Ratelimit-Reset: 1
X-Trouble: no
-- http/2.request --
GET https://eu.shop.example/elsewhere
-- http/2.response --
200
Content-Type: application/json

{"session_id": "[redacted]", "see": "https://eu.shop.example/v1?u=https%3A%2F%2Feu.shop.example%2Fv1"}
-- http/3.request --
GET https://eu.shop.example/v1/of/%5Bredacted%5D
-- http/3.response --
200

try 1
-- output.json --
{"echo": "[redacted] at eu.shop.example"}
`
	if diff := cmp.Diff(want, written(t, l)); diff != "" {
		t.Error(diff)
	}
}

// TestLive_Case_Tries keeps of each request the last try, and equal requests that the guest made itself.
func TestLive_Case_Tries(t *testing.T) {
	t.Parallel()
	lost := exchange(1, 1, 0)
	lost.Response = abi.Response{Fault: abi.Faultf(abi.Unavailable, "reset")}
	tape, err := live(lost, exchange(1, 2, 429), exchange(1, 3, 200), exchange(2, 1, 202), exchange(3, 1, 200)).Case()
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, x := range tape.Case.Exchanges {
		got = append(got, x.Status)
	}
	if !slices.Equal(got, []int{200, 202, 200}) || string(tape.Case.Exchanges[0].AnswerBody) != "try 3" {
		t.Errorf("kept %v", got)
	}
	if _, err := live(exchange(1, 1, 429), lost).Case(); err == nil || !strings.Contains(err.Error(), "GET https://eu.shop.example/v1/1 has no answer") {
		t.Errorf("error %v for a request without an answer", err)
	}
}

func TestLive_Case_Fault(t *testing.T) {
	t.Parallel()
	l := live(exchange(1, 1, 404))
	l.Fault = abi.Faultf(abi.NotFound, "no order with password=abcdefgh1").At("/id")
	if text := written(t, l); !strings.HasSuffix(text, "-- fault.json --\n{\"code\": \"not_found\", \"field\": \"/id\", \"message\": \"no order with password=%5Bredacted%5D\"}\n") {
		t.Error(text)
	}
	l.Secrets = []string{"abcdefgh9"}
	l.Fault = abi.Faultf(abi.NotFound, "no order of abcdefgh9")
	if text := written(t, l); !strings.Contains(text, `"message": "no order of [redacted]"`) {
		t.Error(text)
	}
}

// spelled are ways in which a vendor may give a secret back.
var spelled = map[string]func(string) string{
	"raw":      func(s string) string { return s },
	"query":    url.QueryEscape,
	"path":     url.PathEscape,
	"hex":      func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":      func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"base64":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64+1": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a" + s + "b")) },
	"base64+2": func(s string) string { return base64.URLEncoding.EncodeToString([]byte("ab" + s + "c")) },
	"reversed": func(s string) string { r := []byte(s); slices.Reverse(r); return string(r) },
	"JSON":     func(s string) string { return strings.Trim(string(quote(s)), `"`) },
	"percent": func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	},
	"unicode": func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		return b.String()
	},
}

// TestHider_Spellings hides a secret as vendors write it: a case with it is made, and not refused.
func TestHider_Spellings(t *testing.T) {
	t.Parallel()
	const secret = `k&y"with<signs/1234`
	for _, name := range []string{"raw", "query", "path", "hex", "HEX", "reversed", "JSON"} {
		if got := hider([]string{secret}, "gone").Replace(spelled[name](secret)); got != "gone" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := hider([]string{secret}, "gone").Replace(html.EscapeString(secret)); got != "gone" {
		t.Errorf("in a page: %q", got)
	}
}

// TestLive_Case_Planted has a vendor give a secret back in every way and place. It is nowhere in what is written; if
// that cannot be, nothing is.
func TestLive_Case_Planted(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(spelled))
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9+/="&%\-]{12,24}`).Draw(t, "secret")
		form := spelled[rapid.SampledFrom(names).Draw(t, "form")](secret)
		x := exchange(1, 1, 200)
		inJSON := string(quote("a " + form + " b"))
		switch rapid.SampledFrom([]string{"url", "request header", "request body", "header", "body", "key", "text", "output"}).Draw(t, "place") {
		case "url":
			x.Request.URL += "/" + url.PathEscape(form) + "?q=" + url.QueryEscape(form)
		case "request header":
			x.Request.Headers = map[string][]string{"X-Shop": {form}}
		case "request body":
			x.Request.Body = []byte(`{"a":[` + inJSON + `]}`)
		case "header":
			x.Response.Headers = map[string][]string{"Location": {"https://a.example/" + form}, "X-Next-" + "Page": {form}}
		case "body":
			x.Response.Body = []byte(`{"a":{"b":` + inJSON + `}}`)
		case "key":
			x.Response.Body = []byte(`{` + inJSON + `:1}`)
		case "text":
			x.Response.Body = []byte("so: " + form + "\n")
		}
		l := live(x)
		l.Secrets = Secrets(map[string]string{"token": secret})
		l.Result = abi.Done(json.RawMessage(`{"o":` + inJSON + `}`))
		tape, err := l.Case()
		if err != nil {
			return
		}
		text, err := tape.Text()
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Fatalf("the refusal repeats it: %v", err)
			}
			return
		}
		for name, spell := range spelled {
			if f := strings.TrimRight(spell(secret), "="); !strings.HasPrefix(name, "base64") && strings.Contains(string(text), f) {
				t.Fatalf("%s is in the case:\n%s", name, text)
			}
		}
		decoded, _ := url.QueryUnescape(string(text))
		if strings.Contains(decoded, secret) || strings.Contains(unescapeJSON(string(text)), secret) || base64Holds(string(text), secret) {
			t.Fatalf("it is in the case:\n%s", text)
		}
	})
}

// base64Holds decodes every word of a text at every alignment.
func base64Holds(text, secret string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", r)
	}) {
		for skip := range min(4, len(word)) {
			w := strings.NewReplacer("-", "+", "_", "/").Replace(word[skip:])
			b, err := base64.RawStdEncoding.DecodeString(w[:len(w)/4*4])
			if err == nil && strings.Contains(string(b), secret) {
				return true
			}
		}
	}
	return false
}

// TestSearch finds a secret wherever it stands, says where, and not what.
func TestSearch(t *testing.T) {
	t.Parallel()
	const secret = `s3cret/"+token`
	for name, spell := range spelled {
		text := "Pays.\n-- call.json --\n{}\n-- http/1.response --\n200\nX-A: b\n\nit is " + spell(secret) + "\n-- output.json --\n{}\n"
		if got := Search([]byte(text), []string{secret}); !slices.Equal(got, []string{"http/1.response:4"}) {
			t.Errorf("%s: found at %v", name, got)
		}
	}
	if got := Search([]byte("twice "+url.QueryEscape(url.QueryEscape(secret))), []string{secret}); len(got) != 1 || got[0] != "the comment:1" {
		t.Errorf("encoded twice: found at %v", got)
	}
	if got := Search([]byte("a\nfirst\nsecond\n"), []string{"first\nsecond"}); len(got) != 1 {
		t.Errorf("over two lines: found at %v", got)
	}
	if got := Search([]byte("nothing [redacted] here"), []string{secret}); got != nil {
		t.Errorf("found at %v", got)
	}
}

// TestTape_Text refuses what hides could not take out.
func TestTape_Text(t *testing.T) {
	t.Parallel()
	l := live(exchange(1, 1, 200))
	l.Secrets, l.Comment = []string{"s3cret-token"}, "Pays with s3cret-token."
	tape, err := l.Case()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tape.Text(); err == nil || !strings.Contains(err.Error(), "the comment:1") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
}

// FuzzLive_Case reads every case that was made of whatever a vendor answers.
func FuzzLive_Case(f *testing.F) {
	f.Add("https://eu.shop.example/v1/x?token=abcdefgh1", []byte(`{"token":"abcdefgh1","n":1e3}`), "Bearer abcdefgh1")
	f.Add("https://eu.shop.example/", []byte("password=%zz&a"), "")
	f.Fuzz(func(t *testing.T, address string, body []byte, header string) {
		x := exchange(1, 1, 200)
		x.Request.URL, x.Response.Body, x.Response.Headers = address, body, map[string][]string{"Link": {header}}
		l := live(x)
		l.Secrets = []string{"s3cret-token"}
		tape, err := l.Case()
		if err != nil {
			return
		}
		text, err := tape.Text()
		if err != nil {
			return
		}
		if strings.Contains(string(text), "s3cret-token") {
			t.Errorf("the secret is in\n%s", text)
		}
		if _, err := cases.Parse("x", text); err != nil {
			t.Errorf("%v:\n%s", err, text)
		}
	})
}
