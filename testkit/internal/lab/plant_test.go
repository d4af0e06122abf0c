package lab

import (
	"net/http"
	"strings"
	"testing"

	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// TestPlant_Renewed gives the host a token where a method gets its tokens, and no vendor is asked.
func TestPlant_Renewed(t *testing.T) {
	t.Parallel()
	p := plant{tokens: append(
		tokensOf(manifest.AuthMethod{TokenURL: "https://{region}.a.example/token"}, map[string]string{"region": "eu"}),
		tokensOf(manifest.AuthMethod{Steps: []manifest.ExchangeStep{{URL: "https://a.example/login", Save: map[string]string{"key": "/session/key", "until": "/session/expires_in"}}}}, nil)...,
	)}
	o := &observer{planted: p, vendor: &replay{left: []cases.Exchange{}}}
	for url, want := range map[string]string{
		"https://eu.a.example/token":    `"access_token":"` + fresh + `"`,
		"https://a.example/login?x=y":   `"session":{"expires_in":3600,"key":"` + fresh + `"}`,
		"https://a.example/login/other": "",
	} {
		resp, err := o.RoundTrip(requestOf(t, "POST", url, ""))
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil {
			continue
		}
		body := make([]byte, 1000)
		n, _ := resp.Body.Read(body)
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body[:n]), want) {
			t.Errorf("%s: %d %s, want %s", url, resp.StatusCode, body[:n], want)
		}
	}
	if all := o.seen(); len(all) != 1 || all[0].URL.Path != "/login/other" {
		t.Errorf("the vendor has seen %v", all)
	}
}
