package egress

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"patchbay/abi"
)

// judged is the policy of the hostile URLs.
var judged = []Grant{
	{ID: "api", Base: "https://api.example.com/v1", Methods: []string{"GET"}},
	{ID: "items", Base: "https://items.example.com", Methods: []string{"GET"}, Paths: []string{"/items/*", "/docs/*/public", "/free/**"}},
	{ID: "plain", Base: "http://plain.example.com:8080/", Methods: []string{"GET"}},
	{ID: "six", Base: "https://[2606:4700::1]:8443", Methods: []string{"GET"}},
}

var urls = []struct {
	url  string
	want abi.Code // "" for allowed
}{
	// Allowed, in every spelling of one and the same URL.
	{"https://api.example.com/v1", ""},
	{"https://api.example.com/v1/", ""},
	{"https://api.example.com/v1/a/b?c=d&e=%2e%2e/%2f", ""},
	{"https://API.Example.COM:443/v1/a", ""},
	{"HTTPS://api.example.com/v1/a#fragment", ""},
	{"https://api.example.com/v1/a%20b", ""},
	{"https://api.example.com/v1/a%2Fb", ""},
	{"https://api.example.com/v1/50%25", ""},
	{"https://api.example.com/v1/a;b=c", ""},
	{"https://api.example.com/v1/...", ""},
	{"https://api.example.com/v1/a%3Fb", ""},
	{"https://items.example.com/items/1", ""},
	{"https://items.example.com/docs/1/public", ""},
	{"https://items.example.com/free", ""},
	{"https://items.example.com/free/a%2Fb/c", ""},
	{"http://plain.example.com:8080/", ""},
	{"http://plain.example.com:8080", ""},
	{"https://[2606:4700:0:0::1]:8443/x", ""},

	// Outside the grants.
	{"http://api.example.com/v1/a", abi.Forbidden},
	{"https://api.example.com:8443/v1/a", abi.Forbidden},
	{"https://api.example.com:80/v1/a", abi.Forbidden},
	{"https://plain.example.com:8080/", abi.Forbidden},
	{"http://plain.example.com/", abi.Forbidden},
	{"https://api.example.com/", abi.Forbidden},
	{"https://api.example.com", abi.Forbidden},
	{"https://api.example.com/v10", abi.Forbidden},
	{"https://api.example.com/v1%2fa", abi.Forbidden},
	{"https://api.example.com/%761/a", abi.Forbidden},
	{"https://api.example.com/V1/a", abi.Forbidden},
	{"https://evil.example/?https://api.example.com/v1/", abi.Forbidden},
	{"https://api.example.com.evil.example/v1/a", abi.Forbidden},
	{"https://evil-api.example.com/v1/a", abi.Forbidden},
	{"https://items.example.com/items", abi.Forbidden},
	{"https://items.example.com/items/", abi.Forbidden},
	{"https://items.example.com/items/1/", abi.Forbidden},
	{"https://items.example.com/docs/1/private", abi.Forbidden},
	{"https://items.example.com/items/1%2Fprivate", abi.Forbidden},
	{"https://items.example.com/items/1%252Fprivate", abi.Forbidden},
	{"https://items.example.com/docs/secret%3F/public", abi.Forbidden},
	{"https://items.example.com/docs/1%23/public", abi.Forbidden},
	{"https://items.example.com/items/a%2F/public", abi.InvalidInput},
	{"https://127.0.0.1/v1/a", abi.Forbidden},
	{"https://[::1]/v1/a", abi.Forbidden},
	{"https://xn--pi-1ka.example.com/v1/a", abi.Forbidden},

	// Paths that some server reads as another one.
	{"https://api.example.com/v1/../admin", abi.InvalidInput},
	{"https://api.example.com/v1/./a", abi.InvalidInput},
	{"https://api.example.com/v1/..", abi.InvalidInput},
	{"https://api.example.com/v1/%2e%2e/admin", abi.InvalidInput},
	{"https://api.example.com/v1/.%2E/admin", abi.InvalidInput},
	{"https://api.example.com/v1/%2e%2e%2fadmin", abi.InvalidInput},
	{"https://api.example.com/v1/a%2f..%2f..%2fadmin", abi.InvalidInput},
	{"https://api.example.com/v1/%252e%252e/admin", abi.InvalidInput},
	{"https://api.example.com/v1/%25252e%25252e/admin", abi.InvalidInput},
	{"https://api.example.com/v1/..;/admin", abi.InvalidInput},
	{"https://api.example.com/v1/..;a=b/admin", abi.InvalidInput},
	{"https://api.example.com/v1/..%3b/admin", abi.InvalidInput},
	{"https://api.example.com/v1/;/admin", abi.InvalidInput},
	{"https://api.example.com/v1/..%5cadmin", abi.InvalidInput},
	{"https://api.example.com/v1/..%255cadmin", abi.InvalidInput},
	{`https://api.example.com/v1/..\admin`, abi.InvalidInput},
	{"https://api.example.com//v1/a", abi.InvalidInput},
	{"https://api.example.com/v1//admin", abi.InvalidInput},
	{"https://api.example.com/v1/%2fadmin", abi.InvalidInput},
	{"https://api.example.com/v1/a%00", abi.InvalidInput},
	{"https://api.example.com/v1/a%0d%0aX: y", abi.InvalidInput},
	{"https://api.example.com/v1/a%0d%0aX:y", abi.InvalidInput},
	{"https://api.example.com/v1/%c0%ae%c0%ae/admin", abi.InvalidInput},
	{"https://api.example.com/v1/%zz", abi.InvalidInput},

	// Hosts that some reader takes for another one.
	{"https://user:pass@api.example.com/v1/a", abi.InvalidInput},
	{"https://api.example.com@evil.example/v1/a", abi.InvalidInput},
	{`https://api.example.com\@evil.example/v1/a`, abi.InvalidInput},
	{"https://evil.example#@api.example.com/v1/a", abi.Forbidden},
	{"https://api.example.com%2f.evil.example/v1/a", abi.InvalidInput},
	{"https://api.example.com./v1/a", abi.InvalidInput},
	{"https://.api.example.com/v1/a", abi.InvalidInput},
	{"https://api..example.com/v1/a", abi.InvalidInput},
	{"https://-api.example.com/v1/a", abi.InvalidInput},
	{"https://\u24d0pi.example.com/v1/a", abi.InvalidInput},
	{"https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/v1/a", abi.InvalidInput},
	{"https://%e2%91%a0.example.com/v1/a", abi.InvalidInput},
	{"https://127.1/", abi.InvalidInput},
	{"https://127.0.1/", abi.InvalidInput},
	{"https://0/", abi.InvalidInput},
	{"https://2130706433/", abi.InvalidInput},
	{"https://0x7f000001/", abi.InvalidInput},
	{"https://0x7f.1/", abi.InvalidInput},
	{"https://0177.0.0.1/", abi.InvalidInput},
	{"https://127.0.0.01/", abi.InvalidInput},
	{"https://127.0.0.0x1/", abi.InvalidInput},
	{"https://127.0.0.1./", abi.InvalidInput},
	{"https://256.256.256.256/", abi.InvalidInput},
	{"https://[::ffff:127.0.0.1]/", abi.InvalidInput},
	{"https://[::ffff:7f00:1]/", abi.InvalidInput},
	{"https://[fe80::1%25lo]/", abi.InvalidInput},
	{"https://[fe80::1%25lo]@evil.example/", abi.InvalidInput},
	{"https://[127.0.0.1]/", abi.InvalidInput},
	{"https://[api.example.com]/v1/a", abi.InvalidInput},
	{"https://2606:4700::1/", abi.InvalidInput},
	{"https://[2606:4700::1]x:8443/x", abi.InvalidInput},

	// Ports, schemes and the rest.
	{"https://api.example.com:/v1/a", abi.InvalidInput},
	{"https://api.example.com:0443/v1/a", abi.InvalidInput},
	{"https://api.example.com:0/v1/a", abi.InvalidInput},
	{"https://api.example.com:65979/v1/a", abi.InvalidInput},
	{"https://api.example.com:443:443/v1/a", abi.InvalidInput},
	{"https:api.example.com/v1/a", abi.InvalidInput},
	{"https:/api.example.com/v1/a", abi.InvalidInput},
	{"https:///api.example.com/v1/a", abi.InvalidInput},
	{"//api.example.com/v1/a", abi.InvalidInput},
	{"/v1/a", abi.InvalidInput},
	{"api.example.com/v1/a", abi.InvalidInput},
	{"", abi.InvalidInput},
	{"ftp://api.example.com/v1/a", abi.InvalidInput},
	{"file:///etc/passwd", abi.InvalidInput},
	{"gopher://api.example.com/v1/a", abi.InvalidInput},
	{"javascript:alert(1)", abi.InvalidInput},
	{"unix:///run/docker.sock", abi.InvalidInput},
	{" https://api.example.com/v1/a", abi.InvalidInput},
	{"https://api.example.com/v1/a b", abi.InvalidInput},
	{"https://api.example.com/v1/a\r\nHost: evil.example", abi.InvalidInput},
	{"https://api.example.com/v1/a\x00", abi.InvalidInput},
	{"https://api.example.com/v1/a?q=\u00e9", abi.InvalidInput},
	{"https://api.example.com/v1/a?q={}", abi.InvalidInput},
	{"https://api.example.com/v1/" + strings.Repeat("a", maxURL), abi.InvalidInput},
	{"https://" + strings.Repeat("a.", 130) + "example.com/", abi.InvalidInput},
	{"https://" + strings.Repeat("a", 64) + ".example.com/", abi.InvalidInput},
}

func verdict(raw string) (*target, abi.Code) {
	rules, err := compileAll(judged)
	if err != nil {
		panic(err)
	}
	t, err := parseURL(raw)
	if err != nil {
		return nil, abi.InvalidInput
	}
	if _, fault := judge(rules, "GET", t); fault != nil {
		return nil, fault.Code
	}
	return t, ""
}

func TestJudge_HostileURLs(t *testing.T) {
	t.Parallel()
	for _, c := range urls {
		if _, got := verdict(c.url); got != c.want {
			_, err := parseURL(c.url)
			t.Errorf("%q: got %q (%v), want %q", c.url, got, err, c.want)
		}
	}
}

func TestParseURL_KeepsNothingSecretInErrors(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"https://u:hunter2@a.example/", "https://a.example/?key=hunter2 ", "https://a.example/%zz?hunter2", "hunter2"} {
		if _, err := parseURL(raw); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got the error %v", raw, err)
		}
	}
}

func TestTarget_WritesWhatWasJudged(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"HTTPS://API.example.com:443/a%2Fb;c/%20?x=%zz&y#f": "https://api.example.com/a%2Fb;c/%20?x=%zz&y",
		"http://[2606:4700:0::1]:80":                        "http://[2606:4700::1]/",
		"http://[2606:4700:0::1]:81/?":                      "http://[2606:4700::1]:81/",
		"https://1.2.3.4:80/a!$&'()*+,;=:@[]~":              "https://1.2.3.4:80/a!$&'()*+,;=:@[]~",
	} {
		target, err := parseURL(raw)
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if got := target.url().String(); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func TestTarget_Resolve(t *testing.T) {
	t.Parallel()
	base, err := parseURL("https://api.example.com/v1/a?b")
	if err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{
		"/x":                                "https://api.example.com/x",
		"c":                                 "https://api.example.com/v1/c",
		"../c":                              "https://api.example.com/c",
		"?c=a b\u00e9":                      "https://api.example.com/v1/a?c=a%20b%C3%A9",
		"//other.example/x#f":               "https://other.example/x",
		"http://other.example:80/x":         "http://other.example/x",
		"/%2e%2e/x":                         "",
		`\\evil.example\x`:                  "",
		"https://user@api.example.com/":     "",
		"javascript:alert(1)":               "",
		"https://127.1/":                    "",
		"https:evil":                        "",
		"/a%zz":                             "",
		"http://[::1%25lo]/":                "",
		"/" + strings.Repeat("a", 2*maxURL): "",
	} {
		got := ""
		if target, err := base.resolve(location); err == nil {
			got = target.url().String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", clip(location, 60), got, want)
		}
	}
}

func TestOwnedKey(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                      "",
		"a=b&api_keys=1":        "",
		"x=api_key":             "",
		"a=b&api_key=1":         "api_key",
		"api_key":               "api_key",
		"API_Key=1":             "API_Key",
		"a=1;api_key=2":         "api_key",
		"%61pi_ke%79=2":         "api_key",
		"+api_key=2":            "api_key",
		"api_key[]=2":           "api_key",
		"api_key%5B0%5D=2":      "api_key",
		"&&=&sig%zz=1&api_key=": "api_key",
	} {
		if got := ownedKey(query, []string{"api_key", "sig"}); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	if got := withoutOwned("a=1&API_KEY=2&b=;sig=3&c=4", []string{"api_key", "sig"}); got != "a=1&c=4" {
		t.Errorf("withoutOwned: got %q", got)
	}
}

// FuzzJudge checks an allowed URL against another reading of it: net/url's and path.Clean's.
func FuzzJudge(f *testing.F) {
	for _, c := range urls {
		f.Add(c.url)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		target, code := verdict(raw)
		if code != "" {
			return
		}
		u, err := url.Parse(target.url().String())
		if err != nil {
			t.Fatalf("%q: allowed, and sent as the unreadable %q", raw, target.url())
		}
		if u.User != nil || u.Opaque != "" || u.Fragment != "" || u.EscapedPath() != target.path || u.RequestURI() != target.url().RequestURI() {
			t.Fatalf("%q: sent as %q, which reads as %+v", raw, target.url(), u)
		}
		again, err := parseURL(u.String())
		if err != nil || again.origin() != target.origin() || again.path != target.path {
			t.Fatalf("%q: sent as %q, which is judged as %+v, %v", raw, u, again, err)
		}
		decoded := u.Path
		for range 3 {
			if !inGrant(u.Scheme+"://"+u.Host, path.Clean(strings.ReplaceAll(decoded, `\`, "/"))) {
				t.Fatalf("%q: a server may read it as %s of %s, which no grant covers", raw, path.Clean(decoded), u.Host)
			}
			if next, err := url.PathUnescape(decoded); err == nil {
				decoded = next
			}
		}
	})
}

// inGrant is judged, written down once more by hand.
func inGrant(origin, path string) bool {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch origin {
	case "https://api.example.com":
		return segments[0] == "v1"
	case "https://items.example.com":
		return segments[0] == "free" || segments[0] == "items" && len(segments) == 2 ||
			segments[0] == "docs" && len(segments) == 3 && segments[2] == "public"
	}
	return slices.Contains([]string{"http://plain.example.com:8080", "https://[2606:4700::1]:8443"}, origin)
}

// net/url refuses some of these today; the rules must not hang on that.
func TestParseURL_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https:api.example.com":     "must be absolute",
		"https:///x":                "must be absolute",
		"api.example.com":           "must begin with https://",
		"https://a@api.example.com": "user name",
		"https://127.1":             "four decimal parts",
		"https://a..example":        "DNS name",
		"https://[::1%25lo]":        "without a zone",
		"https://a.example:0":       "port",
		"https://a.example/a b":     `' ' at byte 19`,
	} {
		if _, err := parseURL(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", raw, err, want)
		}
	}
	if _, err := parseHost("[127.0.0.1]"); err == nil {
		t.Error("an IPv4 address in brackets was accepted")
	}
}
