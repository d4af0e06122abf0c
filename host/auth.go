package host

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"patchbay/abi"
	"patchbay/manifest"
)

// credential is what a connection's secrets do to a request, and what of it must never be seen by a guest.
type credential struct {
	authorize func(*http.Request) error
	owned     []string // header names and query parameters that the method sets
	secrets   []string
}

// authMethod returns the method with that id, or the manifest's first one for an empty id.
func authMethod(m *manifest.Manifest, id string) (manifest.AuthMethod, error) {
	if len(m.Auth) == 0 {
		return manifest.AuthMethod{Type: "none"}, nil
	}
	if id == "" {
		return m.Auth[0], nil
	}
	var ids []string
	for _, a := range m.Auth {
		if a.ID == id {
			return a, nil
		}
		ids = append(ids, a.ID)
	}
	return manifest.AuthMethod{}, notFound("auth method", id, "is not offered by "+m.Ref()+": it has "+strings.Join(ids, ", "))
}

// newCredential prepares a connection's credential. fields holds its values, secret ones included.
func newCredential(a manifest.AuthMethod, fields, secrets map[string]string) (credential, error) {
	var c credential
	for _, s := range secrets {
		c.secrets = append(c.secrets, s)
	}
	switch a.Type {
	case "none":
		return c, nil
	case "bearer":
		return c.header("Authorization", "Bearer "+fields["token"]), nil
	case "basic":
		return c.basic(fields["username"], fields["password"]), nil
	case "api_key":
		if a.In == "query" {
			return c.query(a.Key, a.Prefix+fields["key"]), nil
		}
		return c.header(a.Key, a.Prefix+fields["key"]), nil
	case "headers":
		return c.headers(a.Headers, fields)
	}
	return c, abi.Faultf(abi.Unauthorized, "this host does not perform auth method %q (type %s) yet: reconnect with another method of the connector", a.ID, a.Type)
}

func (c credential) header(name, value string) credential {
	name = textproto.CanonicalMIMEHeaderKey(name)
	c.owned = append(c.owned, name)
	c.secrets = append(c.secrets, value)
	c.authorize = func(r *http.Request) error {
		r.Header.Set(name, value)
		return nil
	}
	return c
}

func (c credential) query(name, value string) credential {
	c.owned = append(c.owned, name)
	c.authorize = func(r *http.Request) error {
		q := r.URL.Query()
		q.Set(name, value)
		r.URL.RawQuery = q.Encode()
		return nil
	}
	return c
}

func (c credential) basic(user, password string) credential {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return c.header("Authorization", r.Header.Get("Authorization"))
}

func (c credential) headers(templates, fields map[string]string) (credential, error) {
	values := map[string]string{}
	for _, name := range sortedKeys(templates) {
		v, err := manifest.Expand(templates[name], fields, manifest.EscapeNone)
		if err != nil {
			return c, fmt.Errorf("auth header %s: %w", name, err)
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		values[canonical] = v
		c.owned = append(c.owned, canonical)
		c.secrets = append(c.secrets, v)
	}
	c.authorize = func(r *http.Request) error {
		for name, v := range values {
			r.Header.Set(name, v)
		}
		return nil
	}
	return c, nil
}
