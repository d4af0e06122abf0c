package egress

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"patchbay/abi"
)

// addressAttacks are all special addresses: as the answer for a granted name, alone and among others, as a granted
// literal, and as the target of a redirect.
func addressAttacks() (all []attack) {
	for _, s := range special {
		addr := netip.MustParseAddr(s.addr)
		host := s.addr
		if addr.Is6() {
			host = "[" + strings.ReplaceAll(s.addr, "%", "%25") + "]"
		}
		literal := "https://" + host
		want := string(abi.Forbidden)
		if addr.Is4In6() || addr.Zone() != "" {
			want = string(abi.InvalidInput)
		}
		all = append(all,
			attack{kind: "address", name: "a name for " + s.addr, req: get("https://mixed.example.com/"), want: string(abi.Forbidden),
				names: map[string][]string{"mixed.example.com": {s.addr}}},
			attack{kind: "address", name: "a name for " + s.addr + " and others", req: get("https://mixed.example.com/"), want: "200",
				names: map[string][]string{"mixed.example.com": {s.addr, "1.1.1.1", s.addr}}, change: anonymous},
			attack{kind: "address", name: literal, req: get(literal + "/"), want: want, change: alsoGrant(literal)},
			attack{kind: "address", name: "redirect to " + literal, req: get("https://api.example.com/v1"), change: alsoGrant(literal),
				answer: redirectTo(302, literal+"/"), want: map[bool]string{true: string(abi.Forbidden), false: "302"}[want == string(abi.Forbidden)]})
	}
	return all
}

func anonymous(p *Policy) {
	for i := range p.Grants {
		p.Grants[i].Authenticated = false
	}
}

// alsoGrant allows base, if a grant can name it at all.
func alsoGrant(base string) func(*Policy) {
	return func(p *Policy) {
		if g := open(base).Grants[0]; g.Validate() == nil {
			p.Grants = append(p.Grants, g)
		}
	}
}

// urlAttacks are the hostile URLs of TestJudge_HostileURLs, through the whole of Do.
func urlAttacks() (all []attack) {
	for _, u := range urls {
		if u.want != "" {
			all = append(all, attack{kind: "url", name: clip(u.url, 60), req: get(u.url), want: string(u.want),
				change: func(p *Policy) { p.Grants = judged }})
		}
	}
	for _, u := range []string{"https://user@api.example.com/v1", "https://:pw@api.example.com/v1", "https://api.example.com:443@127.0.0.1/",
		"https://api.example.com%00.evil.example/v1", "https://api.example.com%23@127.0.0.1/", "https://017700000001/", "https://0x7f.0x0.0x0.0x1/",
		"https://127.0.0.1.0x/", "https://\u0661\u0662\u0667.0.0.1/", "https://127\u30020\u30020\u30021/", "https://localhost\u3002/",
		"https://[::ffff:169.254.169.254]/", "https://[0:0:0:0:0:ffff:127.0.0.1]/", "https://[::1%251]/", "https://[fe80::1%25eth0]/",
		"https://[::1]:443@api.example.com/v1", "https://[v1.x]/", "https:////127.0.0.1/v1", "https:\\\\127.0.0.1/v1", "//127.0.0.1/v1",
		"https://api.example.com/v1/..%c0%af/admin", "https://api.example.com/v1/%2e%2e%2f%2e%2e%2fadmin", "https://api.example.com/v1?X_API_KEY=1&api%5fkey=2"} {
		all = append(all, attack{kind: "url", name: u, req: get(u), want: string(abi.InvalidInput)})
	}
	return all
}

func methodAttacks() (all []attack) {
	for _, m := range []string{"", "get", "TRACE", "CONNECT", "PRI", "PURGE", "GET\x00", "GET /admin HTTP/1.1\r\nX-Evil: 1\r\n\r\n", "GET\t/admin", "G\u00cbT"} {
		all = append(all, attack{kind: "method", name: fmt.Sprintf("%q", m), req: abi.Request{Method: m, URL: "https://api.example.com/v1"}, want: string(abi.Forbidden)})
	}
	return all
}

func headerAttacks() (all []attack) {
	values := map[string]string{"Host": "evil.example", "Authorization": "Bearer mine", "authorization": "Basic bWluZQ==", "Cookie": "a=b", "Cookie2": "a",
		"Proxy-Authorization": "Basic x", "Proxy-Connection": "keep-alive", "Connection": "X-Api-Key", "connection": "close, authorization", "Keep-Alive": "timeout=99",
		"TE": "trailers", "Trailer": "X-Evil", "Transfer-Encoding": "chunked", "transfer_encoding": "chunked", "Transfer-encoding": "identity, chunked",
		"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__", "Content-Length": "0", "content_length": "5", "Expect": "100-continue",
		"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE", "X-Method-Override": "DELETE", "x_http_method_override": "DELETE",
		"X-Original-URL": "/admin", "X-Rewrite-URL": "/admin", "X_Original_Url": "/admin", "Forwarded": "host=evil.example", "X-Forwarded-Host": "evil.example",
		"X-Forwarded-For": "127.0.0.1", "X_Forwarded_For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Real-IP": "127.0.0.1", "Via": "1.1 x", "Referer": "https://evil.example/",
		"Accept-Encoding": "br", "Sec-Fetch-Site": "none", "X-Api-Key": "mine", "x-API-key": "mine", "X_Api_Key": "mine",
		"X-A\r\nX-Evil": "1", "X-Evil:": "1", " X-Evil": "1", "X-Evil ": "1", ":authority": "evil.example", ":path": "/admin", "": "x", "X-\u00c9": "1",
		"X-CRLF": "a\r\nX-Evil: 1", "X-LF": "a\nX-Evil: 1", "X-CR": "a\rX-Evil: 1", "X-NUL": "a\x00b", "X-DEL": "a\x7f", "X-Body": "a\r\n\r\nGET /admin HTTP/1.1\r\n"}
	for name, value := range values {
		all = append(all, attack{kind: "header", name: fmt.Sprintf("%q: %q", name, value), want: string(abi.InvalidInput), req: abi.Request{
			Method: "POST", URL: "https://api.example.com/v1", Body: []byte("0\r\n\r\nGET /admin"), Headers: map[string][]string{name: {value}}}})
	}
	slices.SortFunc(all, func(a, b attack) int { return strings.Compare(a.name, b.name) })
	opaque := attack{kind: "header", name: "an auth method that sets Opaque", req: get("https://api.example.com/v1"), want: string(abi.Internal)}
	opaque.change = func(p *Policy) {
		p.Authorize = func(r *http.Request) error { r.URL.Opaque = "//evil.example/admin"; return nil }
	}
	host := attack{kind: "header", name: "an auth method that sets Host", req: get("https://api.example.com/v1"), want: string(abi.Internal)}
	host.change = func(p *Policy) { p.Authorize = func(r *http.Request) error { r.Host = "evil.example"; return nil } }
	return append(all, opaque, host)
}

// redirectAttacks are redirects of each kind from https://api.example.com, for a GET, and for a POST with a body.
func redirectAttacks() (all []attack) {
	const followed, forbidden, given = "200", "forbidden", "as it is"
	for location, want := range map[string]string{
		"https://other.example.com/":                              followed,
		"https://other.example.com/home":                          followed, // and back home
		"//other.example.com/":                                    followed,
		"https://api.example.com:8443/":                           followed,
		"http://api.example.com/":                                 followed, // downgraded, under a grant that allows it
		"http://other.example.com/":                               given,
		"https://evil.example/":                                   given,
		"//evil.example/v1":                                       given,
		"/v2/landed":                                              given,
		"../admin":                                                given,
		"/v1/%2e%2e/admin":                                        given,
		"/v1/..;/admin":                                           given,
		`\\evil.example\v1`:                                       given,
		"/\\evil.example/v1":                                      given,
		"https:evil.example":                                      given,
		"https:///evil.example/":                                  given,
		"https://user:pw@api.example.com/v1/landed":               given,
		"https://api.example.com@other.example.com/":              given,
		"javascript:fetch('https://evil.example')":                given,
		"file:///etc/passwd":                                      given,
		"gopher://127.0.0.1:6379/_FLUSHALL":                       given,
		"data:text/plain,x":                                       given,
		"https://2130706433/":                                     given,
		"https://0x7f.1/":                                         given,
		"https://127.1/":                                          given,
		"https://[::ffff:127.0.0.1]/":                             given,
		"https://[fe80::1%25lo]/":                                 given,
		"https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/":        given,
		"https://127.0.0.1/":                                      forbidden,
		"https://localhost/":                                      forbidden,
		"https://[::1]/":                                          forbidden,
		"https://10.0.0.1/":                                       forbidden,
		"https://inside.example.com/":                             forbidden,
		"https://169.254.169.254/latest/meta-data/":               forbidden,
		"https://168.63.129.16/machine":                           forbidden,
		"https://[fd00:ec2::254]/":                                forbidden,
		"https://other.example.com/?k=" + url.QueryEscape(secret): given, // the key, carried along
		"https://other.example.com/" + base64.URLEncoding.EncodeToString([]byte(secret)): given,
		"https://evil.example/?k=" + url.QueryEscape(secret):                             given,
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, method := range []string{"GET", "POST"} {
				a := attack{kind: "redirect", name: fmt.Sprintf("%s %d %s", method, status, location), answer: redirectTo(status, location),
					req: abi.Request{Method: method, URL: "https://api.example.com/v1/from"}, want: want}
				if method == "POST" {
					a.req.Body = []byte("body with the customer's data")
				}
				if want == given || status >= 307 && method == "POST" { // which carry no body to another origin
					a.want = fmt.Sprint(status)
				}
				all = append(all, a)
			}
		}
	}
	slices.SortFunc(all, func(a, b attack) int { return strings.Compare(a.name, b.name) })
	return all
}

// echoAttacks are services that send back what they got.
func echoAttacks() (all []attack) {
	add := func(name, want string, answer http.HandlerFunc) {
		all = append(all, attack{kind: "echo", name: name, req: get("https://api.example.com/v1?q=1"), answer: answer, want: want})
	}
	for name, write := range map[string]func(string) string{
		"as it is": func(s string) string { return s }, "base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x:" + s)) },
		"base64url": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("xy:" + s + "z")) },
		"query":     url.QueryEscape, "path": url.PathEscape, "html": html.EscapeString, "json": marshal,
		"lower hex": func(s string) string {
			return strings.ToLower(url.QueryEscape("/+"))[:0] + lowerByHand(url.QueryEscape(s))
		},
	} {
		add("body, "+name, "200", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "you sent ", write(r.Header.Get("X-Api-Key")))
		})
		add("header, "+name, "200", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Echo", "q "+write(r.Header.Get("X-Api-Key")))
		})
	}
	for _, header := range []string{"Location", "Set-Cookie", "WWW-Authenticate", "Content-Type", "Etag", "Link", "X-Api-Key", "Content-Disposition", "Refresh", "Retry-After"} {
		add(header, "401", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(header, r.Header.Get("Authorization"))
			w.WriteHeader(401)
		})
	}
	token := attack{kind: "echo", name: "name of a header", req: get("https://api.example.com/v1"), want: "200"}
	token.answer = func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-"+r.Header.Get("X-Api-Key"), "x") }
	token.change = func(p *Policy) { // in the case that net/http gives to names
		p.Secrets = []string{"hunterS3CR3Tkey"}
		p.Authorize = func(r *http.Request) error { r.Header.Set("X-Api-Key", p.Secrets[0]); return nil }
	}
	all = append(all, token)
	add("all headers", "200", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(r.Header) })
	add("the query", "200", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) })
	add("error page", "500", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprint("cannot serve ", r.URL, r.Header), 500)
	})
	add("trailer", "200", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "x")
		w.Header().Set(http.TrailerPrefix+"X-Late", r.Header.Get("X-Api-Key"))
	})
	add("early hints", "200", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</"+r.Header.Get("X-Api-Key")+">")
		w.WriteHeader(103)
		w.Header().Del("Link")
	})
	add("compressed", "200", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, r.Header)
		z.Close()
	})
	add("redirect home with the key", "200", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v1/landed?"+r.URL.RawQuery, http.StatusFound)
	})
	add("invalid encoding that names the key", "unavailable", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.Header.Get("X-Api-Key"))
		fmt.Fprint(w, "x")
	})
	return all
}
