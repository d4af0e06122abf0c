package auth

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/manifest"
)

const suitetalk = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest"

// Known answers: npm oauth-1.0a and an implementation of the RFC agree on all of them.
func TestOAuth1_KnownAnswers(t *testing.T) {
	t.Parallel()
	plain := [2]string{"cs-example", "ts-example"}
	odd := [2]string{"c+s/ex=", "t s&ex"}
	tests := []struct {
		method, url string
		secrets     [2]string
		want        string
	}{
		{"GET", suitetalk + "/record/v1/customer?limit=2&offset=0", plain, "4yxIAj9lpge23uIHcLo6DZ+f55ER3JFBfPaSe9SiYWc="},
		{"POST", suitetalk + "/query/v1/suiteql?limit=5", plain, "Vi3WLZI9ODZdCenGTMRtKiSV+j45TGoRH1ZdBjdCWg4="},
		{"GET", suitetalk + "/record/v1/customer?q=email%20IS%20%22a%2Bb%40x.io%22&limit=10", plain, "Xx3xrS0DQtIoi9fQhT7udwtHHw7SeVpAjkb7bXvJDuE="},
		{"PUT", suitetalk + "/record/v1/customer/eid:CID-7", plain, "rvUEfjPhqaXmgMU0SKPyk1BB//Fd8dKNqbN/HBdgcFA="},
		{"GET", "https://1234567.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=12&deploy=1&name=J%C3%BCrgen%20%26%20Co", odd, "NuIPq6AYMBOYRj4fBJQSVZt6Z04teuwRxD9gI/LcGpM="},
		{"GET", suitetalk + "/record/v1/customer?q=&limit=10", odd, "ZYzl6rKNfSSSCUlPSgcMUn5OBHU5HNO+Cv611942GjU="},
		{"GET", suitetalk + "/record/v1/invoice?fields=a,b&fields=a", odd, "MWNDN6k4vYqvt/PVvS5vZPi5GcXzbFDiddzRV1oFXv0="},
		{"PATCH", suitetalk + "/record/v1/customer/107", odd, "04A1PEsZua6l5E5mzv4mHfGdxOgEWdZ3BWwToOkxwbg="},
	}
	for _, tt := range tests {
		r, err := http.NewRequest(tt.method, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := signer{consumerKey: "ck-example", consumerSecret: tt.secrets[0], tokenID: "tk-example", tokenSecret: tt.secrets[1], realm: "1234567_SB1"}
		header, err := s.sign(r, "abcDEF123", 1700000000)
		if err != nil {
			t.Fatal(err)
		}
		if got := oauthValue(t, header, "oauth_signature"); got != tt.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", tt.method, tt.url, got, tt.want)
		}
		if !strings.HasPrefix(header, `OAuth realm="1234567_SB1", oauth_consumer_key="ck-example", `) {
			t.Error(header)
		}
	}
}

func oauthValue(t *testing.T, header, name string) string {
	t.Helper()
	m := regexp.MustCompile(name + `="([^"]*)"`).FindStringSubmatch(header)
	if m == nil {
		t.Fatalf("no %s in %s", name, header)
	}
	v, err := url.PathUnescape(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// RFC 5849 section 3.4.1.1, with a form body, a parameter without a value, and one that is there three times.
func TestOAuth1_RFC5849BaseString(t *testing.T) {
	t.Parallel()
	const body = "c2&a3=2+q"
	r, err := http.NewRequest("POST", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := baseString(r, []pair{{"oauth_consumer_key", "9djdj82h48djs9d2"}, {"oauth_token", "kkk9d7dh3k39sjv7"},
		{"oauth_signature_method", "HMAC-SHA1"}, {"oauth_timestamp", "137131201"}, {"oauth_nonce", "7d8f3e4a"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26" +
		"oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if left, _ := io.ReadAll(r.Body); string(left) != body {
		t.Errorf("the body became %q", left)
	}
}

// RFC 5849 section 1.2: the signatures of its three requests, which are HMAC-SHA1.
func TestOAuth1_RFC5849Signatures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, url string
		params      []pair
		key, want   string
	}{
		{"POST", "https://photos.example.net/initiate", []pair{{"oauth_consumer_key", "dpf43f3p2l4k3l03"}, {"oauth_signature_method", "HMAC-SHA1"},
			{"oauth_timestamp", "137131200"}, {"oauth_nonce", "wIjqoS"}, {"oauth_callback", "http://printer.example.com/ready"}},
			"kd94hf93k423kf44&", "74KNZJeDHnMBp0EMJ9ZHt/XKycU="},
		{"POST", "https://photos.example.net/token", []pair{{"oauth_consumer_key", "dpf43f3p2l4k3l03"}, {"oauth_token", "hh5s93j4hdidpola"},
			{"oauth_signature_method", "HMAC-SHA1"}, {"oauth_timestamp", "137131201"}, {"oauth_nonce", "walatlh"}, {"oauth_verifier", "hfdp7dh39dks9884"}},
			"kd94hf93k423kf44&hdhd0244k9j7ao03", "gKgrFCywp7rO0OXSjdot/IHF7IU="},
		{"GET", "http://photos.example.net/photos?file=vacation.jpg&size=original", []pair{{"oauth_consumer_key", "dpf43f3p2l4k3l03"}, {"oauth_token", "nnch734d00sl2jdk"},
			{"oauth_signature_method", "HMAC-SHA1"}, {"oauth_timestamp", "137131202"}, {"oauth_nonce", "chapoH"}},
			"kd94hf93k423kf44&pfkkdhi9sl3r4s00", "MdpQcU8iPSUjWoN/UDMsK2sui9I="},
	}
	for _, tt := range tests {
		r, err := http.NewRequest(tt.method, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		base, err := baseString(r, tt.params)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha1.New, []byte(tt.key))
		mac.Write([]byte(base))
		if got := base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.url, got, tt.want)
		}
	}
}

// Every send has its own nonce, and a clock that is set back does not take the timestamps with it.
func TestOAuth1_EverySend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := time.Duration(0)
		a := New(Config{Now: func() time.Time { return time.Now().Add(set) }})
		acct := Account{Connection: "acme", Method: manifest.AuthMethod{Type: "oauth1", Realm: "{account|underscores|upper}"},
			Fields: map[string]string{"account": "12-sb1", "consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk", "token_secret": "ts"}}
		c, err := a.Prepare(t.Context(), acct)
		if err != nil {
			t.Fatal(err)
		}
		nonces, last := map[string]bool{}, ""
		for i := range 50 {
			r, _ := http.NewRequest("GET", "https://api.example/x", nil)
			if err := c.Authorize(r); err != nil {
				t.Fatal(err)
			}
			h := r.Header.Get("Authorization")
			if !strings.HasPrefix(h, `OAuth realm="12_SB1", `) {
				t.Fatal(h)
			}
			nonce, stamp := oauthValue(t, h, "oauth_nonce"), oauthValue(t, h, "oauth_timestamp")
			if nonces[nonce] || len(nonce) < 6 || stamp < last {
				t.Fatalf("nonce %s, timestamp %s after %s", nonce, stamp, last)
			}
			nonces[nonce], last = true, stamp
			time.Sleep(time.Second)
			if i == 20 {
				set = -time.Hour
			}
		}
	})
}

// FuzzOAuth1BaseString compares with a second implementation, written from section 3.4.1 with the standard library's words.
func FuzzOAuth1BaseString(f *testing.F) {
	f.Add("GET", "/a/b:c", "x=1&x=0&y=a+b&z", "k", "n")
	f.Add("PUT", "/", "q=%3D%25&%C3%A9=%20&=&;=1", "ü", "")
	f.Add("post", "", "a=%zz", "a&b", "=")
	f.Fuzz(func(t *testing.T, method, path, query, key, nonce string) {
		u := url.URL{Scheme: "https", Host: "API.Example:443", Path: path, RawQuery: query}
		r := &http.Request{Method: method, URL: &u, Header: http.Header{}}
		got, err := baseString(r, []pair{{"oauth_consumer_key", key}, {"oauth_nonce", nonce}})
		want, ok := secondBaseString(method, &u, url.Values{"oauth_consumer_key": {key}, "oauth_nonce": {nonce}})
		if (err == nil) != ok || ok && got != want {
			t.Errorf("%q %q\ngot  %s, %v\nwant %s, %v", path, query, got, err, want, ok)
		}
	})
}

func secondBaseString(method string, u *url.URL, params url.Values) (string, bool) {
	enc := func(s string) string {
		return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
	}
	// url.ParseQuery refuses semicolons, which RFC 5849 has as characters.
	more, err := url.ParseQuery(strings.ReplaceAll(u.RawQuery, ";", "%3B"))
	if err != nil {
		return "", false
	}
	for name, values := range more {
		params[name] = append(params[name], values...)
	}
	var lines []string
	for name, values := range params {
		for _, v := range values {
			lines = append(lines, enc(name)+"\x00"+enc(v)) // NUL sorts before all that is encoded
		}
	}
	sort.Strings(lines)
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	joined := strings.ReplaceAll(strings.Join(lines, "&"), "\x00", "=")
	return strings.Join([]string{strings.ToUpper(method), enc("https://api.example" + path), enc(joined)}, "&"), true
}
