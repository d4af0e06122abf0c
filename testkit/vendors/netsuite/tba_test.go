package netsuite_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"patchbay/testkit/vendors/netsuite"
)

const sandbox = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest"

// Signatures that two other implementations of RFC 5849 agree on.
var vectors = []struct{ method, url, signature string }{
	{"GET", sandbox + "/record/v1/customer?limit=2&offset=0", "4yxIAj9lpge23uIHcLo6DZ+f55ER3JFBfPaSe9SiYWc="},
	{"POST", sandbox + "/query/v1/suiteql?limit=5", "Vi3WLZI9ODZdCenGTMRtKiSV+j45TGoRH1ZdBjdCWg4="},
	{"GET", sandbox + "/record/v1/customer?q=email%20IS%20%22a%2Bb%40x.io%22&limit=10", "Xx3xrS0DQtIoi9fQhT7udwtHHw7SeVpAjkb7bXvJDuE="},
	{"PUT", sandbox + "/record/v1/customer/eid:CID-7", "rvUEfjPhqaXmgMU0SKPyk1BB//Fd8dKNqbN/HBdgcFA="},
	{"GET", "https://1234567.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=12&deploy=1&name=J%C3%BCrgen%20%26%20Co", "NuIPq6AYMBOYRj4fBJQSVZt6Z04teuwRxD9gI/LcGpM="},
	{"GET", sandbox + "/record/v1/customer?q=&limit=10", "ZYzl6rKNfSSSCUlPSgcMUn5OBHU5HNO+Cv611942GjU="},
	{"GET", sandbox + "/record/v1/invoice?fields=a,b&fields=a", "MWNDN6k4vYqvt/PVvS5vZPi5GcXzbFDiddzRV1oFXv0="},
	{"PATCH", sandbox + "/record/v1/customer/107", "04A1PEsZua6l5E5mzv4mHfGdxOgEWdZ3BWwToOkxwbg="},
}

func TestPassport_Vectors(t *testing.T) {
	t.Parallel()
	for i, v := range vectors {
		p := netsuite.Passport{ConsumerKey: "ck-example", ConsumerSecret: "cs-example", TokenSecret: "ts-example"}
		if i >= 4 {
			p.ConsumerSecret, p.TokenSecret = "c+s/ex=", "t s&ex"
		}
		for signature, want := range map[string]string{v.signature: "", "x" + v.signature[1:]: "signature_invalid"} {
			server := netsuite.New(netsuite.Config{
				Account: "1234567_SB1", Passports: map[string]netsuite.Passport{"tk-example": p},
				Clock: func() time.Time { return time.Unix(1700000000, 0) },
			})
			r := httptest.NewRequestWithContext(t.Context(), v.method, v.url, nil)
			r.Header.Set("Authorization", fmt.Sprintf(`OAuth realm="1234567_SB1", oauth_consumer_key="ck-example", oauth_token="tk-example", `+
				`oauth_signature_method="HMAC-SHA256", oauth_timestamp="1700000000", oauth_nonce="abcDEF123", oauth_version="1.0", oauth_signature="%s"`,
				url.QueryEscape(signature)))
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			if got := reason(w.Header().Get("WWW-Authenticate")); got != want || (w.Code == 401) != (want != "") {
				t.Errorf("vector %d: %d %q, want %q", i+1, w.Code, got, want)
			}
		}
	}
}

// reason is the error of a challenge.
func reason(challenge string) string {
	_, rest, _ := strings.Cut(challenge, `error="`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// signature signs the smallest request with the passport of the defaults. The vectors hold that it is right.
func signature(method, address string, query, given map[string]string) string {
	values := url.Values{}
	for _, from := range []map[string]string{query, given} {
		for name, value := range from {
			if name != "realm" {
				values.Set(name, value)
			}
		}
	}
	plain := strings.ReplaceAll(values.Encode(), "+", "%20") // sorted by name
	base := method + "&" + url.QueryEscape(address) + "&" + url.QueryEscape(plain)
	mac := hmac.New(sha256.New, []byte(url.QueryEscape(netsuite.ConsumerSecret)+"&"+url.QueryEscape(netsuite.TokenSecret)))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestPassport(t *testing.T) {
	t.Parallel()
	now := monday
	server := netsuite.New(netsuite.Config{Clock: func() time.Time { return now }})
	nonces := 0
	// try sends a signed request with changes: before it is signed, or after when the name begins with a dash.
	try := func(changes ...string) (int, string) {
		nonces++
		given := map[string]string{
			"realm": "1234567", "oauth_consumer_key": netsuite.ConsumerKey, "oauth_token": netsuite.TokenID, "oauth_version": "1.0",
			"oauth_signature_method": "HMAC-SHA256", "oauth_timestamp": fmt.Sprint(monday.Unix()), "oauth_nonce": fmt.Sprintf("nonce%04d", nonces),
		}
		for i := 0; i < len(changes); i += 2 {
			if !strings.HasPrefix(changes[i], "-") {
				given[changes[i]] = changes[i+1]
			}
		}
		given["oauth_signature"] = signature("GET", "http://sim.example/services/rest/system/v1/serverTime", map[string]string{"a": "b c"}, given)
		for i := 0; i < len(changes); i += 2 {
			if name, ok := strings.CutPrefix(changes[i], "-"); ok {
				given[name] = changes[i+1]
			}
		}
		var pairs []string
		for name, value := range given {
			if value != "" {
				pairs = append(pairs, name+`="`+url.QueryEscape(value)+`"`)
			}
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://sim.example:80/services/rest/system/v1/serverTime?a=b+c", nil)
		r.Header.Set("Authorization", "OAuth "+strings.Join(pairs, ","))
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w.Code, reason(w.Header().Get("WWW-Authenticate"))
	}
	at := func(offset time.Duration) string { return fmt.Sprint(monday.Add(offset).Unix()) }
	for _, test := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"in order", nil, ""},
		{"realm in the spelling of hosts", []string{"realm", "1234567-sb1"}, "realm_rejected"},
		{"no realm", []string{"realm", ""}, "MissingTokenPassportRequiredFields"},
		{"no nonce", []string{"-oauth_nonce", ""}, "MissingTokenPassportRequiredFields"},
		{"version", []string{"oauth_version", "2.0"}, "version_rejected"},
		{"HMAC-SHA1", []string{"oauth_signature_method", "HMAC-SHA1"}, "signature_method_rejected"},
		{"PLAINTEXT", []string{"oauth_signature_method", "PLAINTEXT"}, "signature_method_rejected"},
		{"consumer", []string{"oauth_consumer_key", "who"}, "consumer_key_unknown"},
		{"token", []string{"oauth_token", "who"}, "token_rejected"},
		{"five minutes old", []string{"oauth_timestamp", at(-5 * time.Minute)}, ""},
		{"older", []string{"oauth_timestamp", at(-5*time.Minute - time.Second)}, "timestamp_refused"},
		{"five minutes ahead", []string{"oauth_timestamp", at(5 * time.Minute)}, ""},
		{"further ahead", []string{"oauth_timestamp", at(5*time.Minute + time.Second)}, "timestamp_refused"},
		{"milliseconds", []string{"oauth_timestamp", at(0) + "000"}, "timestamp_refused"},
		{"a timestamp with a sign", []string{"oauth_timestamp", "+" + at(0)}, "timestamp_refused"},
		{"another request", []string{"-oauth_nonce", "another1"}, "signature_invalid"},
		{"a nonce that was used", []string{"oauth_nonce", "nonce0001"}, "nonce_used"},
		{"a short nonce", []string{"oauth_nonce", "abc12"}, "nonce_used"},
		{"a nonce with special characters", []string{"oauth_nonce", "abc-12345"}, "nonce_used"},
	} {
		status, got := try(test.changes...)
		if got != test.want || (status == 200) != (test.want == "") {
			t.Errorf("%s: %d %q, want %q", test.name, status, got, test.want)
		}
	}
	// A signature that is wrong uses no nonce up; one is remembered until its timestamp is refused anyway.
	if _, got := try("oauth_nonce", "another1"); got != "" {
		t.Errorf("a nonce of a bad signature: %q", got)
	}
	now = monday.Add(10 * time.Minute)
	if _, got := try("oauth_nonce", "another1", "oauth_timestamp", at(10*time.Minute)); got != "nonce_used" {
		t.Errorf("an old nonce: %q", got)
	}
	now = monday.Add(10*time.Minute + time.Second)
	if _, got := try("oauth_nonce", "another1", "oauth_timestamp", at(10*time.Minute)); got != "" {
		t.Errorf("a nonce that may be forgotten: %q", got)
	}
}

func TestPassport_Malformed(t *testing.T) {
	t.Parallel()
	server := netsuite.New(netsuite.Config{})
	for _, header := range []string{"OAuth", "OAuth ", "OAuth realm", `OAuth realm=1234567`, `OAuth realm="%zz"`, `OAuth realm="a",realm="a"`, `OAuth ="x"`} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/services/rest/system/v1/serverTime", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		want := `OAuth realm="1234567", error="MissingTokenPassportRequiredFields", error_description="Invalid login attempt."`
		if got := w.Header().Get("WWW-Authenticate"); w.Code != 401 || got != want {
			t.Errorf("%s: %d %s", header, w.Code, got)
		}
	}
}

func FuzzPassport(f *testing.F) {
	server := netsuite.New(netsuite.Config{})
	f.Add(`realm="1234567", oauth_consumer_key="nsk-consumer-71f0c2", oauth_token="nsk-token-2a6d95", oauth_signature_method="HMAC-SHA256", oauth_timestamp="1", oauth_nonce="abcdef", oauth_signature="x"`)
	f.Fuzz(func(t *testing.T, credentials string) {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/services/rest/system/v1/serverTime", nil)
		r.Header.Set("Authorization", "OAuth "+credentials)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("%q opens: %d", credentials, w.Code)
		}
	})
}
