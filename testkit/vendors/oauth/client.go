package oauth

import (
	"crypto/subtle"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// assertionType is the client_assertion_type of private_key_jwt.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// form reads the body, which must be a form without repeated parameters. A problem is what is wrong with it.
func (c *call) form() (form url.Values, problem string) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, "the body must be application/x-www-form-urlencoded"
	}
	if c.r.URL.RawQuery != "" {
		return nil, "parameters belong in the body"
	}
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return nil, "the body did not arrive"
	}
	if form, err = url.ParseQuery(string(body)); err != nil {
		return nil, "the body is not a form"
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, "the parameter " + name + " is given twice"
		}
	}
	return form, ""
}

// presented is how a client has authenticated, before it is judged.
type presented struct{ method, id, secret, assertion string }

// authenticate finds the client that the request comes from. A nil client comes with the refusal.
func (c *call) authenticate(form url.Values) (*Client, reply) {
	p, problem := present(c.r, form)
	if problem != "" {
		return nil, refuse(http.StatusBadRequest, invalidRequest, problem)
	}
	if p.method == PrivateKeyJWT {
		return c.byAssertion(p)
	}
	client := c.clients[p.id]
	if client == nil || !slices.Contains(client.auth(), p.method) || subtle.ConstantTimeCompare([]byte(p.secret), []byte(client.Secret)) == 0 && p.method != None {
		return nil, c.badClient("the client is unknown or did not authenticate as it is registered")
	}
	return client, reply{}
}

// present tells which way of authentication the request uses. A problem is more than one way, or none.
func present(r *http.Request, form url.Values) (p presented, problem string) {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	ways := 0
	for _, used := range []bool{scheme != "", form.Has("client_secret"), form.Has("client_assertion")} {
		if used {
			ways++
		}
	}
	p = presented{method: None, id: form.Get("client_id"), secret: form.Get("client_secret"), assertion: form.Get("client_assertion")}
	switch {
	case ways > 1:
		return p, "the client authenticates in more than one way"
	case scheme != "":
		return basic(r, p.id)
	case form.Has("client_secret"):
		p.method = Post
	case form.Has("client_assertion"):
		p.method = PrivateKeyJWT
		if form.Get("client_assertion_type") != assertionType {
			return p, "client_assertion_type must be " + assertionType
		}
	case p.id == "":
		return p, "there is no client_id"
	}
	return p, ""
}

// basic reads the Authorization header. Id and secret in it are form-encoded.
func basic(r *http.Request, named string) (p presented, problem string) {
	user, password, ok := r.BasicAuth()
	id, err1 := url.QueryUnescape(user)
	password, err2 := url.QueryUnescape(password)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return p, "the Authorization header is malformed"
	case named != "" && named != id:
		return p, "the Authorization header and client_id name different clients"
	}
	return presented{method: Basic, id: id, secret: password}, ""
}

// byAssertion finds the client by the assertion it has signed (RFC 7523, 2.2).
func (c *call) byAssertion(p presented) (*Client, reply) {
	t, err := parse(p.assertion)
	if err != nil {
		return nil, c.badClient(err.Error())
	}
	client := c.clients[t.claims.Issuer]
	switch {
	case client == nil || !slices.Contains(client.auth(), PrivateKeyJWT):
		return nil, c.badClient("the assertion's iss is no client that authenticates with assertions")
	case p.id != "" && p.id != client.ID:
		return nil, c.badClient("client_id is not the assertion's iss")
	case t.claims.Subject != client.ID && (t.claims.Subject != "" || !c.config.BareAssertions):
		return nil, c.badClient("the assertion's sub must be the client")
	case t.claims.ID == "" && !c.config.BareAssertions:
		return nil, c.badClient("the assertion has no jti")
	}
	if err := c.verify(t, client); err != nil {
		return nil, c.badClient(err.Error())
	}
	return client, reply{}
}

// badClient answers invalid_client.
func (c *call) badClient(description string) reply {
	return refuse(http.StatusUnauthorized, invalidClient, description).with("WWW-Authenticate", `Basic realm="`+c.realm+`"`)
}
