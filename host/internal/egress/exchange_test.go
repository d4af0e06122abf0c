package egress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
)

func TestDo_PassesResponsesThrough(t *testing.T) {
	t.Parallel()
	srv := record(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/v1/%d", &status)
		w.Header()["X-Multi"] = []string{"a", "b"}
		w.Header().Set("Retry-After", "1.5")
		w.Header().Set("Set-Cookie", "session=1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status":%d}`, status)
	})
	c := New(Config{})
	t.Cleanup(c.Close)
	for _, status := range []int{200, 201, 206, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 599} {
		url := fmt.Sprintf("%s/v1/%d?a=b", srv.URL, status)
		r := reply(c.Do(t.Context(), get(url), private(srv.URL+"/v1")))
		wantStatus(t, r, status)
		delete(r.Headers, "Date")
		want := abi.Response{Status: status, URL: url, Body: fmt.Appendf(nil, `{"status":%d}`, status),
			Headers: map[string][]string{"Content-Length": {"14"}, "Content-Type": {"text/plain; charset=utf-8"}, "Retry-After": {"1.5"}, "X-Multi": {"a", "b"}}}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDo_SendsWhatTheGuestAsked(t *testing.T) {
	t.Parallel()
	srv := record(t, func(http.ResponseWriter, *http.Request) {})
	c := New(Config{})
	t.Cleanup(c.Close)
	req := abi.Request{Method: "POST", URL: srv.URL + "/a%2Fb/%20;c?q=%zz&q=1;2#f", Body: []byte("\x00body\xff"),
		Headers: map[string][]string{"content-type": {"x/y"}, "X-Multi": {"a", "b"}}}
	wantStatus(t, reply(c.Do(t.Context(), req, private(srv.URL))), 200)
	want := []seen{{"POST", "/a%2Fb/%20;c?q=%zz&q=1;2", "\x00body\xff", http.Header{"Content-Type": {"x/y"}, "X-Multi": {"a", "b"},
		"User-Agent": {"patchbay/1"}, "Accept-Encoding": {"gzip"}, "Content-Length": {"6"}}}}
	if diff := cmp.Diff(want, srv.requests(), cmp.AllowUnexported(seen{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	req = abi.Request{Method: "PUT", URL: srv.URL, Headers: map[string][]string{"Range": {"bytes=0-1"}}}
	wantStatus(t, reply(c.Do(t.Context(), req, private(srv.URL))), 200)
	if got := srv.requests()[1]; got.header.Get("Content-Length") != "0" || got.header.Get("Accept-Encoding") != "" || got.uri != "/" {
		t.Errorf("an empty PUT with a range arrived as %+v", got)
	}
}

func TestDo_RefusesBeforeSending(t *testing.T) {
	t.Parallel()
	n := &network{}
	c, p := n.client(t), credential(open("https://api.example.com"))
	p.Limits.RequestBody = 10
	for name, tc := range map[string]struct {
		req  abi.Request
		code abi.Code
		word string
	}{
		"owned header": {abi.Request{Method: "GET", URL: "https://api.example.com", Headers: map[string][]string{"x_api_key": {"a"}}}, abi.InvalidInput, "x_api_key"},
		"owned query":  {abi.Request{Method: "GET", URL: "https://api.example.com?API_KEY=1"}, abi.InvalidInput, "API_KEY"},
		"body":         {abi.Request{Method: "POST", URL: "https://api.example.com", Body: make([]byte, 11)}, abi.LimitExceeded, "limit of 10"},
		"url":          {abi.Request{Method: "GET", URL: "https://127.1"}, abi.InvalidInput, "IPv4"},
	} {
		t.Run(name, func(t *testing.T) { wantFault(t, reply(c.Do(t.Context(), tc.req, p)), tc.code, tc.word) })
	}
	if len(n.looked) > 0 {
		t.Errorf("looked up %q", n.looked)
	}
}

func TestDo_IgnoresTheProxyEnvironment(t *testing.T) {
	proxy := record(t, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	n := api(http.NotFoundHandler())
	wantStatus(t, reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com"))), 404)
	if len(proxy.requests()) > 0 || newDialer(Config{}, false).transport(nil, nil).Proxy != nil {
		t.Error("a request went to the proxy of the environment")
	}
}

func TestAuthorize_OnlyUnderAuthenticatedGrants(t *testing.T) {
	t.Parallel()
	srv := record(t, func(http.ResponseWriter, *http.Request) {})
	c := New(Config{})
	t.Cleanup(c.Close)
	p := credential(private(srv.URL))
	p.Grants = append([]Grant{{ID: "open", Base: srv.URL + "/open", Methods: []string{"GET"}}}, p.Grants...)
	wantStatus(t, reply(c.Do(t.Context(), get(srv.URL+"/open"), p)), 200)
	wantStatus(t, reply(c.Do(t.Context(), get(srv.URL+"/closed"), p)), 200)
	if got := srv.requests(); holds(got[0]) || !holds(got[1]) {
		t.Errorf("got %+v, want the credential in the second only", got)
	}
}

func TestAuthorize_MayReadTheBody(t *testing.T) {
	t.Parallel()
	srv := record(t, func(http.ResponseWriter, *http.Request) {})
	c := New(Config{})
	t.Cleanup(c.Close)
	p := private(srv.URL)
	p.Authorize = func(r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		r.Header.Set("X-Signature", fmt.Sprintf("%d bytes for %s", len(body), r.URL.Path))
		return err
	}
	wantStatus(t, reply(c.Do(t.Context(), abi.Request{Method: "POST", URL: srv.URL + "/a", Body: []byte("body")}, p)), 200)
	if got := srv.requests()[0]; got.body != "body" || got.header.Get("X-Signature") != "4 bytes for /a" {
		t.Errorf("got %+v", got)
	}
}

func TestAuthorize_MayNotRedirectTheRequest(t *testing.T) {
	t.Parallel()
	n := &network{}
	for name, change := range map[string]func(*http.Request){
		"method": func(r *http.Request) { r.Method = "DELETE" },
		"Host":   func(r *http.Request) { r.Host = "evil.example" },
		"host":   func(r *http.Request) { r.URL.Host = "evil.example" },
		"scheme": func(r *http.Request) { r.URL.Scheme = "http" },
		"path":   func(r *http.Request) { r.URL.Path = "/admin" },
		"opaque": func(r *http.Request) { r.URL.Opaque = "//evil.example/" },
	} {
		p := open("https://api.example.com")
		p.Authorize = func(r *http.Request) error { change(r); return nil }
		t.Run(name, func(t *testing.T) {
			wantFault(t, reply(n.client(t).Do(t.Context(), get("https://api.example.com/a"), p)), abi.Internal, "auth method changed")
		})
	}
	if len(n.looked) > 0 {
		t.Errorf("looked up %q", n.looked)
	}
}

func TestAuthorize_Errors(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := New(Config{Logger: logger(&log)})
	p := open("https://api.example.com")
	p.Secrets = []string{secret}
	p.Authorize = func(*http.Request) error { return errors.New("token endpoint said no to " + secret) }
	r := reply(c.Do(t.Context(), get("https://api.example.com/"), p))
	wantFault(t, r, abi.Internal, "could not attach")
	if strings.Contains(r.Fault.Message, "said no") {
		t.Errorf("the guest sees %q", r.Fault.Message)
	}
	if !strings.Contains(log.String(), "said no to "+redacted) || strings.Contains(log.String(), secret) {
		t.Errorf("the log says %s", log.String())
	}
	p.Authorize = func(*http.Request) error {
		return fmt.Errorf("refresh: %w", abi.Faultf(abi.Unauthorized, "reconnect; %s has expired", secret))
	}
	wantFault(t, reply(c.Do(t.Context(), get("https://api.example.com/"), p)), abi.Unauthorized, "reconnect; [redacted] has expired")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDo_TransportReplacesTheNetwork(t *testing.T) {
	t.Parallel()
	answer := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("replayed")), ContentLength: -1}
	c := New(Config{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return answer, nil })})
	r := reply(c.Do(t.Context(), get("https://10.0.0.1/"), open("https://10.0.0.1")))
	wantStatus(t, r, 200)
	if string(r.Body) != "replayed" {
		t.Errorf("got %q", r.Body)
	}
	c = New(Config{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, abi.Faultf(abi.NotFound, "no recorded exchange")
	})})
	wantFault(t, reply(c.Do(t.Context(), get("https://10.0.0.1/"), open("https://10.0.0.1"))), abi.NotFound, "no recorded exchange")
	wantFault(t, reply(c.Do(t.Context(), get("https://10.0.0.2/"), open("https://10.0.0.1"))), abi.Forbidden)
}

func TestDo_LogsOneLineWithoutSecrets(t *testing.T) {
	t.Parallel()
	srv := record(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "reply ", r.Header.Get("X-Api-Key")) })
	var log bytes.Buffer
	c := New(Config{Logger: logger(&log)})
	t.Cleanup(c.Close)
	req := abi.Request{Method: "POST", URL: srv.URL + "/v1/hunter2%2fS3CR3T%2Bkey?q=query", Body: []byte("sent"),
		Headers: map[string][]string{"X-Guest": {"header"}}}
	wantStatus(t, reply(c.Do(t.Context(), req, credential(private(srv.URL)))), 200)
	got := log.String()
	for _, want := range []string{"level=INFO", `msg="http exchange"`, "method=POST", "host=" + srv.Listener.Addr().String(), "path=/v1/[redacted]",
		"status=200", "bytes=24", "dur=", "grant=api"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	for _, secret := range []string{"query", "sent", "header", "reply", "S3CR3T", "api_key"} {
		if strings.Contains(got, secret) {
			t.Errorf("%s is in %s", secret, got)
		}
	}
	if strings.Count(got, "\n") != 1 {
		t.Errorf("not one line: %s", got)
	}
	log.Reset()
	c.Do(t.Context(), get(srv.URL+"/x?q=query"), Policy{})
	if got := log.String(); !strings.Contains(got, "forbidden") || strings.Contains(got, "query") {
		t.Errorf("a refused request is logged as %s", got)
	}
}

func TestDo_Canceled(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	srv := record(t, func(_ http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() })
	c := New(Config{})
	t.Cleanup(c.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	wantFault(t, reply(c.Do(ctx, get(srv.URL), private(srv.URL))), abi.Canceled, srv.Listener.Addr().String(), "waiting for the first byte")
	wantFault(t, reply(c.Do(ctx, get(srv.URL), private(srv.URL))), abi.Canceled)
}
