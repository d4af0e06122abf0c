package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"patchbay/abi"
)

const flowLife = 10 * time.Minute

// Flow is one consent that a person is asked for. It lives ten minutes and works once.
type Flow struct {
	// URL is what the person opens.
	URL string
	// State names the flow in the callback.
	State string

	auth      *Auth
	acct      Account
	redirect  string
	authorize string // the endpoint
	verifier  string // of PKCE; empty without
	ends      time.Time

	mu   sync.Mutex
	used bool // guarded by mu
}

// Format shows no value.
func (f *Flow) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "flow") }

// Begin makes the URL at which the owner of an account consents. redirect is where the vendor sends the person back to,
// exactly as it is registered there: https, or http to this computer.
func (a *Auth) Begin(acct Account, redirect string) (*Flow, error) {
	m := acct.Method
	if m.Type != "oauth2" || m.Grant != "authorization_code" {
		return nil, abi.Faultf(abi.Internal, "the auth method %s has no consent to ask for", m.ID)
	}
	if !goodRedirect(redirect) {
		return nil, abi.Faultf(abi.InvalidInput, "the redirect URL must be https, or http to this computer (127.0.0.1, [::1], localhost), without a query or fragment")
	}
	endpoint, err := acct.url("authorize_url", m.AuthorizeURL)
	if err != nil {
		return nil, err
	}
	f := &Flow{auth: a, acct: acct, redirect: redirect, authorize: endpoint, State: newSecret(), ends: a.cfg.Now().Add(flowLife)}
	query, err := f.question()
	if err != nil {
		return nil, err
	}
	// RFC 3986 encoding: some vendors read a plus sign as it stands.
	f.URL = endpoint + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	return f, nil
}

// question is the query of the authorize URL (RFC 6749 section 4.1.1).
func (f *Flow) question() (url.Values, error) {
	m, query := f.acct.Method, url.Values{}
	for name, v := range m.Params {
		query.Set(name, v)
	}
	if m.Audience != "" {
		audience, err := f.acct.text("audience", m.Audience, f.acct.Fields)
		if err != nil {
			return nil, err
		}
		query.Set("audience", audience)
	}
	query.Set("response_type", "code")
	query.Set("client_id", f.acct.Fields["client_id"])
	query.Set("redirect_uri", f.redirect)
	query.Set("state", f.State)
	if len(m.Scopes) > 0 {
		query.Set("scope", strings.Join(m.Scopes, " "))
	}
	if m.PKCE == nil || *m.PKCE {
		f.verifier = newSecret()
		sum := sha256.Sum256([]byte(f.verifier))
		query.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		query.Set("code_challenge_method", "S256")
	}
	return query, nil
}

// newSecret returns 256 random bits as 43 characters, enough for a state and a code verifier (RFC 7636 section 4.1).
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func goodRedirect(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// Finish takes the callback, as its whole URL or the query alone, and gets the tokens. feeds are values for connection
// fields. A callback of another flow is refused and leaves this one as it is.
func (f *Flow) Finish(ctx context.Context, callback string) (tokens Tokens, feeds map[string]string, err error) {
	query, err := f.parse(callback)
	if err != nil {
		return Tokens{}, nil, err
	}
	if err := f.take(); err != nil {
		return Tokens{}, nil, err
	}
	// What the callback feeds may be in the token URL, so it comes first.
	feeds, err = f.acct.feeds(nil, query)
	if err != nil {
		return Tokens{}, nil, err
	}
	acct := f.acct
	acct.Fields = map[string]string{}
	maps.Copy(acct.Fields, f.acct.Fields)
	maps.Copy(acct.Fields, feeds)
	if err := f.trust(query, acct); err != nil {
		return Tokens{}, nil, err
	}
	r, body, err := f.redeem(ctx, acct, query.Get("code"))
	if err != nil {
		return Tokens{}, nil, err
	}
	more, err := acct.feeds(body, query)
	return Tokens{r: r, asked: acct.Method.Scopes}, more, err
}

// take uses the flow up.
func (f *Flow) take() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.used:
		return abi.Faultf(abi.Unauthorized, "this consent was used already: begin again")
	case f.auth.cfg.Now().After(f.ends):
		return abi.Faultf(abi.Unauthorized, "this consent is older than %s: begin again", flowLife)
	}
	f.used = true
	return nil
}

// parse reads a callback that belongs to the flow.
func (f *Flow) parse(callback string) (url.Values, error) {
	query, err := parseCallback(callback, f.redirect)
	if err != nil {
		return nil, abi.Faultf(abi.InvalidInput, "the callback %v", err)
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(f.State)) != 1 {
		return nil, abi.Faultf(abi.Unauthorized, "the callback does not belong to this consent (state): begin again")
	}
	return query, nil
}

// trust checks who answered (RFC 9207), and that the answer is a code.
func (f *Flow) trust(query url.Values, acct Account) error {
	ok, err := f.issued(query, acct)
	switch {
	case err != nil:
		return err
	case !ok:
		return abi.Faultf(abi.Unauthorized, "the callback comes from another authorization server (iss): begin again, and report it if it happens twice")
	case query.Has("error"):
		return declined(query.Get("error"))
	case query.Get("code") == "":
		return abi.Faultf(abi.Unauthorized, "the callback holds neither a code nor an error: begin again")
	}
	return nil
}

func (f *Flow) issued(query url.Values, acct Account) (bool, error) {
	iss := query.Get("iss")
	if acct.Method.Issuer != "" {
		want, err := acct.url("issuer", acct.Method.Issuer)
		return iss == want, err
	}
	token, err := acct.url("token_url", acct.Method.TokenURL)
	if err != nil || !query.Has("iss") {
		return err == nil, err
	}
	from := origin(iss)
	return from == origin(f.authorize) || from == origin(token), nil
}

func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

func declined(code string) error {
	switch {
	case code == "access_denied":
		return abi.Faultf(abi.Unauthorized, "consent was declined (access_denied)")
	case verdicts[code] == "later":
		return abi.Faultf(abi.Unavailable, "the vendor asks to come back later (%s)", code)
	case verdicts[code] != "":
		return abi.Faultf(abi.Unauthorized, "the vendor refused to ask for consent (%s): check client id, redirect URL and scopes at the vendor", code)
	}
	return abi.Faultf(abi.Unauthorized, "the vendor refused to ask for consent, without a reason that is known")
}

// redeem turns the code into tokens (RFC 6749 section 4.1.3).
func (f *Flow) redeem(ctx context.Context, acct Account, code string) (record, any, error) {
	endpoint, err := acct.url("token_url", acct.Method.TokenURL)
	if err != nil {
		return record{}, nil, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {f.redirect}}
	if f.verifier != "" {
		form.Set("code_verifier", f.verifier)
	}
	sign, err := f.auth.client(acct, endpoint, form)
	if err != nil {
		return record{}, nil, err
	}
	began := f.auth.cfg.Now()
	ans, err := f.auth.ask(ctx, acct, endpoint, form, sign)
	if err != nil {
		return record{}, nil, acct.final(err)
	}
	return acct.record(ans, began), ans.body, nil
}
