package host

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/internal/virtual"
)

// recorded runs one call of the store with a recorder.
func recorded(t *testing.T, wire roundTripper, operation string, requests ...abi.Request) (got []Exchange) {
	t.Helper()
	w := newWorld(t, func(c *Config) {
		c.Record, c.Clock, c.World = func(e Exchange) { got = append(got, e) }, virtual.New(epoch), &World{}
	})
	w.wire = wire
	w.install(t, store)
	w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
	w.engine.call = func(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		for _, r := range requests {
			do(ctx, r)
		}
		return abi.Done(json.RawMessage(`{}`)), nil
	}
	if _, err := w.Run(t.Context(), Call{Connector: "store", Operation: operation, Key: "key-7"}); err != nil {
		t.Fatal(err)
	}
	return got
}

// brief are exchanges in a line each.
func brief(all []Exchange) (lines []string) {
	for _, e := range all {
		line := fmt.Sprintf("%s %s %q -> %d %q", e.Request.Method, e.Request.URL, e.Request.Body, e.Response.Status, e.Response.Body)
		if e.Response.Fault != nil {
			line = fmt.Sprintf("%s %s -> %s", e.Request.Method, e.Request.URL, e.Response.Fault.Code)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestRecord has each try and each hop recorded in order, as the guest meant it, and nothing that was never sent.
func TestRecord(t *testing.T) {
	t.Parallel()
	n := 0
	wire := func(r *http.Request) (*http.Response, error) {
		n++
		switch n {
		case 1:
			return answer(503)(r)
		case 2:
			return answer(307, "Location", "/v1/there")(r)
		case 3:
			resp, err := answer(200, "X-Page", "1", "Set-Cookie", "a=b", "Content-Encoding", "gzip")(r)
			resp.Body = io.NopCloser(zipped("a page"))
			return resp, err
		}
		return nil, io.ErrUnexpectedEOF
	}
	const base = "https://api.store.example/v1"
	got := recorded(t, wire, "keyed",
		abi.Request{Method: "PUT", URL: base + "/here?q=1", Headers: map[string][]string{"Accept": {"text/plain"}}, Body: []byte("mine")},
		abi.Request{Method: "GET", URL: "https://elsewhere.example/"},
		abi.Request{Method: "POST", URL: base + "/cut", Headers: map[string][]string{"User-Agent": {"me"}, "Idempotency-Key": {"own"}}})
	want := []string{
		`PUT https://api.store.example/v1/here?q=1 "mine" -> 503 ""`,
		`PUT https://api.store.example/v1/here?q=1 "mine" -> 307 ""`,
		`PUT https://api.store.example/v1/there "mine" -> 200 "a page"`,
		`POST https://api.store.example/v1/cut -> unavailable`,
		`POST https://api.store.example/v1/cut -> unavailable`,
		`POST https://api.store.example/v1/cut -> unavailable`,
	}
	if diff := cmp.Diff(want, brief(got)); diff != "" {
		t.Fatal(diff)
	}
	var numbers [][2]int
	for _, e := range got {
		numbers = append(numbers, [2]int{e.Number, e.Try})
	}
	if diff := cmp.Diff([][2]int{{1, 1}, {1, 2}, {1, 2}, {3, 1}, {3, 2}, {3, 3}}, numbers); diff != "" {
		t.Error(diff)
	}
	key := got[0].Request.Headers["Idempotency-Key"]
	if diff := cmp.Diff(map[string][]string{"Accept": {"text/plain"}, "Idempotency-Key": key}, got[2].Request.Headers); diff != "" || len(key) != 1 {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"X-Page": {"1"}}, got[2].Response.Headers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"User-Agent": {"me"}, "Idempotency-Key": {"own"}}, got[3].Request.Headers); diff != "" {
		t.Error(diff)
	}
}

func zipped(text string) io.Reader {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return &b
}

// TestRecord_Secrets has a vendor give the credential back in every way: no recorded exchange carries it.
func TestRecord_Secrets(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-token"
	encoded := base64.StdEncoding.EncodeToString([]byte("user:" + secret))
	n := 0
	wire := func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("the vendor got %q", r.Header.Get("Authorization"))
		}
		if n++; n == 1 {
			return answer(302, "Location", "/v1/there?t="+secret)(r)
		}
		resp, err := answer(200, "X-Echo", secret, "X-"+secret, "1", "X-Basic", encoded, "Content-Encoding", "gzip")(r)
		resp.Body = io.NopCloser(zipped(`{"token":"` + secret + `","basic":"` + encoded + `"}`))
		return resp, err
	}
	got := recorded(t, wire, "plain",
		abi.Request{Method: "GET", URL: "https://api.store.example/v1/here"},
		abi.Request{Method: "POST", URL: "https://api.store.example/v1/" + secret, Headers: map[string][]string{"X-Guess": {secret}}, Body: []byte(encoded)})
	if len(got) != 3 {
		t.Fatalf("recorded %v", brief(got))
	}
	plain, inBase64 := secret, encoded[8:len(encoded)-4] // what the secret alone decides
	for _, e := range got {
		text := fmt.Sprintf("%v %s %s", e, e.Request.Body, e.Response.Body)
		if strings.Contains(strings.ToLower(text), plain) || strings.Contains(text, inBase64) {
			t.Errorf("recorded: %s", text)
		}
	}
	if body := string(got[1].Response.Body); !strings.Contains(body, `"token":"[redacted]"`) {
		t.Errorf("the body is %q", body)
	}
}

// TestRecord_Own leaves the recorder's copy to the recorder.
func TestRecord_Own(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) {
		c.Record = func(e Exchange) { clear(e.Response.Body); clear(e.Response.Headers); clear(e.Request.Body) }
	})
	w.wire = func(r *http.Request) (*http.Response, error) {
		resp, err := answer(200, "X-Page", "1")(r)
		resp.Body = io.NopCloser(strings.NewReader("a page"))
		return resp, err
	}
	w.install(t, store)
	w.connect(t, ConnectRequest{Connector: "store", Values: map[string]string{"token": "s3cret-token"}})
	w.engine.call = func(ctx context.Context, _ abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		body := []byte("mine")
		resp := do(ctx, abi.Request{Method: "POST", URL: "https://api.store.example/v1/ok", Body: body})
		if string(resp.Body) != "a page" || len(resp.Headers) != 1 || string(body) != "mine" {
			t.Errorf("the guest got %+v for %q", resp, body)
		}
		return abi.Done(json.RawMessage(`{}`)), nil
	}
	if _, err := w.Run(t.Context(), Call{Connector: "store", Operation: "plain"}); err != nil {
		t.Fatal(err)
	}
}

// TestRecord_Tokens has an authorization server asked for a token: nobody is told.
func TestRecord_Tokens(t *testing.T) {
	t.Parallel()
	var got []Exchange
	asked := 0
	w := newWorld(t, func(c *Config) { c.Record = func(e Exchange) { got = append(got, e) } })
	w.wire = func(r *http.Request) (*http.Response, error) {
		resp, err := answer(200, "Content-Type", "application/json")(r)
		if r.URL.Host == "login.shop.example" {
			asked++
			resp.Body = io.NopCloser(strings.NewReader(`{"access_token":"a-token-of-the-vendor","token_type":"bearer","expires_in":3600}`))
			return resp, err
		}
		resp.Body = io.NopCloser(strings.NewReader("you sent " + r.Header.Get("Authorization")))
		return resp, err
	}
	w.install(t, shop)
	w.connect(t, ConnectRequest{Connector: "shop", Auth: "oauth", Values: map[string]string{"region": "eu", "client_id": "me", "client_secret": "a-secret"}})
	w.engine.call = func(ctx context.Context, env abi.Envelope, do func(context.Context, abi.Request) abi.Response, _ func(abi.LogRecord)) (abi.Result, error) {
		do(ctx, abi.Request{Method: "GET", URL: env.Connection.URLs["api"] + "/orders/1"})
		return abi.Done(json.RawMessage(`{"id": 1}`)), nil
	}
	if _, err := w.Run(t.Context(), Call{Connector: "shop", Operation: "get_order", Input: json.RawMessage(`{"id": 1}`)}); err != nil {
		t.Fatal(err)
	}
	want := []string{`GET https://eu.shop.example/v1/orders/1 "" -> 200 "you sent [redacted]"`}
	if diff := cmp.Diff(want, brief(got)); diff != "" || asked == 0 {
		t.Errorf("%d tokens; %s", asked, diff)
	}
}
