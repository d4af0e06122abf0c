package tallyfy_test

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
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/testkit/vendors/tallyfy"
)

func TestFailStatuses(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	for _, test := range []struct {
		rule       tallyfy.Rule
		status     int
		body       string
		retryAfter string
	}{
		{tallyfy.Rule{}, 500, `{"error":true,"message":"Internal Server Error"}`, ""},
		{tallyfy.Rule{Status: 401}, 401, `{"error":true,"message":"Unauthenticated."}`, ""},
		{tallyfy.Rule{Status: 403}, 403, `{"error":true,"message":"You don't have application's permissions for this organization!"}`, ""},
		{tallyfy.Rule{Status: 404}, 404, `{"code":"RESOURCE_NOT_FOUND","error":true,"message":"Resource not found."}`, ""},
		{tallyfy.Rule{Status: 422}, 422, `{"error":true,"errors":{"checklist_id":["The checklist id field is required."]}}`, ""},
		{tallyfy.Rule{Status: 429, RetryAfter: "7"}, 429, `{"code":"RATE_LIMIT_EXCEEDED","message":"Too Many Attempts."}`, "7"},
		{tallyfy.Rule{Status: 429, RetryAfter: "1.5"}, 429, `{"code":"RATE_LIMIT_EXCEEDED","message":"Too Many Attempts."}`, "1.5"},
		{tallyfy.Rule{Status: 503, RetryAfter: "Mon, 02 Mar 2026 09:00:30 GMT"}, 503, `{"error":true,"message":"Service Unavailable"}`, "Mon, 02 Mar 2026 09:00:30 GMT"},
		{tallyfy.Rule{Status: 502, Body: `<html>`}, 502, `<html>`, ""},
	} {
		c.server.Fail(test.rule)
		status, body := c.do("GET", "/me", nil)
		if status != test.status || body != test.body || c.header.Get("Retry-After") != test.retryAfter {
			t.Errorf("%+v answers %d %s Retry-After %q", test.rule, status, body, c.header.Get("Retry-After"))
		}
		c.want(200, "GET", "/me", nil)
	}
}

func TestFailMatching(t *testing.T) {
	t.Parallel()
	runs := "/api" + acme + "/runs"
	for _, test := range []struct {
		name string
		rule tallyfy.Rule
		want string // statuses of GET /me, GET /runs, GET /runs/x, three times
	}{
		{"method", tallyfy.Rule{Method: "POST", Times: -1}, "200 200 404 200 200 404 200 200 404"},
		{"path", tallyfy.Rule{Path: runs}, "200 500 404 200 200 404 200 200 404"},
		{"one segment", tallyfy.Rule{Path: "/api/organizations/*/runs", Times: 2}, "200 500 404 200 500 404 200 200 404"},
		{"any rest", tallyfy.Rule{Path: "/api/organizations/**", Times: -1}, "200 500 500 200 500 500 200 500 500"},
		{"skip", tallyfy.Rule{Path: runs, Skip: 1}, "200 200 404 200 500 404 200 200 404"},
		{"too short", tallyfy.Rule{Path: runs + "/x/y", Times: -1}, "200 200 404 200 200 404 200 200 404"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, tallyfy.Config{Faults: []tallyfy.Rule{test.rule}})
			var got []string
			for range 3 {
				for _, path := range []string{"/me", acme + "/runs", acme + "/runs/x"} {
					status, _ := c.do("GET", path, nil)
					got = append(got, fmt.Sprint(status))
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			c.server.ClearFaults()
			c.want(200, "GET", acme+"/runs", nil)
		})
	}
}

func TestFailPerformed(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	c.server.Fail(tallyfy.Rule{Method: "POST", Status: 503}, tallyfy.Rule{Method: "POST", Status: 503, Performed: true})
	body := map[string]any{"checklist_id": tallyfy.SalesApproval}
	c.want(503, "POST", acme+"/runs", body)
	if n := len(c.server.Runs()); n != 0 {
		t.Errorf("%d processes after a fault, want 0", n)
	}
	c.want(503, "POST", acme+"/runs", body)
	if n := len(c.server.Runs()); n != 1 {
		t.Errorf("%d processes after a lost answer, want 1", n)
	}
}

func TestFailBodies(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	c.server.Fail(tallyfy.Rule{Effect: tallyfy.Malformed})
	if status, body := c.do("GET", "/me", nil); status != 200 || json.Valid([]byte(body)) {
		t.Errorf("malformed answers %d %s", status, body)
	}
	c.server.Fail(tallyfy.Rule{Effect: tallyfy.Huge, Size: 200_001})
	if status, body := c.do("GET", "/me", nil); status != 200 || c.header.Get("Content-Type") != "application/json" || len(body) != 200_001 || !json.Valid([]byte(body)) {
		t.Errorf("huge answers %d and %d bytes", status, len(body))
	}
	c.server.Fail(tallyfy.Rule{Effect: tallyfy.Drip, Interval: time.Microsecond})
	if status, body := c.do("GET", "/me", nil); status != 200 || !strings.Contains(body, "ada@acme.example") {
		t.Errorf("drip answers %d %s", status, body)
	}
}

func TestFailBomb(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	bomb := tallyfy.Config{Faults: []tallyfy.Rule{{Effect: tallyfy.Bomb, Size: size}}}
	server := tallyfy.New(bomb)
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/api/me", nil))
	if packed := recorder.Body.Len(); packed > size/100 || recorder.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("the bomb is %d bytes, encoding %q", packed, recorder.Header().Get("Content-Encoding"))
	}
	c := start(t, bomb)
	if _, body := c.do("GET", "/me", nil); len(body) != size { // the client inflates it
		t.Errorf("the bomb inflates to %d bytes", len(body))
	}
}

func TestFailConnections(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	get := func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, "POST", c.url+"/me", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return err
	}
	c.server.Fail(tallyfy.Rule{Effect: tallyfy.Reset})
	if err := get(t.Context()); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("reset gives %v", err)
	}
	c.server.Fail(tallyfy.Rule{Effect: tallyfy.Hang, Times: 2})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- get(ctx) }()
	await(t, func() bool { return len(c.server.Requests()) == 2 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a request left hanging gives %v", err)
	}
	go func() { done <- get(t.Context()) }()
	await(t, func() bool { return len(c.server.Requests()) == 3 })
	c.server.Close()
	if err := <-done; err == nil {
		t.Error("closing the server answers a hanging request")
	}
	for i, request := range c.server.Requests() {
		if request.Status != 0 {
			t.Errorf("request %d is filed with status %d, want none", i, request.Status)
		}
	}
}

// await polls until the condition holds, for ten seconds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range 10_000 {
		if holds() {
			return
		}
		<-ticker.C
	}
	t.Fatal("waited ten seconds in vain")
}
