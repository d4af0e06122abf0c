package auth

import (
	"net/url"
	"testing"

	"patchbay/testkit/internal/lab"
)

// TestAsks tells questions from what only sounds like one.
func TestAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, path string
		want         bool
	}{
		{"POST", "/graphql", true},
		{"POST", "/v3/objects/contacts/search", true},
		{"POST", "/api/auth.test", true},
		{"POST", "/checkout/v71/paymentMethods", true},
		{"PUT", "/search", false},
		{"POST", "/checkout/v71/paymentLinks", false},
		{"POST", "/organizations/1/checklists", false},
		{"POST", "/shipping", false},
	} {
		if got := asks(lab.Request{Method: tt.method, URL: &url.URL{Path: tt.path}}); got != tt.want {
			t.Errorf("%s %s: %t", tt.method, tt.path, got)
		}
	}
}
