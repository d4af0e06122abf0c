package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verifierForm is the form of a code verifier (RFC 7636, 4.1).
var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// token answers the token endpoint.
func (c *call) token() reply {
	form, problem := c.form()
	if problem != "" {
		return c.count("", refuse(http.StatusBadRequest, invalidRequest, problem))
	}
	grant := form.Get("grant_type")
	return c.count(grant, c.grant(grant, form))
}

// grant decides a token request.
func (c *call) grant(grant string, form url.Values) reply {
	decide := map[string]func(*Client, url.Values) reply{
		AuthorizationCode: c.byCode, RefreshToken: c.byRefresh, ClientCredentials: c.forItself,
	}[grant]
	switch {
	case grant == "":
		return refuse(http.StatusBadRequest, invalidRequest, "grant_type is missing")
	case grant == JWTBearer:
		return c.byBearer(form)
	case decide == nil:
		return refuse(http.StatusBadRequest, unsupportedGrant, "the grant type is not supported")
	}
	client, refusal := c.authenticate(form)
	if client == nil {
		return refusal
	}
	if !client.allows(grant) {
		return refuse(http.StatusBadRequest, unauthorizedClient, "the client may not use this grant type")
	}
	return decide(client, form)
}

// byCode exchanges a code. A client that fails at its own code has spent it.
func (c *call) byCode(client *Client, form url.Values) reply {
	code := c.ledger.codes[form.Get("code")]
	if code == nil || code.client != client.ID {
		return badGrant("the code is unknown")
	}
	if code.spent {
		c.ledger.revoke(code.family, "code replay")
		return badGrant("the code was used before")
	}
	code.spent = true
	switch {
	case !c.now.Before(code.expires):
		return badGrant("the code has expired")
	case form.Get("redirect_uri") != code.redirect:
		return badGrant("redirect_uri is not that of the authorization request")
	case c.config.PKCE == PKCEOff:
	case !proves(form.Get("code_verifier"), code.challenge):
		return badGrant("code_verifier does not fit the code_challenge")
	}
	return c.give(code.family, code.family.scope, c.giveRefresh(code.family, client))
}

// proves reports whether the verifier is the one behind the challenge. Without a challenge there must be none,
// or an attacker could make a client believe that it is protected.
func proves(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	hash := sha256.Sum256([]byte(verifier))
	return verifierForm.MatchString(verifier) && base64.RawURLEncoding.EncodeToString(hash[:]) == challenge
}

// byRefresh exchanges a refresh token.
func (c *call) byRefresh(client *Client, form url.Values) reply {
	old := form.Get("refresh_token")
	t := c.ledger.refresh[old]
	switch {
	case t == nil || t.family.client != client.ID:
		return badGrant("the refresh token is unknown")
	case t.family.revoked:
		return badGrant("the refresh token was revoked")
	case !c.now.Before(t.expires):
		return badGrant("the refresh token has expired")
	case !t.replaced.IsZero() && c.now.Sub(t.replaced) >= c.config.Grace:
		c.ledger.revoke(t.family, "refresh token reuse")
		return badGrant("the refresh token was used before")
	}
	scope := form.Get("scope")
	if scope == "" {
		scope = t.family.scope
	} else if !within(scope, strings.Split(t.family.scope, " ")) {
		return refuse(http.StatusBadRequest, invalidScope, "the scope is more than was approved")
	}
	return c.give(t.family, scope, c.renew(client, t, old))
}

// renew returns the refresh token that the client has from now on, or "" if it is not told again.
func (c *call) renew(client *Client, t *refreshToken, old string) string {
	switch c.rotation(client) {
	case Keep:
		return old
	case Omit, Never:
		return ""
	}
	if t.replaced.IsZero() {
		t.replaced = c.now
	}
	return c.giveRefresh(t.family, client)
}

// forItself gives the client a token of its own.
func (c *call) forItself(client *Client, form url.Values) reply {
	if len(client.auth()) == 1 && client.auth()[0] == None {
		return refuse(http.StatusBadRequest, unauthorizedClient, "a client without a secret has no token of its own")
	}
	asked := form.Get("scope")
	if t, err := parse(form.Get("client_assertion")); asked == "" && err == nil {
		asked = t.claims.scope() // it is verified, or there would be no client
	}
	scope, ok := client.scope(asked)
	if !ok {
		return refuse(http.StatusBadRequest, invalidScope, "the client may not ask for this scope")
	}
	return c.give(c.ledger.open(client.ID, client.ID, scope), scope, "")
}

// byBearer exchanges an assertion about a subject (RFC 7523, 2.1), which its signature authenticates.
func (c *call) byBearer(form url.Values) reply {
	t, err := parse(form.Get("assertion"))
	if err != nil {
		return badGrant(err.Error())
	}
	client := c.clients[t.claims.Issuer]
	switch {
	case client == nil || client.Keys == nil:
		return badGrant("the assertion's iss is no client with a key")
	case !client.allows(JWTBearer):
		return refuse(http.StatusBadRequest, unauthorizedClient, "the client may not use this grant type")
	case t.claims.Subject == "":
		return badGrant("the assertion has no sub")
	}
	if err := c.verify(t, client); err != nil {
		return badGrant(err.Error())
	}
	asked := form.Get("scope")
	if asked == "" {
		asked = t.claims.scope()
	}
	scope, ok := client.scope(asked)
	if !ok {
		return refuse(http.StatusBadRequest, invalidScope, "the client may not ask for this scope")
	}
	return c.give(c.ledger.open(client.ID, t.claims.Subject, scope), scope, "")
}

// rotation is what becomes of the client's refresh tokens.
func (c *call) rotation(client *Client) Rotation {
	if client.Rotation != "" {
		return client.Rotation
	}
	return c.config.Rotation
}

// giveRefresh makes a refresh token, or "" for a client that gets none.
func (c *call) giveRefresh(f *family, client *Client) string {
	if c.rotation(client) == Never || !client.allows(RefreshToken) {
		return ""
	}
	life := c.config.RefreshLife
	if client.RefreshLife != 0 {
		life = client.RefreshLife
	}
	token := secret("refresh")
	c.ledger.refresh[token] = &refreshToken{family: f, expires: c.now.Add(life)}
	return token
}

// life is how long an access token of the family lives.
func (c *call) life(f *family) time.Duration {
	if f.subject == f.client {
		return c.config.MachineLife
	}
	return c.config.AccessLife
}

// giveAccess makes an access token.
func (c *call) giveAccess(f *family, scope string) string {
	expires := c.now.Add(c.life(f))
	token := c.sign(map[string]any{
		"iss": c.base, "sub": f.subject, "client_id": f.client, "scope": scope,
		"iat": c.now.Unix(), "exp": expires.Unix(), "jti": secret("token"),
	})
	c.ledger.access[token] = &accessToken{family: f, scope: scope, expires: expires}
	return token
}

// give answers tokens.
func (c *call) give(f *family, scope, refresh string) reply {
	answer := map[string]any{}
	maps.Copy(answer, c.config.Answer)
	answer["access_token"], answer["token_type"] = c.giveAccess(f, scope), c.config.TokenType
	seconds := int(c.life(f) / time.Second)
	switch c.config.ExpiresIn {
	case AsNumber:
		answer["expires_in"] = seconds
	case AsString:
		answer["expires_in"] = strconv.Itoa(seconds)
	}
	if scope != "" {
		answer["scope"] = scope
	}
	if refresh != "" {
		answer["refresh_token"] = refresh
	}
	return reply{status: http.StatusOK, body: answer}.with("Pragma", "no-cache")
}

func badGrant(description string) reply {
	return refuse(http.StatusBadRequest, invalidGrant, description)
}
