package auth

import (
	"fmt"
	"net/http"

	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/manifest"
)

func TestPrepare_Typed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		method  manifest.AuthMethod
		fields  map[string]string
		headers map[string]string
		query   string
		owned   []string
		secrets []string
	}{
		{name: "none", method: manifest.AuthMethod{Type: "none"}},
		{"bearer", manifest.AuthMethod{Type: "bearer"}, map[string]string{"token": "t-1"},
			map[string]string{"Authorization": "Bearer t-1"}, "", []string{"Authorization"}, []string{"t-1", "Bearer t-1"}},
		{"basic", manifest.AuthMethod{Type: "basic"}, map[string]string{"username": "ann", "password": "p:w"},
			map[string]string{"Authorization": "Basic YW5uOnA6dw=="}, "", []string{"Authorization"}, []string{"p:w", "Basic YW5uOnA6dw=="}},
		{"header", manifest.AuthMethod{Type: "api_key", Key: "x-desk-key", Prefix: "Token "}, map[string]string{"key": "k-1"},
			map[string]string{"X-Desk-Key": "Token k-1"}, "", []string{"X-Desk-Key"}, []string{"k-1", "Token k-1"}},
		{"query", manifest.AuthMethod{Type: "api_key", In: "query", Key: "api_key"}, map[string]string{"key": "k&1"},
			nil, "api_key=k%261&page=2", []string{"api_key"}, []string{"k&1", "k&1"}},
		{"headers", manifest.AuthMethod{Type: "headers", Headers: map[string]string{"x-user": "{user}", "X-Auth": "{user}:{secret}{more}"},
			Fields: []manifest.Field{{Name: "user", Required: true}, {Name: "secret", Secret: true, Required: true}, {Name: "more"}}},
			map[string]string{"user": "ann", "secret": "s-1"},
			map[string]string{"X-User": "ann", "X-Auth": "ann:s-1"}, "", []string{"X-Auth", "X-User"}, []string{"s-1", "ann:s-1", "ann"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := New(Config{})
			acct := Account{Connection: "acme", Method: tt.method, Fields: tt.fields}
			c, err := a.Prepare(t.Context(), acct)
			if err != nil {
				t.Fatal(err)
			}
			r, _ := http.NewRequest("GET", "https://api.example/x?page=2&api_key=guest", nil)
			if err := c.Authorize(r); err != nil {
				t.Fatal(err)
			}
			if len(r.Header) != len(tt.headers) {
				t.Errorf("headers: %v", r.Header)
			}
			for name, want := range tt.headers {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if tt.query != "" && r.URL.RawQuery != tt.query {
				t.Errorf("query %s, want %s", r.URL.RawQuery, tt.query)
			}
			if diff := cmp.Diff(tt.owned, c.Owned) + cmp.Diff(tt.secrets, c.Secrets); diff != "" {
				t.Error(diff)
			}
			for _, s := range tt.secrets {
				if text := fmt.Sprintf("%v %+v %#v %s %d %v", c, c, c, acct, acct, &acct); strings.Contains(text, s) {
					t.Errorf("printed: %s", text)
				}
			}
			if _, renewed, err := a.Renew(t.Context(), acct, c); renewed || err != nil {
				t.Errorf("what was typed was renewed: %v", err)
			}
		})
	}
}

func TestPrepare_HeaderValue(t *testing.T) {
	t.Parallel()
	m := manifest.AuthMethod{Type: "headers", Headers: map[string]string{"X-Auth": "{secret}"}, Fields: []manifest.Field{{Name: "secret", Secret: true}}}
	_, err := New(Config{}).Prepare(t.Context(), Account{Connection: "acme", Method: m, Fields: map[string]string{"secret": "canary\r\nX: y"}})
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "control character") {
		t.Error(err)
	}
}
