package auth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"patchbay/abi"
)

// Obtain asks for a first token with what was typed: client credentials, a signed assertion, an exchange. It proves that
// the values work, and stores nothing. feeds are values for connection fields. A clear no of the vendor's matches
// [ErrReconnect].
func (a *Auth) Obtain(ctx context.Context, acct Account) (tokens Tokens, feeds map[string]string, err error) {
	if !renewable(acct.Method) {
		return Tokens{}, nil, abi.Faultf(abi.Internal, "an auth method of type %s does not obtain tokens by itself", acct.Method.Type)
	}
	r, ans, err := a.obtain(ctx, acct)
	if err != nil {
		return Tokens{}, nil, acct.final(err)
	}
	feeds, err = acct.feeds(ans.body, nil)
	return Tokens{r: r, asked: acct.Method.Scopes}, feeds, err
}

// final turns a vendor's no to a person who is connecting into the error that callers see.
func (acct Account) final(err error) error {
	if no, ok := err.(*refused); ok {
		return terminal{abi.Faultf(abi.Unauthorized, "connection %s: %s", acct.Connection, no.reason)}
	}
	return err
}

// obtain gets a set of tokens without a refresh token.
func (a *Auth) obtain(ctx context.Context, acct Account) (record, answer, error) {
	began := a.cfg.Now()
	if acct.Method.Type == "exchange" {
		r, err := a.exchange(ctx, acct)
		return r.since(began), answer{}, err
	}
	endpoint, err := acct.url("token_url", acct.Method.TokenURL)
	if err != nil {
		return record{}, answer{}, err
	}
	form := url.Values{}
	if len(acct.Method.Scopes) > 0 {
		form.Set("scope", strings.Join(acct.Method.Scopes, " "))
	}
	sign, err := a.grant(acct, endpoint, form)
	if err != nil {
		return record{}, answer{}, err
	}
	ans, err := a.ask(ctx, acct, endpoint, form, sign)
	if err != nil {
		return record{}, answer{}, err
	}
	ans.refresh = "" // RFC 6749 section 4.4.3: there should be none, and there is no need of it
	return acct.record(ans, began), ans, nil
}

// grant fills in the form of client_credentials or jwt_bearer.
func (a *Auth) grant(acct Account, endpoint string, form url.Values) (sign func(*http.Request) error, err error) {
	m := acct.Method
	if m.Grant == "jwt_bearer" {
		form.Set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
		assertion, err := a.assertion(acct, endpoint)
		form.Set("assertion", assertion)
		return nil, err
	}
	form.Set("grant_type", "client_credentials")
	if m.Audience != "" && m.ClientAuth != "private_key_jwt" {
		audience, err := acct.text("audience", m.Audience, acct.Fields)
		if err != nil {
			return nil, err
		}
		form.Set("audience", audience)
	}
	return a.client(acct, endpoint, form)
}

// client adds the proof of the client to a request to the token endpoint or its neighbours.
func (a *Auth) client(acct Account, endpoint string, form url.Values) (sign func(*http.Request) error, err error) {
	id, secret := acct.Fields["client_id"], acct.Fields["client_secret"]
	switch acct.Method.ClientAuth {
	case "none":
		form.Set("client_id", id)
	case "post":
		form.Set("client_id", id)
		form.Set("client_secret", secret)
	case "private_key_jwt":
		assertion, err := a.assertion(acct, endpoint)
		if err != nil {
			return nil, err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	default: // RFC 6749 section 2.3.1: both are encoded as in a form first
		header := basic(url.QueryEscape(id), url.QueryEscape(secret))
		return func(r *http.Request) error { r.Header.Set("Authorization", header); return nil }, nil
	}
	return nil, nil
}

// record makes a set of tokens of an answer.
func (acct Account) record(ans answer, began time.Time) record {
	r := record{Access: ans.access, Refresh: ans.refresh, Scope: ans.scope}
	if r.Scope == "" { // RFC 6749 section 5.1: the same as was asked for
		r.Scope = strings.Join(acct.Method.Scopes, " ")
	}
	if ans.life > 0 {
		r.Expires = began.Add(ans.life)
	}
	return r.since(began)
}

// since gives a new set its identity and its beginning: the time before the request, so that it never lives too long.
func (r record) since(began time.Time) record {
	r.Set, r.Obtained = newSet(), began
	return r
}

// credential makes the credential that a set of tokens is.
func (acct Account) credential(r record) (*Credential, error) {
	c, err := acct.newCredential()
	if err != nil {
		return nil, err
	}
	c.Expires, c.set, c.unproven = r.Expires, r.Set, r.Previous != ""
	c.Secrets = append(c.Secrets, r.secrets()...)
	if secret := acct.Fields["client_secret"]; secret != "" {
		_, encoded, _ := strings.Cut(basic(url.QueryEscape(acct.Fields["client_id"]), url.QueryEscape(secret)), " ")
		c.Secrets = append(c.Secrets, encoded)
	}
	if acct.Method.Headers == nil {
		return c.header("Authorization", "Bearer "+r.Access), nil
	}
	fields := map[string]string{}
	for _, m := range []map[string]string{acct.Fields, r.Values} {
		for name, v := range m {
			fields[name] = v
		}
	}
	return c, c.headers(acct, fields)
}
