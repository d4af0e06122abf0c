package simulated_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/simulated"
)

func TestFailStatuses(t *testing.T) {
	t.Parallel()
	s := newShop()
	url := open(t, s)
	for _, test := range []struct {
		rule       simulated.Rule
		status     int
		body       string
		retryAfter string
		shop       string
	}{
		{simulated.Rule{}, 500, "no: Internal Server Error", "", "closed"},
		{simulated.Rule{Performed: true, Status: 404}, 404, "no: Not Found", "", "closed"},
		{simulated.Rule{Status: 429, RetryAfter: "1.5"}, 429, "no: Too Many Requests", "1.5", "closed"},
		{simulated.Rule{Status: 503, RetryAfter: "soon"}, 503, "no: Service Unavailable", "soon", "closed"},
		{simulated.Rule{Status: 502, Body: "<html>"}, 502, "<html>", "", "closed"},
	} {
		s.Fail(test.rule)
		resp, body := get(t, url, "/")
		if resp.StatusCode != test.status || body != test.body || resp.Header.Get("Retry-After") != test.retryAfter || resp.Header.Get("Shop") != test.shop {
			t.Errorf("%+v answers %d %s %v", test.rule, resp.StatusCode, body, resp.Header)
		}
		filed := s.Requests()
		if last := filed[len(filed)-1].Status; last != test.status {
			t.Errorf("%+v is filed as %d", test.rule, last)
		}
		if resp, _ := get(t, url, "/"); resp.StatusCode != 201 {
			t.Errorf("after %+v, a request is answered %d", test.rule, resp.StatusCode)
		}
	}
}

func TestFailMatching(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		rule simulated.Rule
		want string // statuses of GET /me, GET /a/b/c and GET /a/b/c/d, three times
	}{
		{"method", simulated.Rule{Method: "POST", Times: -1}, "201 201 201 201 201 201 201 201 201"},
		{"path", simulated.Rule{Path: "/a/b/c"}, "201 500 201 201 201 201 201 201 201"},
		{"one segment", simulated.Rule{Path: "/a/*/c", Times: 2}, "201 500 201 201 500 201 201 201 201"},
		{"any rest", simulated.Rule{Path: "/a/**", Times: -1}, "201 500 500 201 500 500 201 500 500"},
		{"skip", simulated.Rule{Path: "/a/b/c", Skip: 1}, "201 201 201 201 500 201 201 201 201"},
		{"too short", simulated.Rule{Path: "/a/b/c/d/e", Times: -1}, "201 201 201 201 201 201 201 201 201"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(test.rule)
			status := func(path string) string {
				recorder := httptest.NewRecorder()
				s.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
				return fmt.Sprint(recorder.Code)
			}
			var got []string
			for range 3 {
				for _, path := range []string{"/me", "/a/b/c", "/a/b/c/d"} {
					got = append(got, status(path))
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			s.ClearFaults()
			if got := status("/a/b/c"); got != "201" {
				t.Errorf("after ClearFaults, a request is answered %s", got)
			}
		})
	}
}

// Rules in force from the start come before those added later.
func TestFailOrder(t *testing.T) {
	t.Parallel()
	s := newShop(simulated.Rule{Status: 501})
	url := open(t, s)
	s.Fail(simulated.Rule{Status: 502}, simulated.Rule{Status: 503})
	for _, want := range []int{501, 502, 503, 201} {
		if resp, _ := get(t, url, "/"); resp.StatusCode != want {
			t.Errorf("status %d, want %d", resp.StatusCode, want)
		}
	}
}

func TestFailPerformed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule simulated.Rule
		sold int32
	}{
		{simulated.Rule{}, 0},
		{simulated.Rule{Performed: true}, 1},
		{simulated.Rule{Effect: simulated.Malformed}, 0},
		{simulated.Rule{Effect: simulated.Malformed, Performed: true}, 1},
		{simulated.Rule{Effect: simulated.Drip, Interval: time.Microsecond}, 1},
	} {
		s := newShop(test.rule)
		get(t, open(t, s), "/")
		if sold := s.sold.Load(); sold != test.sold {
			t.Errorf("%+v lets %d sales happen, want %d", test.rule, sold, test.sold)
		}
	}
}

func TestFailBodies(t *testing.T) {
	t.Parallel()
	s := newShop()
	url := open(t, s)
	s.Fail(simulated.Rule{Effect: simulated.Malformed, Performed: true})
	if resp, body := get(t, url, "/"); resp.StatusCode != 200 || json.Valid([]byte(body)) {
		t.Errorf("malformed answers %d %s", resp.StatusCode, body)
	}
	s.Fail(simulated.Rule{Effect: simulated.Huge, Size: 200_001})
	if resp, body := get(t, url, "/"); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" || len(body) != 200_001 || !json.Valid([]byte(body)) {
		t.Errorf("huge answers %d and %d bytes", resp.StatusCode, len(body))
	}
	s.Fail(simulated.Rule{Effect: simulated.Drip, Interval: time.Microsecond})
	if resp, body := get(t, url, "/"); resp.StatusCode != 201 || body != "sold " {
		t.Errorf("drip answers %d %s", resp.StatusCode, body)
	}
	var filed []int
	for _, request := range s.Requests() {
		filed = append(filed, request.Status)
	}
	if diff := cmp.Diff([]int{200, 200, 201}, filed); diff != "" {
		t.Error(diff)
	}
}

func TestFailBomb(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	bomb := simulated.Rule{Effect: simulated.Bomb, Size: size, Times: 2}
	s := newShop(bomb)
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if packed := recorder.Body.Len(); packed > size/100 || recorder.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("the bomb is %d bytes, encoding %q", packed, recorder.Header().Get("Content-Encoding"))
	}
	if _, body := get(t, open(t, s), "/"); len(body) != size { // the client inflates it
		t.Errorf("the bomb inflates to %d bytes", len(body))
	}
}

func TestFailConnections(t *testing.T) {
	t.Parallel()
	s := newShop()
	url := open(t, s)
	post := func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, "POST", url, nil)
		if err != nil {
			return err
		}
		resp, err := web.Do(r)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return err
	}
	s.Fail(simulated.Rule{Effect: simulated.Reset})
	if err := post(t.Context()); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("reset gives %v", err)
	}
	s.Fail(simulated.Rule{Effect: simulated.Hang, Times: 2})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- post(ctx) }()
	await(t, func() bool { return len(s.Requests()) == 2 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a request left hanging gives %v", err)
	}
	go func() { done <- post(t.Context()) }()
	await(t, func() bool { return len(s.Requests()) == 3 })
	s.Close()
	if err := <-done; err == nil {
		t.Error("closing answers a hanging request")
	}
	for i, request := range s.Requests() {
		if request.Status != 0 {
			t.Errorf("request %d is filed with status %d, want none", i, request.Status)
		}
	}
}

// A redirect and a page of HTML are answers with headers of their own.
func TestFailHeaders(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.Fail(simulated.Rule{Status: 307, Header: http.Header{"Location": {"http://127.0.0.1:9/elsewhere"}}},
		simulated.Rule{Status: 502, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}})
	for _, want := range []string{"307 http://127.0.0.1:9/elsewhere  no: Temporary Redirect", "502  text/html <html>"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		if got := fmt.Sprintf("%d %s %s %s", w.Code, w.Header().Get("Location"), w.Header().Get("Content-Type"), w.Body); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFailSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(simulated.Rule{Effect: simulated.Slow, Interval: 14 * time.Second})
		w, begun := httptest.NewRecorder(), time.Now()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		if took := time.Since(begun); took != 14*time.Second || w.Code != 201 || s.sold.Load() != 1 {
			t.Errorf("answered %d after %v, %d sold", w.Code, took, s.sold.Load())
		}
	})
}
