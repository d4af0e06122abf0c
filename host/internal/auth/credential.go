package auth

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// Credential is what a connection puts on its requests. It is not changed once it is made.
type Credential struct {
	// Owned lists the header names, in canonical form, and query parameters that the credential sets.
	Owned []string
	// Secrets lists every value that must not reach a guest, a log or an error.
	Secrets []string
	// Certificate is the client certificate of the connections, or nil.
	Certificate *tls.Certificate
	// Expires is when the token ends. Zero: it has no known end.
	Expires time.Time

	authorize func(*http.Request) error
	set       string // identity of the set of tokens
	unproven  bool   // a previous refresh token is still kept
}

// Authorize puts the credential on a request. It is called for every send, since some sign the time.
func (c *Credential) Authorize(r *http.Request) error {
	if c.authorize == nil {
		return nil
	}
	return c.authorize(r)
}

// Format shows no value.
func (c *Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "credential") }

// newCredential begins a credential with the secrets that were typed and the certificate.
func (acct Account) newCredential() (*Credential, error) {
	cert, err := acct.Certificate()
	if err != nil {
		return nil, err
	}
	return &Credential{Certificate: cert, Secrets: acct.secrets()}, nil
}

// secrets lists the values of secret fields.
func (acct Account) secrets() (list []string) {
	for _, f := range slices.Concat(acct.Declared, acct.Method.AllFields()) {
		if v := acct.Fields[f.Name]; f.Secret && v != "" {
			list = append(list, v)
		}
	}
	return list
}

// Certificate returns the account's client certificate, or nil if its method has none.
func (acct Account) Certificate() (*tls.Certificate, error) {
	if !acct.Method.ClientCertificate {
		return nil, nil
	}
	cert, err := tls.X509KeyPair(pemText(acct.Fields["certificate"]), pemText(acct.Fields["certificate_key"]))
	if err != nil { // %v would be fine today; what it says tomorrow is not ours
		return nil, abi.Faultf(abi.Unauthorized, "connection %s: certificate and certificate_key are not a PEM certificate with its key", acct.Connection)
	}
	return &cert, nil
}

// static makes the credential of methods whose values were typed. ok is false for the others.
func (a *Auth) static(acct Account) (c *Credential, ok bool, err error) {
	c, err = acct.newCredential()
	if err != nil {
		return nil, true, err
	}
	m, fields := acct.Method, acct.Fields
	switch m.Type {
	case "none":
		return c, true, nil
	case "bearer":
		return c.header("Authorization", "Bearer "+fields["token"]), true, nil
	case "basic":
		return c.header("Authorization", basic(fields["username"], fields["password"])), true, nil
	case "api_key":
		if m.In == "query" {
			return c.query(m.Key, fields["key"]), true, nil
		}
		return c.header(m.Key, m.Prefix+fields["key"]), true, nil
	case "headers":
		return c, true, c.headers(acct, fields)
	case "oauth1":
		return c, true, a.oauth1(c, acct)
	}
	return c, false, nil
}

func (c *Credential) header(name, value string) *Credential {
	c.carry(map[string]string{textproto.CanonicalMIMEHeaderKey(name): value})
	return c
}

// headers puts the method's header templates on requests.
func (c *Credential) headers(acct Account, fields map[string]string) error {
	values := map[string]string{}
	for name, template := range acct.Method.Headers {
		v, err := acct.text("auth header "+name, template, fields)
		if err != nil {
			return err
		}
		values[textproto.CanonicalMIMEHeaderKey(name)] = v
	}
	c.carry(values)
	return nil
}

func (c *Credential) carry(headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		c.Owned = append(c.Owned, name)
		c.Secrets = append(c.Secrets, headers[name])
	}
	c.authorize = func(r *http.Request) error {
		for name, v := range headers {
			r.Header.Set(name, v)
		}
		return nil
	}
}

func (c *Credential) query(name, value string) *Credential {
	c.Owned = append(c.Owned, name)
	c.Secrets = append(c.Secrets, value)
	c.authorize = func(r *http.Request) error {
		q := r.URL.Query()
		q.Set(name, value)
		r.URL.RawQuery = q.Encode()
		return nil
	}
	return c
}

// basic returns the header of RFC 7617.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// renewable reports whether a token of the method can be had without a person.
func renewable(m manifest.AuthMethod) bool {
	return m.Type == "exchange" || m.Type == "oauth2" && m.Grant != "authorization_code"
}
