package egress

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// encodings are the ways of writing a secret that the package comment promises to find, done by the standard
// library or by hand and not by the code under test. around is what stands before it in the same encoded text.
var encodings = map[string]func(around, secret string) string{
	"raw":                 func(a, s string) string { return a + s },
	"base64 std":          func(_, s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 url":          func(_, s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 std unpadded": func(_, s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"base64 url unpadded": func(_, s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"query":               func(a, s string) string { return url.QueryEscape(a + s) },
	"path":                func(a, s string) string { return url.PathEscape(a + s) },
	"query lower":         func(_, s string) string { return lowerByHand(url.QueryEscape(s)) },
	"path lower":          func(_, s string) string { return lowerByHand(url.PathEscape(s)) },
	"query mixed":         func(_, s string) string { return mixed(url.QueryEscape(s)) },
	"after a percent":     func(_, s string) string { return "100%" + s },
	"json":                func(a, s string) string { return marshal(a + s) },
	"json php":            func(a, s string) string { return strings.ReplaceAll(marshal(a+s), "/", `\/`) },
	"html":                func(a, s string) string { return html.EscapeString(a + s) },
}

func lowerByHand(s string) string {
	for _, c := range "ABCDEF" {
		for d := range 16 {
			s = strings.ReplaceAll(s, fmt.Sprintf("%%%c%X", c, d), fmt.Sprintf("%%%c%x", c+32, d))
			s = strings.ReplaceAll(s, fmt.Sprintf("%%%X%c", d, c), fmt.Sprintf("%%%x%c", d, c+32))
		}
	}
	return s
}

// mixed writes the first escape in lower case and leaves the others alone.
func mixed(s string) string {
	if i := strings.IndexByte(s, '%'); i >= 0 {
		return s[:i] + strings.ToLower(s[i:i+3]) + s[i+3:]
	}
	return s
}

func marshal(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b[1 : len(b)-1])
}

var (
	secrets = rapid.StringOfN(rapid.RuneFrom([]rune("aZ09+/=&%<>\"'\\ :;-_.~?#@\u00e9\u20ac\U0001f511")), minSecret, 40, -1)
	noise   = rapid.StringOf(rapid.RuneFrom([]rune("aZ09+/=%{}\"\\u \n")))
)

func TestScrub_Property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := secrets.Draw(t, "secret")
		name := rapid.SampledFrom(sortedKeys(encodings)).Draw(t, "encoding")
		before, after := noise.Draw(t, "before"), noise.Draw(t, "after")
		written := encodings[name]("", secret)
		r := abi.Response{
			URL:     "https://a.example/" + before + written + after,
			Headers: map[string][]string{"Www-Authenticate": {"a", before + written + after}, "X-" + written: {"b"}},
			Body:    []byte(before + encodings[name](before, secret) + after),
			Fault:   &abi.Fault{Code: abi.Internal, Message: before + written, Field: written + after, Details: []byte(`"` + written + `"`)},
		}
		newScrubber([]string{"other secret", secret, "x"}).response(&r)
		out := fmt.Sprintf("%s %s %s %s", r.URL, r.Headers, r.Body, r.Fault.Message+r.Fault.Field+string(r.Fault.Details))
		if strings.Contains(out, written) || strings.Contains(out, secret) {
			t.Fatalf("%s: %q is still in %q", name, written, out)
		}
	})
}

// A secret inside a longer base64 text, as in Basic credentials or a JSON web token.
func TestScrub_InsideBase64(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{6,40}`).Draw(t, "secret")
		before, after := rapid.StringN(0, 10, -1).Draw(t, "before"), rapid.StringN(0, 10, -1).Draw(t, "after")
		s := newScrubber([]string{secret})
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString([]byte(before + secret + after))
			got := s.text(text)
			kept := 0
			for _, part := range strings.Split(got, redacted) {
				kept += len(strings.TrimRight(part, "="))
			}
			// What is left can encode no more than what stood around, and one partly ours character at either side.
			if most := (len(before)+len(after))*8/6 + 4; got == text || kept > most {
				t.Fatalf("%q in %q became %q: %d characters kept, want at most %d", secret, text, got, kept, most)
			}
		}
	})
}

func TestScrub_LeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	s := newScrubber([]string{"hunter2", "abc", ""})
	for in, want := range map[string]string{
		"":                          "",
		"hunter1 abc \x00\xff%2F":   "hunter1 abc \x00\xff%2F",
		"hunter2":                   redacted,
		"hunter2hunter2":            redacted,
		"xhunter2y hunter2":         "x[redacted]y [redacted]",
		"Basic aHVudGVyMg==":        "Basic [redacted]",
		"%2Fhunter2\\u00E9%2f":      "%2F[redacted]\\u00E9%2f",
		"HUNTER2":                   "HUNTER2",
		`{"a":"hunter2","b":"abc"}`: `{"a":"[redacted]","b":"abc"}`,
	} {
		if got := s.text(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if b := []byte("nothing here"); &s.bytes(b)[0] != &b[0] {
		t.Error("a text without secrets was copied")
	}
	overlapping := newScrubber([]string{"abcdef", "defghi", "cdef"})
	if got := overlapping.text("xabcdefghiy"); got != "x[redacted]y" {
		t.Errorf("overlapping secrets: got %q", got)
	}
}

func TestScrub_Writings(t *testing.T) {
	t.Parallel()
	const secret = "p\u00e4ss/w&rd<1> 2"
	s := newScrubber([]string{secret})
	for _, written := range []string{
		secret, `p\u00e4ss/w\u0026rd\u003c1\u003e 2`, `p\u00E4ss\/w&rd<1> 2`, `p\u00e4ss/w&rd<1> 2`, "p\u00e4ss/w&amp;rd&lt;1&gt; 2",
		"p%C3%A4ss%2Fw%26rd%3C1%3E+2", "p%c3%a4ss%2fw%26rd%3c1%3e%202", "p%C3%a4ss%2fw&rd%3C1%3E%202",
	} {
		if got := s.text("<" + written + ">"); got != "<"+redacted+">" {
			t.Errorf("%s: got %q", written, got)
		}
	}
}

func TestScrub_Learn(t *testing.T) {
	t.Parallel()
	before, err := http.NewRequest("GET", "https://a.example/?kept=guestvalue&q=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	before.Header.Set("X-Guest", "guestvalue")
	after := before.Clone(t.Context())
	after.Header.Set("Authorization", "Bearer minted-token")
	after.Header.Set("X-Short", "v1")
	after.Header.Set("X-Pair", "firsthalf secondhalf")
	after.URL.RawQuery += "&sig=signature"
	added := sent{before.Header, *before.URL}.added(after)
	s := newScrubber(added)
	got := s.text("minted-token Bearer minted-token signature guestvalue v1 firsthalf secondhalf " + base64.StdEncoding.EncodeToString([]byte("minted-token")))
	if want := "[redacted] Bearer [redacted] [redacted] guestvalue v1 [redacted] [redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The texts that cost most. Searching them takes milliseconds when it is linear, minutes when it is not.
func TestScrub_IsLinear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ secret, unit string }{
		"near misses of a long secret": {strings.Repeat("a", 100_000) + "b", "a"},
		"near misses of pairs":         {strings.Repeat("ab", 50_000) + "c", "ab"},
		"escapes":                      {"aaaa%2Fb", `%Aa\u00AA`},
		"matches":                      {"aaaa%2F", "aaaa%2Fx"},
	} {
		s, body := newScrubber([]string{c.secret}), bytes.Repeat([]byte(c.unit), 2<<20/len(c.unit))
		start := time.Now()
		s.bytes(body)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: %v for %d bytes", name, took, len(body))
		}
	}
}

// What a service that echoes the request sends back, through the whole of Do.
func TestDo_ScrubsAnEcho(t *testing.T) {
	t.Parallel()
	srv := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.Header().Set("Www-Authenticate", `Bearer error="no `+r.Header.Get("X-Api-Key")+`"`)
		w.Header().Set("X-Api-Key", "rotated")
		w.WriteHeader(401)
		json.NewEncoder(w).Encode(map[string]any{"uri": r.RequestURI, "header": r.Header, "minted": "token-of-this-call"})
	})
	c := New(Config{})
	t.Cleanup(c.Close)
	p := credential(private(srv.URL))
	attach := p.Authorize
	p.Authorize = func(r *http.Request) error {
		r.Header.Set("X-Minted", "token-of-this-call") // is in no one's list of secrets
		return attach(r)
	}
	r := reply(c.Do(t.Context(), get(srv.URL+"/?a=b"), p))
	wantStatus(t, r, 401)
	all := fmt.Sprintf("%s %s %s", r.URL, r.Headers, r.Body)
	for _, s := range []string{"S3CR3T", "hunter2", "token-of-this-call", "rotated", base64.StdEncoding.EncodeToString([]byte(secret))} {
		if strings.Contains(all, s) {
			t.Errorf("%q came back in %s", s, all)
		}
	}
	if diff := cmp.Diff([]string{`Bearer error="no [redacted]"`}, r.Headers["Www-Authenticate"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.URL != srv.URL+"/?a=b" {
		t.Errorf("the response's url is %s", r.URL)
	}
}

func BenchmarkScrub(b *testing.B) {
	s := newScrubber([]string{strings.Repeat("secret/", 8), "Bearer abcdefghijklmnop", strings.Repeat("t0k3n.", 200)})
	body := bytes.Repeat([]byte(`{"id":12345,"name":"Some \"quoted\" name","url":"https://a.example/b%20c"},`), 1<<20/72)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		s.bytes(body)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
