package netsuite_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/testkit/vendors/netsuite"
	"patchbay/testkit/vendors/simulated"
)

// serve sends a request without a network and fails on an answer that says the server is at fault.
func serve(t *testing.T, server *netsuite.Server, method, path, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+netsuite.AdminToken)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Prefer", "transient")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code >= 500 || w.Code != http.StatusNoContent && !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s %s %s answers %d %s", method, path, body, w.Code, w.Body)
	}
}

func TestConcurrencyLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		config  netsuite.Config
		status  int
		blocked bool
	}{
		{netsuite.Config{}, 429, true},
		{netsuite.Config{ConcurrencyStatus: 400}, 400, true},
		{netsuite.Config{Concurrency: 6}, 200, false},
		{netsuite.Config{Concurrency: -1}, 200, false},
	} {
		c := start(t, test.config)
		c.server.Fail(simulated.Rule{Path: "/services/rest/record/v1/customer/107", Effect: simulated.Hang, Times: 5})
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				r, err := http.NewRequestWithContext(t.Context(), "POST", c.url+"/record/v1/customer/107", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if resp, err := web.Do(r); err == nil {
					resp.Body.Close()
					t.Error("a hanging request is answered")
				}
			})
		}
		await(t, func() bool { return c.server.Peak() == 5 && len(c.server.Requests()) == 5 })
		if test.blocked {
			c.refused(test.status, "GET", "/record/v1/customer", "", `{"detail":"Concurrent request limit exceeded. Request blocked.","o:errorCode":"CONCURRENCY_LIMIT_EXCEEDED"}`)
			if c.header.Get("Retry-After") != "" {
				t.Errorf("Retry-After %q", c.header.Get("Retry-After"))
			}
		} else {
			c.want(200, "GET", "/record/v1/customer", "")
		}
		c.server.Close()
		group.Wait()
		await(t, func() bool { // a client may notice the end before its place is free
			status, _ := c.do("GET", "/record/v1/customer", "")
			return status == 200
		})
		if peak := c.server.Peak(); peak != 6 {
			t.Errorf("peak %d, want 6", peak)
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

func TestLatencyHoldsAPlace(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{Latency: 20 * time.Millisecond, Concurrency: 1})
	begun := time.Now()
	c.want(200, "GET", "/record/v1/customer", "")
	if took := time.Since(begun); took < 20*time.Millisecond {
		t.Errorf("a request takes %v", took)
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{Faults: []simulated.Rule{{Status: 500}}})
	c.want(500, "GET", "/record/v1/customer", "")
	for status, detail := range map[int]string{
		400: `{"detail":"Error while accessing a resource.","o:errorCode":"USER_ERROR"}`,
		401: badLogin,
		403: `{"detail":"Permission Violation: your role does not allow this.","o:errorCode":"INSUFFICIENT_PERMISSION"}`,
		404: `{"detail":"The record instance does not exist.","o:errorCode":"NONEXISTENT_ID"}`,
		429: `{"detail":"Concurrent request limit exceeded. Request blocked.","o:errorCode":"CONCURRENCY_LIMIT_EXCEEDED"}`,
		500: `{"detail":"An unexpected error has occurred.","o:errorCode":"UNEXPECTED_ERROR"}`,
		503: `{"detail":"An unexpected error has occurred.","o:errorCode":"UNEXPECTED_ERROR"}`,
	} {
		c.server.Fail(simulated.Rule{Status: status, RetryAfter: "3"})
		c.refused(status, "GET", "/record/v1/customer", "", detail)
		if c.header.Get("Retry-After") != "3" || c.header.Get("WWW-Authenticate") == "" && status == 401 {
			t.Errorf("%d has headers %v", status, c.header)
		}
	}
	contains(t, func() map[string]any {
		c.server.Fail(simulated.Rule{Status: 503}, simulated.Rule{Status: 429})
		return c.want(503, "GET", "/record/v1/customer", "")
	}(), `{"title":"Service Unavailable","type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.6.4"}`)
	contains(t, c.want(429, "GET", "/record/v1/customer", ""), `{"title":"Too Many Requests","type":"https://www.rfc-editor.org/rfc/rfc6585.html#section-4"}`)
	c.server.Fail(simulated.Rule{Effect: simulated.Malformed})
	if status, body := c.do("GET", "/record/v1/customer", ""); status != 200 || json.Valid([]byte(body)) {
		t.Errorf("malformed answers %d %s", status, body)
	}
	c.server.Fail(simulated.Rule{Times: -1})
	c.want(500, "GET", "/record/v1/customer", "")
	c.server.ClearFaults()
	c.want(200, "GET", "/record/v1/customer", "")
	if all := c.server.Requests(); all[0].Method != "GET" || all[0].Status == 0 || all[len(all)-1].Status != 200 {
		t.Errorf("filed statuses: %d ... %d", all[0].Status, all[len(all)-1].Status)
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{Empty: true})
	if err := c.server.Seed(netsuite.Fixtures()...); err != nil {
		t.Fatal(err)
	}
	if got := len(c.server.Orders()); got != 5 {
		t.Errorf("%d orders in the fixtures, want 5", got)
	}
	if err := c.server.Seed(netsuite.Record{Type: "salesOrder", ID: 2, Fields: map[string]any{
		"entity": map[string]any{"id": netsuite.Acme}, "orderStatus": map[string]any{"id": "H"},
		"item": map[string]any{"items": []any{map[string]any{"item": map[string]any{"id": netsuite.Pump}}}},
	}}); err != nil {
		t.Fatal(err)
	}
	if order, _ := c.server.Order("2"); order.Status != "H" || order.Total != 3650 || !order.Modified.Equal(monday) {
		t.Errorf("order = %+v", order)
	}
	for want, record := range map[string]netsuite.Record{
		"seed spaceship 0: there is no such record type":                                              {Type: "spaceship"},
		`seed customer 3: foo: Unknown reference or field name "foo" in the request body.`:            {Type: "customer", ID: 3, Fields: map[string]any{"foo": 1}},
		"seed customer 3: Error while accessing a resource. Please enter value(s) for: Company Name.": {Type: "customer", ID: 3, Fields: map[string]any{"subsidiary": map[string]any{"id": "1"}}},
		"seed customer 3: json: unsupported type: chan int":                                           {Type: "customer", ID: 3, Fields: map[string]any{"foo": make(chan int)}},
	} {
		if err := c.server.Seed(record); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	record, there := c.server.Record("customer", netsuite.Acme)
	if !there || record["companyName"] != "ACME" {
		t.Errorf("Record = %v, %v", record, there)
	}
	for _, id := range [][2]string{{"customer", "9"}, {"spaceship", "1"}} {
		if _, there := c.server.Record(id[0], id[1]); there {
			t.Errorf("%v is found", id)
		}
	}
	if _, there := c.server.Order("99"); there {
		t.Error("an unknown order is found")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{Concurrency: -1})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			mine := *c
			mine.extra = map[string]string{"Prefer": "transient"}
			for i := range 10 {
				id := mine.write("PUT", fmt.Sprintf("/record/v1/customer/eid:C-%d-%d", n, i), fmt.Sprintf(`{"companyName":"C %d %d","subsidiary":{"id":"1"}}`, n, i))
				mine.write("PATCH", "/record/v1/customer/"+id, `{"phone":"1"}`)
				mine.write("PATCH", "/record/v1/salesOrder/1", `{"item":{"items":[{"line":1,"quantity":2}]}}`)
				mine.ask("SELECT id FROM transaction", "")
				mine.server.Orders()
			}
		})
	}
	group.Wait()
	contains(t, c.want(200, "GET", "/record/v1/customer?limit=1", ""), `{"totalResults":83}`)
}
