package sdk_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/sdk"
	"patchbay/sdk/sdktest"
)

//lint:file-ignore ST1008 run returns what its callers look at first, first

// run lets f be the only action of a connector and runs it against vendor.
func run[Out any](t *testing.T, vendor http.HandlerFunc, f func(*sdk.Call) (Out, error)) (Out, error, *sdktest.Host) {
	t.Helper()
	c := sdk.New()
	sdk.Action(c, "a", func(call *sdk.Call, _ struct{}) (Out, error) { return f(call) })
	h := sdktest.New(c, nil)
	if vendor != nil {
		h.Vendor = vendor
	}
	h.URLs = map[string]string{"api": "https://vendor.example/v1"}
	out, err := sdktest.Run[Out](h, "a", nil)
	return out, err, h
}

// mirror answers with what it got.
func mirror(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %s", r.Method, r.RequestURI, r.Header.Get("Content-Type"), body)
}

func TestClient_Requests(t *testing.T) {
	t.Parallel()
	query := url.Values{"b": {"1", "2"}, "a": {"x y"}}
	for want, send := range map[string]func(*sdk.Client) (*sdk.Response, error){
		"GET /v1/runs?a=x+y&b=1&b=2  ":           func(c *sdk.Client) (*sdk.Response, error) { return c.Get("/runs", query) },
		"GET /v1/runs  ":                         func(c *sdk.Client) (*sdk.Response, error) { return c.Get("/runs", nil) },
		"GET /v1  ":                              func(c *sdk.Client) (*sdk.Response, error) { return c.Do(&sdk.Request{}) },
		`POST /v1/runs application/json {"a":1}`: func(c *sdk.Client) (*sdk.Response, error) { return c.Post("/runs", sdk.JSON(map[string]int{"a": 1})) },
		`PUT /v1/runs application/json null`:     func(c *sdk.Client) (*sdk.Response, error) { return c.Put("/runs", sdk.JSON(nil)) },
		`PATCH /v1/runs text/plain hi`: func(c *sdk.Client) (*sdk.Response, error) {
			return c.Patch("/runs", sdk.Body{ContentType: "text/plain", Bytes: []byte("hi")})
		},
		"DELETE /v1/runs/a%2Fb  ": func(c *sdk.Client) (*sdk.Response, error) { return c.Delete(sdk.Path("runs", "a/b")) },
		"POST /v1/x application/merge-patch+json {}": func(c *sdk.Client) (*sdk.Response, error) {
			return c.Do(&sdk.Request{Method: "post", Path: "/x", Body: sdk.JSON(struct{}{}), Header: sdk.Header{"content-type": {"application/merge-patch+json"}}})
		},
		"GET /v1/runs?page=2&x=%20  ": func(c *sdk.Client) (*sdk.Response, error) {
			return c.Do(&sdk.Request{URL: "https://vendor.example/v1/runs?page=2&x=%20#top"})
		},
		"GET /v1/runs?page=3&size=5  ": func(c *sdk.Client) (*sdk.Response, error) {
			return c.Do(&sdk.Request{URL: "https://vendor.example/v1/runs?page=2&size=5", Query: url.Values{"page": {"3"}}})
		},
	} {
		got, err, _ := run(t, mirror, func(call *sdk.Call) (string, error) {
			resp, err := send(call.HTTP("api"))
			if err != nil {
				return "", err
			}
			return string(resp.Body), nil
		})
		if err != nil || got != want {
			t.Errorf("got  %q, %v\nwant %q", got, err, want)
		}
	}
}

func TestClient_Header(t *testing.T) {
	t.Parallel()
	_, err, h := run(t, mirror, func(call *sdk.Call) (any, error) {
		api := call.HTTP("api")
		api.Header.Set("x-client", "patchbay")
		api.Header.Set("Accept", "text/plain")
		_, err := api.Do(&sdk.Request{Path: "/runs", Header: sdk.Header{"accept": {"application/json"}}})
		return nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []abi.Request{{Method: "GET", URL: "https://vendor.example/v1/runs", Body: []byte{},
		Headers: map[string][]string{"X-Client": {"patchbay"}, "Accept": {"application/json"}}}}
	if diff := cmp.Diff(want, h.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestClient_Response(t *testing.T) {
	t.Parallel()
	vendor := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-total", "7")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "line\nline\n\x00\xff")
	}
	_, err, _ := run(t, vendor, func(call *sdk.Call) (any, error) {
		resp, err := call.HTTP("api").Get("/x", nil)
		if err != nil {
			return nil, err
		}
		if resp.Status != 418 || resp.Header.Get("X-Total") != "7" || string(resp.Body) != "line\nline\n\x00\xff" || resp.URL != "https://vendor.example/v1/x" {
			return nil, fmt.Errorf("got %+v", resp)
		}
		return nil, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestClient_Faults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		request sdk.Request
		grant   string
		code    sdk.Code
		message string
	}{
		"unknown grant":     {sdk.Request{Path: "/x"}, "files", sdk.Internal, `no base URL for the http grant "files"; declare it under http in the manifest`},
		"path and URL":      {sdk.Request{Path: "/x", URL: "https://vendor.example/v1/x"}, "api", sdk.Internal, "set one of them"},
		"another host":      {sdk.Request{URL: "https://evil.example/v1/x?token=s3cret"}, "api", sdk.Forbidden, "https://evil.example/v1/x is not under https://vendor.example/v1"},
		"bad path":          {sdk.Request{Path: "/a b"}, "api", sdk.Internal, "byte 2"},
		"missing ID":        {sdk.Request{Path: sdk.Path("runs", "")}, "api", sdk.InvalidInput, "is an ID missing?"},
		"body without JSON": {sdk.Request{Path: "/x", Body: sdk.JSON(func() {})}, "api", sdk.Internal, "encode the request body: json: unsupported type: func()"},
		"host's header":     {sdk.Request{Path: "/x", Header: sdk.Header{"Authorization": {"Bearer x"}}}, "api", sdk.InvalidInput, "the header Authorization belongs to the host"},
		"no connection":     {sdk.Request{Path: "/abort"}, "api", sdk.Unavailable, "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err, _ := run(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, func(call *sdk.Call) (any, error) {
				return call.HTTP(tt.grant).Do(&tt.request)
			})
			var f *sdk.Fault
			if !errors.As(err, &f) || f.Code != tt.code || !strings.Contains(f.Message, tt.message) {
				t.Errorf("error %v, want %s with %q", err, tt.code, tt.message)
			}
		})
	}
}

// A connector whose manifest has no http grant has no vendor to send to.
func TestClient_WithoutGrant(t *testing.T) {
	t.Parallel()
	_, err, _ := run(t, nil, func(call *sdk.Call) (any, error) { return call.HTTP("api").Get("/x", nil) })
	if f := abi.AsFault(err); f.Code != sdk.Forbidden || !strings.Contains(f.Message, "no http grant") {
		t.Errorf("error %v", err)
	}
}

// numbers is a vendor with n items, of which it gives size a page in any of the usual styles.
func numbers(n, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		start, _ := strconv.Atoi(q.Get("offset"))
		if page, err := strconv.Atoi(q.Get("page")); err == nil {
			start = (page - 1) * size
		}
		if c := q.Get("cursor"); c != "" {
			start, _ = strconv.Atoi(strings.TrimPrefix(c, "c"))
		}
		end := min(start+size, n)
		next := ""
		if end < n {
			next = strconv.Itoa(end)
			w.Header().Set("Link", fmt.Sprintf(`<?offset=%d>; rel="next"`, end))
		}
		fmt.Fprintf(w, `{"from":%d,"count":%d,"next":%q,"more":%t}`, start, max(end-start, 0), next, end < n)
	}
}

type numberPage struct {
	From, Count int
	Next        string
	More        bool
}

func read(r *sdk.Response) (numberPage, error) {
	var p numberPage
	err := r.JSON(&p)
	return p, err
}

func TestPages(t *testing.T) {
	t.Parallel()
	more := func(r *sdk.Response) (bool, error) { p, err := read(r); return p.More, err }
	for name, tt := range map[string]struct {
		pager sdk.Pager
		first url.Values
		from  []int
	}{
		"page":           {sdk.ByPage("page", more), nil, []int{0, 2, 4}},
		"page, from 2":   {sdk.ByPage("page", more), url.Values{"page": {"2"}}, []int{2, 4}},
		"offset":         {sdk.ByOffset("offset", func(r *sdk.Response) (int, bool, error) { p, err := read(r); return p.Count, p.More, err }), nil, []int{0, 2, 4}},
		"offset, from 1": {sdk.ByOffset("offset", func(r *sdk.Response) (int, bool, error) { p, err := read(r); return p.Count, p.More, err }), url.Values{"offset": {"1"}}, []int{1, 3}},
		"cursor": {sdk.ByCursor("cursor", func(r *sdk.Response) (string, error) {
			p, err := read(r)
			if p.Next == "" {
				return "", err
			}
			return "c" + p.Next, err
		}), nil, []int{0, 2, 4}},
		"link":     {sdk.ByLink("next"), nil, []int{0, 2, 4}},
		"next URL": {sdk.ByNextURL(func(r *sdk.Response) (string, error) { return r.Link("next"), nil }), url.Values{"page": {"2"}}, []int{2, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err, h := run(t, numbers(5, 2), func(call *sdk.Call) ([]int, error) {
				req := &sdk.Request{Path: "/numbers", Query: tt.first, Header: sdk.Header{"X-A": {"b"}}}
				var from []int
				for resp, err := range call.HTTP("api").Pages(req, tt.pager) {
					if err != nil {
						return nil, err
					}
					p, err := read(resp)
					if err != nil {
						return nil, err
					}
					from = append(from, p.From)
				}
				if len(req.Query) != len(tt.first) {
					return nil, errors.New("the request was changed")
				}
				return from, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.from, got); diff != "" {
				t.Error(diff)
			}
			for _, r := range h.Requests() {
				if r.Headers["X-A"] == nil {
					t.Errorf("%s lacks the header of the first request", r.URL)
				}
			}
		})
	}
}

// collect runs Pages and tells how many pages came before the error.
func collect(t *testing.T, vendor http.HandlerFunc, req *sdk.Request, pager sdk.Pager) (pages int, err error) {
	t.Helper()
	_, err, _ = run(t, vendor, func(call *sdk.Call) (any, error) {
		for _, err := range call.HTTP("api").Pages(req, pager) {
			if err != nil {
				return nil, err
			}
			pages++
		}
		return nil, nil
	})
	return pages, err
}

func TestPages_Ends(t *testing.T) {
	t.Parallel()
	always := func(s string) sdk.Pager {
		return sdk.ByNextURL(func(*sdk.Response) (string, error) { return s, nil })
	}
	text := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	for name, tt := range map[string]struct {
		vendor  http.HandlerFunc
		pager   sdk.Pager
		query   url.Values
		pages   int
		code    sdk.Code
		message string
	}{
		"same URL":       {text(200), always("/v1/x?a=1"), url.Values{"a": {"1"}}, 1, sdk.Internal, "page 1 leads to one that was fetched before"},
		"circle":         {text(200), always("/v1/x?a=2"), nil, 2, sdk.Internal, "page 2 leads to one that was fetched before"},
		"same cursor":    {text(200), sdk.ByCursor("c", func(*sdk.Response) (string, error) { return "again", nil }), nil, 2, sdk.Internal, "circle"},
		"another host":   {text(200), always("https://evil.example/v1/x"), nil, 1, sdk.Forbidden, "is not under"},
		"above the base": {text(200), always("/v2/x"), nil, 1, sdk.Forbidden, "is not under"},
		"no URL":         {text(200), always("%zz"), nil, 0, sdk.Internal, "the link to the next page is no URL"},
		"a fault status": {text(503), always("/v1/y"), nil, 0, sdk.Unavailable, "answered 503"},
		"pager fails":    {text(200), sdk.ByCursor("c", func(r *sdk.Response) (string, error) { return "", r.JSON(nil) }), nil, 0, sdk.Unavailable, "not JSON"},
		"page no number": {text(200), sdk.ByPage("page", func(*sdk.Response) (bool, error) { return true, nil }), url.Values{"page": {"x"}}, 0, sdk.Internal, `page is "x"`},
		"empty offset":   {text(200), sdk.ByOffset("offset", func(*sdk.Response) (int, bool, error) { return 0, true, nil }), nil, 1, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			pages, err := collect(t, tt.vendor, &sdk.Request{Path: "/x", Query: tt.query}, tt.pager)
			if pages != tt.pages {
				t.Errorf("%d pages, want %d", pages, tt.pages)
			}
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if f := abi.AsFault(err); err == nil || f.Code != tt.code || !strings.Contains(f.Message, tt.message) {
				t.Errorf("error %v, want %s with %q", err, tt.code, tt.message)
			}
		})
	}
}

func TestPages_Cap(t *testing.T) {
	t.Parallel()
	endless := sdk.ByPage("page", func(*sdk.Response) (bool, error) { return true, nil })
	pages, err := collect(t, func(http.ResponseWriter, *http.Request) {}, &sdk.Request{Path: "/x"}, endless)
	if f := abi.AsFault(err); pages != sdk.MaxPages || f.Code != sdk.LimitExceeded {
		t.Errorf("%d pages, %v, want %d and limit_exceeded", pages, err, sdk.MaxPages)
	}
}

// A loop that is left early fetches nothing more.
func TestPages_Break(t *testing.T) {
	t.Parallel()
	_, err, h := run(t, numbers(100, 1), func(call *sdk.Call) (any, error) {
		for range call.HTTP("api").Pages(&sdk.Request{Path: "/numbers"}, sdk.ByLink("next")) {
			break
		}
		return nil, nil
	})
	if err != nil || len(h.Requests()) != 1 {
		t.Errorf("%d requests, %v, want 1", len(h.Requests()), err)
	}
}

// A pager for POST requests repeats the body, and two bodies are two pages.
func TestPages_OwnPager(t *testing.T) {
	t.Parallel()
	got, err, _ := run(t, mirror, func(call *sdk.Call) ([]string, error) {
		pager := func(sent *sdk.Request, _ *sdk.Response) (*sdk.Request, error) {
			if string(sent.Body.Bytes) == "3" {
				return nil, nil
			}
			n, err := strconv.Atoi(string(sent.Body.Bytes))
			next := *sent
			next.Body = sdk.JSON(n + 1)
			return &next, err
		}
		var bodies []string
		for resp, err := range call.HTTP("api").Pages(&sdk.Request{Method: "POST", Path: "/q", Body: sdk.JSON(1)}, pager) {
			if err != nil {
				return nil, err
			}
			bodies = append(bodies, string(resp.Body))
		}
		return bodies, nil
	})
	want := []string{"POST /v1/q application/json 1", "POST /v1/q application/json 2", "POST /v1/q application/json 3"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
