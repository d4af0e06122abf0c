package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
)

func TestTrace(t *testing.T) {
	t.Parallel()
	const base = "http://api.example.com"
	post := func(path string) abi.Request { return abi.Request{Method: "POST", URL: base + path, Body: []byte("b")} }
	told := func(method, path string) Trace {
		return Trace{Grant: "api", Method: method, Host: "api.example.com", Path: path}
	}
	with := func(tr Trace, change func(*Trace)) Trace { change(&tr); return tr }
	sent := func(tr *Trace) { tr.Sent = true }
	refused := func(tr *Trace) { tr.Refused, tr.Grant = true, "" }
	moved := func(status int, location string) *network { return api(redirectTo(status, location)) }
	for _, c := range []struct {
		name string
		n    *network
		req  abi.Request
		want Trace
	}{
		{"answered", api(http.NotFoundHandler()), post("/a%20b?q"), with(told("POST", "/a%20b"), sent)},
		{"secret in the path", api(http.NotFoundHandler()), get(base + "/x/hunter2%2FS3CR3T+key"), with(told("GET", "/x/[redacted]"), sent)},
		{"long path", api(http.NotFoundHandler()), get(base + "/" + strings.Repeat("a", 300)), with(told("GET", "/"+strings.Repeat("a", 199)+"..."), sent)},
		{"hung up on", speak(func(net.Conn) {}), post("/"), with(told("POST", "/"), sent)},
		{"nobody there", &network{names: map[string][][]string{"api.example.com": {{public}}}}, post("/"), told("POST", "/")},
		{"no such host", &network{}, post("/"), told("POST", "/")},
		{"no TLS", &network{
			names: map[string][][]string{"api.example.com": {{public}}},
			raw:   map[string]func(net.Conn){public + ":443": func(c net.Conn) { c.Read(make([]byte, 16<<10)); io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }},
		}, abi.Request{Method: "POST", URL: "https://api.example.com/"}, told("POST", "/")},
		{"guard", &network{names: map[string][][]string{"api.example.com": {{"10.0.0.1"}}}}, post("/"),
			with(told("POST", "/"), func(tr *Trace) { tr.Refused = true })},
		{"grants", &network{}, abi.Request{Method: "POST", URL: "http://evil.example:81/x?q"},
			with(Trace{Method: "POST", Host: "evil.example:81", Path: "/x"}, refused)},
		{"header", &network{}, abi.Request{Method: "GET", URL: base, Headers: map[string][]string{"Host": {"x"}}}, with(told("GET", "/"), refused)},
		{"url", &network{}, get("http://127.1/x"), Trace{Method: "GET", Refused: true}},
		{"redirected", moved(302, "http://1.1.1.1/"), get(base), Trace{Grant: "api", Method: "GET", Host: "1.1.1.1", Path: "/", Hops: 1}},
		{"POST that is redirected to nobody", moved(302, "http://1.1.1.1/"), post("/"),
			Trace{Grant: "api", Method: "GET", Host: "1.1.1.1", Path: "/", Hops: 1, Sent: true}},
		{"redirected to a private address", moved(302, "http://10.0.0.1/"), get(base),
			Trace{Grant: "api", Method: "GET", Host: "10.0.0.1", Path: "/", Hops: 1, Refused: true}},
		{"redirect that is not followed", moved(302, "http://evil.example/"), get(base), with(told("GET", "/"), sent)},
		{"redirected for ever", moved(302, "/"), get(base), with(told("GET", "/"), func(tr *Trace) { tr.Sent, tr.Hops = true, maxRedirects })},
	} {
		p := open(base, "https://api.example.com", "http://1.1.1.1", "http://10.0.0.1")
		p.Secrets = []string{secret}
		_, got := c.n.client(t).Do(t.Context(), c.req, p)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestTrace_Authorized(t *testing.T) {
	t.Parallel()
	p := credential(open("http://api.example.com"))
	_, got := api(http.NotFoundHandler()).client(t).Do(t.Context(), get("http://api.example.com/"), p)
	if !got.Authorized {
		t.Errorf("with a credential: %+v", got)
	}
	p.Grants[0].Authenticated = false
	if _, got = api(http.NotFoundHandler()).client(t).Do(t.Context(), get("http://api.example.com/"), p); got.Authorized {
		t.Errorf("under a grant without a credential: %+v", got)
	}
}

// A Transport that replaces the network may not say how far it came, so whatever it was given counts as sent.
func TestTrace_OfAReplacedNetwork(t *testing.T) {
	t.Parallel()
	c := New(Config{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })})
	if _, got := c.Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com")); !got.Sent {
		t.Errorf("got %+v", got)
	}
	if _, got := c.Do(t.Context(), get("http://evil.example/"), open("http://api.example.com")); got.Sent {
		t.Errorf("got %+v of a refused request", got)
	}
}

// book is an Admit that writes down what it was asked, and what became of it.
type book struct{ lines []string }

func (b *book) admit(_ context.Context, r Outgoing) (func(Outcome), error) {
	line := fmt.Sprintf("%s %s %s%s", r.Grant, r.Method, r.Origin, r.Path)
	b.lines = append(b.lines, line)
	return func(o Outcome) { b.lines = append(b.lines, fmt.Sprintf("%d %s", o.Status, o.Header.Get("X-Left"))) }, nil
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	n := api(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Left", r.URL.Path)
		if r.URL.Path == "/a" {
			http.Redirect(w, r, "/b%20b", http.StatusSeeOther)
		}
	}))
	client := n.client(t)
	for _, c := range []struct {
		name, url string
		want      []string
	}{
		{"each hop", "http://api.example.com/a?q", []string{"api POST http://api.example.com/a", "303 /a", "api GET http://api.example.com/b%20b", "200 /b b"}},
		{"nobody there", "http://gone.example.com:81/", []string{"api POST http://gone.example.com:81/", "0 "}},
		{"refused", "http://evil.example/", nil},
	} {
		var b book
		p := open("http://api.example.com", "http://gone.example.com:81")
		p.Admit = b.admit
		client.Do(t.Context(), abi.Request{Method: "POST", URL: c.url}, p)
		if diff := cmp.Diff(c.want, b.lines); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAdmit_ReleasesWhenTheBodyIsRead(t *testing.T) {
	t.Parallel()
	var b book
	n := speak(func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc") })
	p := open("http://api.example.com")
	p.Admit = b.admit
	wantFault(t, reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), p)), abi.Unavailable, "complete")
	if want := []string{"api GET http://api.example.com/", "200 "}; !slices.Equal(b.lines, want) {
		t.Errorf("got %q, want %q", b.lines, want)
	}
}

func TestAdmit_Refuses(t *testing.T) {
	t.Parallel()
	n := api(http.NotFoundHandler())
	p := credential(open("http://api.example.com"))
	attach := p.Authorize
	p.Authorize = func(r *http.Request) error {
		t.Error("a request was authorized before it was admitted")
		return attach(r)
	}
	for err, want := range map[error]abi.Code{
		abi.Faultf(abi.RateLimited, "later"): abi.RateLimited,
		errors.New("store is gone"):          abi.Internal,
		context.DeadlineExceeded:             abi.Timeout,
	} {
		p.Admit = func(context.Context, Outgoing) (func(Outcome), error) { return nil, err }
		r, told := n.client(t).Do(t.Context(), get("http://api.example.com/"), p)
		wantFault(t, r, want)
		if strings.Contains(r.Fault.Message, "store") || told.Sent || told.Refused || told.Authorized {
			t.Errorf("%v: got %v and %+v", err, r.Fault, told)
		}
	}
	if len(n.looked) > 0 {
		t.Errorf("looked up %q", n.looked)
	}
}

func TestDo_NoRedirects(t *testing.T) {
	t.Parallel()
	p := open("http://api.example.com")
	p.NoRedirects = true
	n := api(redirectTo(http.StatusFound, "/to"))
	r, told := n.client(t).Do(t.Context(), get("http://api.example.com/"), p)
	wantStatus(t, r, 302)
	if told.Hops != 0 || len(r.Body) > 0 || !slices.Equal(r.Headers["Location"], []string{"/to"}) {
		t.Errorf("got %+v with %+v", r, told)
	}
}
