package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"patchbay/abi"
)

// oauth1 signs requests by RFC 5849 with HMAC-SHA256.
func (a *Auth) oauth1(c *Credential, acct Account) error {
	realm, err := acct.text("realm", acct.Method.Realm, acct.Fields)
	if err != nil {
		return err
	}
	f := acct.Fields
	s := signer{
		consumerKey: f["consumer_key"], consumerSecret: f["consumer_secret"],
		tokenID: f["token_id"], tokenSecret: f["token_secret"], realm: realm,
	}
	c.Owned = append(c.Owned, "Authorization")
	c.authorize = func(r *http.Request) error {
		header, err := s.sign(r, newNonce(), a.clock.next(a.cfg.Now()))
		if err != nil {
			return abi.Faultf(abi.InvalidInput, "sign the request: %v", err)
		}
		r.Header.Set("Authorization", header)
		return nil
	}
	return nil
}

// clock gives seconds that never go back, whatever the computer's clock does: vendors refuse a timestamp that is older
// than one they have seen.
type clock struct {
	mu   sync.Mutex
	last int64 // guarded by mu
}

func (c *clock) next(now time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, now.Unix())
	return c.last
}

func newNonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// signer makes Authorization headers (RFC 5849 section 3.5.1).
type signer struct{ consumerKey, consumerSecret, tokenID, tokenSecret, realm string }

func (s signer) sign(r *http.Request, nonce string, timestamp int64) (string, error) {
	params := []pair{
		{"oauth_consumer_key", s.consumerKey}, {"oauth_token", s.tokenID}, {"oauth_signature_method", "HMAC-SHA256"},
		{"oauth_timestamp", strconv.FormatInt(timestamp, 10)}, {"oauth_nonce", nonce}, {"oauth_version", "1.0"},
	}
	base, err := baseString(r, params)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte(percent(s.consumerSecret)+"&"+percent(s.tokenSecret)))
	mac.Write([]byte(base))
	params = append(params, pair{"oauth_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))})
	var b strings.Builder
	b.WriteString("OAuth ")
	if s.realm != "" {
		fmt.Fprintf(&b, `realm="%s", `, quoted.Replace(s.realm))
	}
	for i, p := range params {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `%s="%s"`, p.name, percent(p.value))
	}
	return b.String(), nil
}

// quoted escapes what would end a quoted string of a header.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

type pair struct{ name, value string }

// baseString is what is signed (RFC 5849 section 3.4.1): method, URL without its query, and all parameters in order.
func baseString(r *http.Request, oauth []pair) (string, error) {
	params := slices.Clone(oauth)
	query, err := parameters(r.URL.RawQuery)
	if err != nil {
		return "", fmt.Errorf("the query %w", err)
	}
	form, err := formParameters(r)
	if err != nil {
		return "", err
	}
	params = append(append(params, query...), form...)
	encoded := make([]pair, len(params))
	for i, p := range params {
		encoded[i] = pair{percent(p.name), percent(p.value)}
	}
	slices.SortFunc(encoded, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	joined := make([]string, len(encoded))
	for i, p := range encoded {
		joined[i] = p.name + "=" + p.value
	}
	return strings.ToUpper(r.Method) + "&" + percent(baseURL(r)) + "&" + percent(strings.Join(joined, "&")), nil
}

// baseURL is the URL in the form of RFC 5849 section 3.4.1.2: lower case, without a default port, the path as it is sent.
func baseURL(r *http.Request) string {
	scheme, host := strings.ToLower(r.URL.Scheme), strings.ToLower(r.URL.Host)
	if r.Host != "" {
		host = strings.ToLower(r.Host)
	}
	if port := map[string]string{"https": ":443", "http": ":80"}[scheme]; port != "" {
		host = strings.TrimSuffix(host, port)
	}
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path
}

// parameters reads a query or form (RFC 5849 section 3.4.1.3.1). A semicolon is a character like others.
func parameters(text string) (list []pair, err error) {
	for _, item := range strings.Split(text, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		p := pair{}
		if p.name, err = url.QueryUnescape(name); err == nil {
			p.value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, errors.New("has a percent sign without two hexadecimal digits")
		}
		list = append(list, p)
	}
	return list, nil
}

// formParameters returns the parameters of a form body, and leaves the body as it was.
func formParameters(r *http.Request) ([]pair, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, errors.New("the form does not read to its end")
	}
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	list, err := parameters(string(body))
	if err != nil {
		return nil, fmt.Errorf("the form %w", err)
	}
	return list, nil
}

// percent encodes as RFC 5849 section 3.6 wants it: all but RFC 3986's unreserved characters.
func percent(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
	}
	return b.String()
}
