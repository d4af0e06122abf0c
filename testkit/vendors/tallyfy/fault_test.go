package tallyfy_test

import (
	"testing"

	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

// How faults match and travel is package vendor's to test. Here is what tallyfy answers for them.

func TestFailStatuses(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{})
	for _, test := range []struct {
		rule       simulated.Rule
		status     int
		body       string
		retryAfter string
	}{
		{simulated.Rule{}, 500, `{"error":true,"message":"Internal Server Error"}`, ""},
		{simulated.Rule{Status: 401}, 401, `{"error":true,"message":"Unauthenticated."}`, ""},
		{simulated.Rule{Status: 403}, 403, `{"error":true,"message":"You don't have application's permissions for this organization!"}`, ""},
		{simulated.Rule{Status: 404}, 404, `{"code":"RESOURCE_NOT_FOUND","error":true,"message":"Resource not found."}`, ""},
		{simulated.Rule{Status: 422}, 422, `{"error":true,"errors":{"checklist_id":["The checklist id field is required."]}}`, ""},
		{simulated.Rule{Status: 429, RetryAfter: "7"}, 429, `{"code":"RATE_LIMIT_EXCEEDED","message":"Too Many Attempts."}`, "7"},
		{simulated.Rule{Status: 429, RetryAfter: "1.5"}, 429, `{"code":"RATE_LIMIT_EXCEEDED","message":"Too Many Attempts."}`, "1.5"},
		{simulated.Rule{Status: 503, RetryAfter: "Mon, 02 Mar 2026 09:00:30 GMT"}, 503, `{"error":true,"message":"Service Unavailable"}`, "Mon, 02 Mar 2026 09:00:30 GMT"},
		{simulated.Rule{Status: 502, Body: `<html>`}, 502, `<html>`, ""},
	} {
		c.server.Fail(test.rule)
		status, body := c.do("GET", "/me", nil)
		if status != test.status || body != test.body || c.header.Get("Retry-After") != test.retryAfter {
			t.Errorf("%+v answers %d %s Retry-After %q", test.rule, status, body, c.header.Get("Retry-After"))
		}
		c.want(200, "GET", "/me", nil)
	}
}

func TestFailPerformed(t *testing.T) {
	t.Parallel()
	c := start(t, tallyfy.Config{Faults: []simulated.Rule{
		{Method: "POST", Status: 503}, {Method: "POST", Status: 503, Performed: true},
	}})
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
