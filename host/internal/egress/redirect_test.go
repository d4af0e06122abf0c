package egress

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
)

const secret = "hunter2/S3CR3T+key"

// redirectTo answers every request with a redirect.
func redirectTo(status int, location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
		fmt.Fprint(w, "moved")
	}
}

// twoHosts is a network with api.example.com, which redirects /from, and other.example.com.
func twoHosts(t *testing.T, from http.HandlerFunc) (first, other *recorder, c *Client) {
	first, other = &recorder{}, &recorder{}
	landed := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "landed") }
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/from", from)
	mux.HandleFunc("/", landed)
	n := api(first.wrap(mux.ServeHTTP))
	n.names["other.example.com"] = [][]string{{"1.1.1.1"}}
	n.servers["1.1.1.1:80"] = other.wrap(landed)
	n.servers[public+":8080"] = other.wrap(landed)
	return first, other, n.client(t)
}

func TestRedirect_Matrix(t *testing.T) {
	t.Parallel()
	const same, port, host = "/v1/to", "http://api.example.com:8080/to", "http://other.example.com/to"
	for _, c := range []struct {
		method   string
		status   int
		location string
		want     string // method and body of the second request; "" when the guest gets the redirect
	}{
		{"GET", 301, same, "GET "}, {"GET", 302, same, "GET "}, {"GET", 303, same, "GET "}, {"GET", 307, same, "GET "}, {"GET", 308, same, "GET "},
		{"HEAD", 301, same, "HEAD "}, {"HEAD", 303, same, "HEAD "}, {"HEAD", 307, same, "HEAD "},
		{"POST", 301, same, "GET "}, {"POST", 302, same, "GET "}, {"POST", 303, same, "GET "},
		{"POST", 307, same, "POST body"}, {"POST", 308, same, "POST body"},
		{"PUT", 301, same, "PUT body"}, {"PUT", 302, same, "PUT body"}, {"PUT", 303, same, "GET "}, {"PUT", 307, same, "PUT body"},
		{"DELETE", 303, same, "GET "}, {"DELETE", 308, same, "DELETE body"},

		{"GET", 302, host, "GET "}, {"GET", 307, host, "GET "}, {"POST", 302, host, "GET "}, {"POST", 303, host, "GET "},
		{"POST", 307, host, ""}, {"POST", 308, host, ""}, {"PUT", 302, host, ""}, {"PATCH", 301, host, ""},
		{"POST", 307, port, ""}, {"POST", 302, port, "GET "},

		{"GET", 300, same, ""}, {"GET", 304, same, ""}, {"GET", 305, same, ""}, {"GET", 302, "", ""},
		{"GET", 302, "/v2/to", ""}, {"GET", 302, "../v1x/to", ""}, {"GET", 302, "/v1/%2e%2e/to", ""}, {"GET", 302, "https://api.example.com/v1/to", ""},
		{"GET", 302, "http://evil.example/to", ""}, {"GET", 302, "//evil.example/to", ""}, {"GET", 302, "http://user@api.example.com/v1/to", ""},
		{"GET", 302, "ftp://api.example.com/v1/to", ""}, {"GET", 302, "http://127.0.0.1/v1/to", ""}, {"GET", 302, "http://api.example.com:99/", ""},
		{"GET", 302, "http://%zz/", ""},
	} {
		name := fmt.Sprintf("%s %d %s", c.method, c.status, c.location)
		first, other, client := twoHosts(t, redirectTo(c.status, c.location))
		p := open("http://api.example.com/v1", "http://other.example.com", "http://api.example.com:8080")
		req := abi.Request{Method: c.method, URL: "http://api.example.com/v1/from"}
		if c.method != "GET" && c.method != "HEAD" {
			req.Body = []byte("body")
		}
		r := reply(client.Do(t.Context(), req, p))
		requests := append(first.requests(), other.requests()...)
		if c.want == "" {
			wantStatus(t, r, c.status)
			if len(requests) != 1 || r.URL != req.URL || !slices.Equal(r.Headers["Location"], []string{c.location}) && c.location != "" {
				t.Errorf("%s: %d requests and the response %+v, want the redirect itself", name, len(requests), r)
			}
			if redirected := c.status != 300 && c.status != 304 && c.status != 305 && c.location != ""; redirected && len(r.Body) > 0 {
				t.Errorf("%s: the redirect's body came along: %q", name, r.Body)
			}
			continue
		}
		wantStatus(t, r, 200)
		if len(requests) != 2 || requests[1].method+" "+requests[1].body != c.want {
			t.Errorf("%s: got %+v, want %q", name, requests, c.want)
		}
		if !strings.HasSuffix(r.URL, "/to") {
			t.Errorf("%s: the response says it is from %s", name, r.URL)
		}
	}
}

func TestRedirect_JudgesTheNewMethod(t *testing.T) {
	t.Parallel()
	first, _, c := twoHosts(t, redirectTo(303, "/v1/to"))
	p := open("http://api.example.com/v1")
	p.Grants[0].Methods = []string{"POST"}
	wantStatus(t, reply(c.Do(t.Context(), abi.Request{Method: "POST", URL: "http://api.example.com/v1/from"}, p)), 303)
	if len(first.requests()) != 1 {
		t.Error("a GET was sent that no grant lists")
	}
}

func TestRedirect_AtMostFive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		redirects int
		ok        bool
	}{{5, true}, {6, false}} {
		rec := &recorder{}
		n := api(rec.wrap(func(w http.ResponseWriter, r *http.Request) {
			if left := len(rec.requests()); left <= c.redirects {
				http.Redirect(w, r, fmt.Sprintf("/%d", left), http.StatusFound)
			}
		}))
		r := reply(n.client(t).Do(t.Context(), get("http://api.example.com/"), open("http://api.example.com")))
		if c.ok {
			wantStatus(t, r, 200)
		} else {
			wantFault(t, r, abi.LimitExceeded, "api.example.com", "more than 5 redirects")
		}
		if got := len(rec.requests()); got != 6 {
			t.Errorf("%d redirects: %d requests, want 6", c.redirects, got)
		}
	}
}

func TestRedirect_HeadersOfTheGuest(t *testing.T) {
	t.Parallel()
	headers := map[string][]string{"Accept": {"a"}, "Accept-Language": {"de"}, "User-Agent": {"g/1"}, "X-Guest": {"mine"},
		"Content-Type": {"text/plain"}, "If-Match": {"e"}}
	for _, c := range []struct {
		location string
		status   int
		want     string
	}{
		{"/v1/to", 307, "Accept Accept-Language Content-Type If-Match User-Agent X-Guest"},
		{"/v1/to", 303, "Accept Accept-Language If-Match User-Agent X-Guest"},
		{"http://other.example.com/to", 303, "Accept Accept-Language User-Agent"},
		{"http://api.example.com:8080/to", 303, "Accept Accept-Language User-Agent"},
	} {
		first, other, client := twoHosts(t, redirectTo(c.status, c.location))
		wantStatus(t, reply(client.Do(t.Context(), abi.Request{Method: "POST", URL: "http://api.example.com/v1/from", Headers: headers},
			open("http://api.example.com/v1", "http://other.example.com", "http://api.example.com:8080"))), 200)
		last := append(first.requests(), other.requests()...)[1]
		delete(last.header, "Accept-Encoding")
		delete(last.header, "Content-Length")
		got := slices.Sorted(maps.Keys(last.header))
		if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
			t.Errorf("%d %s (-want +got):\n%s", c.status, c.location, diff)
		}
	}
}

// credential attaches secret in three places, and its names are owned.
func credential(p Policy) Policy {
	p.Authorize = func(r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("X-Api-Key", secret)
		q := r.URL.Query()
		q.Set("api_key", secret)
		r.URL.RawQuery = q.Encode()
		return nil
	}
	p.Owned = []string{"X-Api-Key", "api_key"}
	p.Secrets = []string{secret}
	return p
}

// holds says whether any byte of a request gives the secret away.
func holds(s seen) bool {
	p := newScrubber([]string{secret})
	text := fmt.Sprint(s.method, s.uri, s.body, s.header)
	return p.text(text) != text
}

func TestRedirect_CredentialsStayAtTheirOrigin(t *testing.T) {
	t.Parallel()
	landed := func(w http.ResponseWriter, _ *http.Request) {}
	other := record(t, landed)
	_, otherPort, err := net.SplitHostPort(other.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var location string
	var back *recorder // redirects home again
	first := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, location, http.StatusFound)
		}
	})
	back = record(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, first.URL+"/to", http.StatusFound) })
	localhost := strings.Replace(first.URL, "127.0.0.1", "localhost", 1)
	n := &network{names: map[string][][]string{"localhost": {{"127.0.0.1"}}}}
	c := New(Config{Resolver: n})
	t.Cleanup(c.Close)

	for _, tc := range []struct {
		name, location string
		anonymous      bool // the grant of the target does not authenticate
		at             *recorder
		want           bool // the last request holds the credential
	}{
		{"same origin", "/to", false, first, true},
		{"same origin, absolute", first.URL + "/to", false, first, true},
		{"same origin, key copied by the server", first.URL + "/to?api_key=" + secret + "&a=b", false, first, true},
		{"same origin, grant without a credential", "/anonymous/to", true, first, false},
		{"same host, other port", "http://127.0.0.1:" + otherPort + "/to", false, other, false},
		{"other name of the same address", localhost + "/to", false, first, false},
		{"other port, key copied by the server", other.URL + "/to?api_key=" + "hunter2%2FS3CR3T%2Bkey" + "&a=b", false, other, false},
		{"away and back home", back.URL + "/", false, first, false},
	} {
		location = tc.location
		p := credential(private(first.URL, other.URL, localhost, back.URL))
		if tc.anonymous {
			p.Grants[0].Paths = []string{"/from"}
			p.Grants = append(p.Grants, Grant{ID: "open", Base: first.URL + "/anonymous", Methods: []string{"GET"}})
		}
		before := len(tc.at.requests())
		r := reply(c.Do(t.Context(), get(first.URL+"/from"), p))
		wantStatus(t, r, 200)
		requests := tc.at.requests()[before:]
		if len(requests) == 0 {
			t.Fatalf("%s: no request arrived", tc.name)
		}
		last := requests[len(requests)-1]
		if !strings.Contains(last.uri, "/to") || holds(last) != tc.want {
			t.Errorf("%s: got the request %+v, want the credential: %v", tc.name, last, tc.want)
		}
		if tc.want && strings.Count(last.uri, "api_key") != 1 {
			t.Errorf("%s: the key is not there once: %s", tc.name, last.uri)
		}
		if strings.Contains(r.URL, "api_key") {
			t.Errorf("%s: the response's url is %s", tc.name, r.URL)
		}
	}
}

// A secret that a server hides in a redirect to another origin goes no further.
func TestRedirect_SecretInTheLocation(t *testing.T) {
	t.Parallel()
	for _, location := range []string{
		"http://other.example.com/to?copied=hunter2%2fS3CR3T%2bkey",
		"http://other.example.com/aHVudGVyMi9TM0NSM1Qra2V5/to",
		"http://evil.example/to?copied=hunter2%2FS3CR3T%2Bkey",
	} {
		_, other, c := twoHosts(t, redirectTo(302, location))
		r := reply(c.Do(t.Context(), get("http://api.example.com/v1/from"), credential(open("http://api.example.com", "http://other.example.com"))))
		wantStatus(t, r, 302)
		if got := r.Headers["Location"]; len(got) != 1 || !strings.Contains(got[0], redacted) || strings.Contains(strings.ToUpper(got[0]), "S3CR3T") {
			t.Errorf("the guest sees the location %q", got)
		}
		if len(other.requests()) > 0 {
			t.Errorf("the secret was sent on: %+v", other.requests())
		}
	}
}

func TestRedirect_FromPlainToTLS(t *testing.T) {
	t.Parallel()
	var got seen
	secure := &recorder{}
	tls := httptest.NewUnstartedServer(secure.wrap(func(http.ResponseWriter, *http.Request) {}))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that refuse its certificate
	tls.StartTLS()
	t.Cleanup(tls.Close)
	plain := record(t, redirectTo(http.StatusMovedPermanently, tls.URL+"/to"))

	roots := x509.NewCertPool()
	roots.AddCert(tls.Certificate())
	c := New(Config{RootCAs: roots})
	t.Cleanup(c.Close)
	wantStatus(t, reply(c.Do(t.Context(), get(plain.URL+"/from"), credential(private(plain.URL, tls.URL)))), 200)
	if got = secure.requests()[0]; holds(got) {
		t.Errorf("the credential went to another scheme: %+v", got)
	}
	wantStatus(t, reply(c.Do(t.Context(), get(tls.URL+"/direct"), credential(private(tls.URL)))), 200)
	if got = secure.requests()[1]; !holds(got) {
		t.Errorf("no credential in a request over TLS: %+v", got)
	}
	// The certificate is for 127.0.0.1 and example.com.
	wrong := strings.Replace(tls.URL, "127.0.0.1", "localhost", 1)
	n := &network{names: map[string][][]string{"localhost": {{"127.0.0.1"}}}}
	c2 := New(Config{Resolver: n})
	t.Cleanup(c2.Close)
	wantFault(t, reply(c2.Do(t.Context(), get(tls.URL), private(tls.URL))), abi.Unavailable, "an authority that this machine does not know")
	c3 := New(Config{Resolver: n, RootCAs: roots})
	t.Cleanup(c3.Close)
	wantFault(t, reply(c3.Do(t.Context(), get(wrong), private(wrong))), abi.Unavailable, "certificate is for another name")
	sham := strings.Replace(plain.URL, "http://", "https://", 1)
	wantFault(t, reply(c3.Do(t.Context(), get(sham), private(sham))), abi.Unavailable, "does not speak TLS")
}
