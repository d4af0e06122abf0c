package netsuite_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"patchbay/testkit/vendors/netsuite"
)

const badLogin = `{"o:errorCode":"INVALID_LOGIN","detail":"Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > User Management > View Login Audit Trail."}`

func TestAuthentication(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{Account: "1234567_SB1"})
	for _, test := range []struct {
		name, authorization string
		status              int
		challenge           string
	}{
		{"none", "", 401, `Bearer realm="1234567_SB1", error="invalid_token", error_description="Invalid login attempt."`},
		{"unknown token", "Bearer nobody", 401, `Bearer realm="1234567_SB1", error="invalid_token", error_description="Invalid login attempt."`},
		{"a scheme that is not offered", `Basic eDp5`, 401, `Bearer realm="1234567_SB1", error="invalid_token", error_description="Invalid login attempt."`},
		{"malformed", "Bearer a, b", 400, `Bearer realm="1234567_SB1", error="invalid_request", error_description="The request is malformed."`},
		{"no token", "Bearer", 400, `Bearer realm="1234567_SB1", error="invalid_request", error_description="The request is malformed."`},
		{"scheme in lower case", "bearer " + netsuite.AdminToken, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/services/rest/system/v1/serverTime", nil)
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			w := httptest.NewRecorder()
			c.server.ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("WWW-Authenticate") != test.challenge {
				t.Errorf("got %d %s", w.Code, w.Header().Get("WWW-Authenticate"))
			}
		})
	}
	c.token = "nobody"
	c.refused(401, "GET", "/system/v1/serverTime", "", badLogin)
	c.server.Accept("nobody", netsuite.Role{})
	c.want(200, "GET", "/system/v1/serverTime", "")
	c.server.Revoke("nobody")
	c.refused(401, "GET", "/system/v1/serverTime", "", badLogin)
}

func TestErrorShape(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	status, body := c.do("POST", "/record/v1/customer", `{"companyName":"New"}`)
	want := `{"o:errorDetails":[{"detail":"Error while accessing a resource. Please enter value(s) for: Subsidiary.","o:errorCode":"USER_ERROR"}],` +
		`"status":400,"title":"Bad Request","type":"https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1"}`
	if status != 400 || body != want {
		t.Errorf("got %d %s", status, body)
	}
}

func TestPermission(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	c.token = netsuite.ReaderToken
	c.want(200, "GET", "/record/v1/customer", "")
	c.extra["Prefer"] = "transient"
	c.want(200, "POST", "/query/v1/suiteql", `{"q":"SELECT id FROM customer"}`)
	for _, write := range [][2]string{{"POST", "customer"}, {"PATCH", "customer/107"}, {"PUT", "customer/eid:A"}, {"DELETE", "customer/112"}} {
		c.refused(403, write[0], "/record/v1/"+write[1], `{}`,
			`{"detail":"Permission Violation: you need a higher level of permission to access this page.","o:errorCode":"INSUFFICIENT_PERMISSION"}`)
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	c := start(t, netsuite.Config{})
	if status, body := c.do("OPTIONS", "/*", ""); status != 204 || body != "" {
		t.Errorf("OPTIONS answers %d %s", status, body)
	}
	c.token = "nobody"
	c.want(204, "OPTIONS", "/record/v1/customer", "")
	c.token = netsuite.AdminToken
	answer := c.want(200, "GET", "/system/v1/serverTime", "")
	contains(t, answer, `{"serverTime":"2026-03-02T12:00:00.000Z"}`)

	c.refused(404, "GET", "/nowhere", "", `{"detail":"The requested path does not exist.","o:errorCode":"NONEXISTENT_ID"}`)
	c.refused(404, "GET", "/record/v1/spaceship", "", `{"detail":"Record type \"spaceship\" does not exist.","o:errorCode":"NONEXISTENT_ID"}`)
	c.refused(405, "DELETE", "/record/v1/customer", "", `{"detail":"The method DELETE is not allowed here.","o:errorCode":"INVALID_REQUEST"}`)
	if allow := c.header.Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("Allow: %s", allow)
	}
	c.refused(405, "GET", "/query/v1/suiteql", "", `{"detail":"The method GET is not allowed here.","o:errorCode":"INVALID_REQUEST"}`)
	c.refused(405, "PUT", "/record/v1/customer/107", "{}", `{"detail":"PUT is for upserts by external id only.","o:errorCode":"INVALID_REQUEST"}`)
	for kind, status := range map[string]int{
		"text/plain": 415, "": 415, "application/x-www-form-urlencoded": 415,
		"application/json; charset=utf-8": 204, "application/vnd.oracle.resource+json; type=singular": 204,
	} {
		c.extra["Content-Type"] = kind
		if got, body := c.do("PATCH", "/record/v1/customer/107", `{"phone":"1"}`); got != status {
			t.Errorf("%q answers %d %s, want %d", kind, got, body, status)
		}
	}
}

func TestBaseFollowsTheRequest(t *testing.T) {
	t.Parallel()
	server := netsuite.New(netsuite.Config{})
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://1234567-sb1.example/services/rest/record/v1/customer?limit=1", nil)
	r.Header.Set("Authorization", "Bearer "+netsuite.AdminToken)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"http://1234567-sb1.example/services/rest/record/v1/customer/107"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
