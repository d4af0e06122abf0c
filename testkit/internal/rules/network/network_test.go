package network

import (
	"testing"

	"patchbay/testkit/internal/rule"
)

func TestTrial(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api.example.com": "", "latest.example.com": "", "test.com": "", "{account}.suitetalk.api.netsuite.com": "",
		"staging.example.com": "staging", "api-uat.example.co.uk": "uat", "qa2.example.com": "qa2", "dev.{site}.example.com": "dev",
		"a1.ngrok.io": "ngrok.io", "developer.example.com": "",
	} {
		if got := trial(host); got != want {
			t.Errorf("trial(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api.example.com": "example.com", "example.com": "example.com", "a.b.example.co.uk": "example.co.uk", "co.uk": "co.uk",
		"x.azurewebsites.net": "x.azurewebsites.net", "localhost": "localhost",
	} {
		if got := rule.Domain(host); got != want {
			t.Errorf("domain(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestRelated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		login, vendor string
		want          bool
	}{
		{"desk.example", "desk.example", true}, {"google.com", "googleapis.com", true}, {"okta.com", "desk.example", true},
		{"desk.example", "okta.com", false}, {"google.com", "microsoft.com", false},
	} {
		if got := related(tt.login, tt.vendor); got != tt.want {
			t.Errorf("related(%q, %q) = %v", tt.login, tt.vendor, got)
		}
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"/a/b", "/a/*", true}, {"/a/*", "/a/b", false}, {"/a", "/a/**", true}, {"/a/**", "/a/*", false}, {"/a/**", "/**", true},
		{"/a/b/c", "/a/*", false}, {"/a/*", "/a/*", true}, {"/a", "/b", false},
	} {
		if got := within(segments(tt.a), segments(tt.b)); got != tt.want {
			t.Errorf("within(%q, %q) = %v", tt.a, tt.b, got)
		}
		if got := matches(segments(tt.b), segments(tt.a)); tt.want && !got {
			t.Errorf("%q is within %q, which does not match it", tt.a, tt.b)
		}
	}
}
