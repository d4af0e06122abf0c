package netsuite

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSkew is how far a signature's timestamp may be from the account's clock, either way.
const maxSkew = 5 * time.Minute

// nonceForm is the form of a nonce: no special characters, and not too short.
var nonceForm = regexp.MustCompile(`^[A-Za-z0-9]{6,64}$`)

// Passport is what token-based authentication signs with, but for the token's id.
type Passport struct {
	ConsumerKey, ConsumerSecret, TokenSecret string
	Role                                     Role
}

// passport checks an OAuth 1.0 signature (RFC 5849). The reason of a refusal is in its challenge.
func (s *Server) passport(r *http.Request, credentials string) (Role, *failure) {
	given, ok := parsePassport(credentials)
	if !ok {
		return Role{}, s.refuseLogin("OAuth", "MissingTokenPassportRequiredFields")
	}
	known, reason := s.config.Passports[given["oauth_token"]], ""
	switch {
	case given["realm"] != s.config.Account:
		reason = "realm_rejected"
	case given["oauth_version"] != "" && given["oauth_version"] != "1.0":
		reason = "version_rejected"
	case given["oauth_signature_method"] != "HMAC-SHA256":
		reason = "signature_method_rejected"
	case !s.consumer(given["oauth_consumer_key"]):
		reason = "consumer_key_unknown"
	case known.ConsumerKey != given["oauth_consumer_key"]:
		reason = "token_rejected"
	case !s.timely(given["oauth_timestamp"]):
		reason = "timestamp_refused"
	case !signs(given, known, r):
		reason = "signature_invalid"
	case !nonceForm.MatchString(given["oauth_nonce"]) || !s.fresh(given):
		reason = "nonce_used"
	}
	if reason != "" {
		return Role{}, s.refuseLogin("OAuth", reason)
	}
	return known.Role, nil
}

// parsePassport reads name="value" pairs apart by commas, values percent-encoded. Not ok are pairs that are
// malformed, given twice, or missing.
func parsePassport(credentials string) (map[string]string, bool) {
	given := map[string]string{}
	for _, pair := range strings.Split(credentials, ",") {
		name, quoted, _ := strings.Cut(strings.TrimSpace(pair), "=")
		inner, ok1 := strings.CutPrefix(quoted, `"`)
		inner, ok2 := strings.CutSuffix(inner, `"`)
		value, err := url.PathUnescape(inner)
		if _, twice := given[name]; !ok1 || !ok2 || err != nil || twice || name == "" {
			return nil, false
		}
		given[name] = value
	}
	for _, name := range []string{"realm", "oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_timestamp", "oauth_nonce", "oauth_signature"} {
		if given[name] == "" {
			return nil, false
		}
	}
	return given, true
}

// consumer reports whether an integration has the key.
func (s *Server) consumer(key string) bool {
	for _, p := range s.config.Passports {
		if p.ConsumerKey == key {
			return true
		}
	}
	return false
}

// timely reports whether the timestamp is a positive number near the account's clock.
func (s *Server) timely(timestamp string) bool {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || seconds <= 0 || timestamp != strconv.FormatInt(seconds, 10) {
		return false
	}
	skew := s.config.Clock().Sub(time.Unix(seconds, 0))
	return skew.Abs() <= maxSkew
}

// fresh remembers the nonce for as long as its timestamp is accepted, and reports whether it is new.
func (s *Server) fresh(given map[string]string) bool {
	now := s.config.Clock()
	for nonce, until := range s.nonces {
		if now.After(until) {
			delete(s.nonces, nonce)
		}
	}
	nonce := given["oauth_consumer_key"] + " " + given["oauth_token"] + " " + given["oauth_nonce"]
	if _, used := s.nonces[nonce]; used {
		return false
	}
	s.nonces[nonce] = now.Add(2 * maxSkew)
	return true
}

// signs reports whether the signature is the one that the passport's secrets make of the request.
func signs(given map[string]string, p Passport, r *http.Request) bool {
	base, ok := baseString(given, r)
	mac := hmac.New(sha256.New, []byte(escape(p.ConsumerSecret)+"&"+escape(p.TokenSecret)))
	mac.Write([]byte(base))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return ok && hmac.Equal([]byte(want), []byte(given["oauth_signature"]))
}

// baseString is what is signed (RFC 5849, 3.4.1): method, address, and the parameters of query and header but
// for realm and signature. A JSON body is not signed.
func baseString(given map[string]string, r *http.Request) (string, bool) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", false
	}
	var pairs [][2]string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, [2]string{escape(name), escape(value)})
		}
	}
	for name, value := range given {
		if name != "realm" && name != "oauth_signature" {
			pairs = append(pairs, [2]string{escape(name), escape(value)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	parameters := make([]string, len(pairs))
	for i, pair := range pairs {
		parameters[i] = pair[0] + "=" + pair[1]
	}
	return r.Method + "&" + escape(address(r)) + "&" + escape(strings.Join(parameters, "&")), true
}

// address is scheme, host and path as they are signed: in lower case, without a port that is the scheme's own.
func address(r *http.Request) string {
	scheme, port := "http", ":80"
	if r.TLS != nil {
		scheme, port = "https", ":443"
	}
	return scheme + "://" + strings.TrimSuffix(strings.ToLower(r.Host), port) + r.URL.EscapedPath()
}

// escape encodes all but unreserved characters (RFC 5849, 3.6).
func escape(text string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(text))
}
