package sdk

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"patchbay/abi"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for want, segments := range map[string][]string{
		"":                              nil,
		"/organizations/acme/runs/r1":   {"organizations", "acme", "runs", "r1"},
		"/record/v1/customer/eid:CID-7": {"record", "v1", "customer", "eid:CID-7"},
		"/a%2Fb%3Fc=d%23e%25f%20g":      {"a/b?c=d#e%f g"},
		"/Z%C3%BCrich/@me/a+b&c$":       {"Zürich", "@me", "a+b&c$"},
		"/runs/./x":                     {"runs", "", "x"},
		"/line%0Abreak%00":              {"line\nbreak\x00"},
	} {
		if got := Path(segments...); got != want {
			t.Errorf("Path(%q) = %s, want %s", segments, got, want)
		}
	}
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]Code{
		"":                       "",
		"/":                      "",
		"/runs/":                 "",
		"/runs/eid:CID-7;a=b":    "",
		"/a%2Fb":                 "",
		"/.hidden/..x/x..":       "",
		"runs":                   Internal,
		"/runs?x=1":              Internal,
		"/runs#x":                Internal,
		"/a b":                   Internal,
		"/a\\b":                  Internal,
		"/a\nb":                  Internal,
		"/Zürich":                Internal,
		"/{id}":                  Internal,
		"/a%2":                   Internal,
		"/a%zz":                  Internal,
		"//evil.example":         InvalidInput,
		"/runs//x":               InvalidInput,
		"/runs/.":                InvalidInput,
		"/runs/../users":         InvalidInput,
		"/runs/%2e%2E/users":     InvalidInput,
		"/runs/..%2Fusers":       InvalidInput,
		"/runs/x%2F..%2F..":      InvalidInput,
		"/runs/..%5Cusers":       InvalidInput,
		Path("runs", ""):         InvalidInput,
		Path("runs", "", "note"): InvalidInput,
		Path("runs", ".."):       InvalidInput,
		Path("runs", "../users"): InvalidInput,
	} {
		err := checkPath(path)
		if (err == nil) != (code == "") || err != nil && abi.AsFault(err).Code != code {
			t.Errorf("%q: %v, want code %q", path, err, code)
		}
	}
}

// A value never changes which resource a path names: it stays one segment, or the path is refused.
func TestPath_Property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		path := Path("runs", value, "notes")
		if checkPath(path) != nil {
			return
		}
		u, err := url.Parse("https://vendor.example/api" + path + "?a=b")
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if len(segments) != 5 || u.RawQuery != "a=b" || u.Fragment != "" || u.Host != "vendor.example" {
			t.Fatalf("%q changes the URL: %s", value, u)
		}
		if got, err := url.PathUnescape(segments[3]); err != nil || got != value {
			t.Fatalf("%q arrives as %q, %v", value, got, err)
		}
	})
}

func TestUnder(t *testing.T) {
	t.Parallel()
	const base = "https://vendor.example/api"
	for _, tt := range []struct{ raw, want, code string }{
		{raw: "https://vendor.example/api", want: "https://vendor.example/api"},
		{raw: "https://vendor.example/api/runs?page=2&x=a%20b", want: "https://vendor.example/api/runs?page=2&x=a%20b"},
		{raw: "https://vendor.example:443/api/runs", want: "https://vendor.example:443/api/runs"},
		{raw: "HTTPS://VENDOR.example/api/runs#top", want: "https://VENDOR.example/api/runs"},
		{raw: "https://vendor.example/api/a%2Fb", want: "https://vendor.example/api/a%2Fb"},
		{raw: "https://vendor.example/apiary", code: "forbidden"},
		{raw: "https://vendor.example/", code: "forbidden"},
		{raw: "http://vendor.example/api/runs", code: "forbidden"},
		{raw: "https://vendor.example:8443/api/runs", code: "forbidden"},
		{raw: "https://vendor.example.evil.example/api", code: "forbidden"},
		{raw: "https://vendor.example@evil.example/api", code: "forbidden"},
		{raw: "https://user:pass@vendor.example/api", code: "forbidden"},
		{raw: "//vendor.example/api", code: "forbidden"},
		{raw: "/api/runs", code: "forbidden"},
		{raw: "https:vendor.example/api", code: "forbidden"},
		{raw: "https://vendor.example/api/../admin", code: "invalid_input"},
		{raw: "https://vendor.example/api/%2e%2e/admin", code: "invalid_input"},
		{raw: "https://vendor.example/api//x", code: "invalid_input"},
		{raw: "https://vendor.example/%zz", code: "internal"},
	} {
		u, err := under(base, tt.raw)
		switch {
		case tt.code != "":
			if err == nil || string(abi.AsFault(err).Code) != tt.code {
				t.Errorf("%s: %v, want %s", tt.raw, err, tt.code)
			}
		case err != nil || u.String() != tt.want:
			t.Errorf("%s: %v, %v, want %s", tt.raw, u, err, tt.want)
		}
	}
	// Secrets in the query or user part must not reach the message.
	if _, err := under(base, "https://u:hunter2@evil.example/x?token=hunter2"); strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the fault repeats a secret: %v", err)
	}
	if _, err := under("http://127.0.0.1:4000", "http://127.0.0.1:4000/x"); err != nil {
		t.Error(err)
	}
}

func FuzzUnder(f *testing.F) {
	f.Add("https://vendor.example/api/runs?x=1")
	f.Add("https://vendor.example/api/%2e%2e/x")
	f.Add("//vendor.example\\@evil.example/api")
	f.Fuzz(func(t *testing.T, raw string) {
		const base = "https://vendor.example/api"
		u, err := under(base, raw)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatal(err)
		}
		clean := again.JoinPath() // removes dot segments, as a vendor may
		if !strings.EqualFold(clean.Hostname(), "vendor.example") || clean.User != nil || !pathUnder("/api", clean.Path) {
			t.Fatalf("%q was accepted and leads to %s", raw, clean)
		}
	})
}
