package oauth

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// keyID names the key that access tokens are signed with.
const keyID = "access-1"

// metadata answers the server's description (RFC 8414).
func (c *call) metadata() reply {
	paths := c.paths
	about := map[string]any{
		"issuer":                                c.base,
		"authorization_endpoint":                c.base + paths.Authorize,
		"token_endpoint":                        c.base + paths.Token,
		"revocation_endpoint":                   c.base + paths.Revoke,
		"jwks_uri":                              c.base + paths.Keys,
		"response_types_supported":              []string{"code"},
		"grant_types_supported":                 []string{AuthorizationCode, RefreshToken, ClientCredentials, JWTBearer},
		"token_endpoint_auth_methods_supported": []string{Basic, Post, None, PrivateKeyJWT},
		"token_endpoint_auth_signing_alg_values_supported": c.config.Algorithms,
		"authorization_response_iss_parameter_supported":   !c.config.NoIssuer,
	}
	if c.config.PKCE != PKCEOff {
		about["code_challenge_methods_supported"] = []string{"S256"}
	}
	return reply{status: http.StatusOK, body: about}
}

// keys answers the public key of access tokens (RFC 7517).
func (c *call) keys() reply {
	// The key is on P-256, so its bytes are 4, x and y.
	point, _ := c.key.PublicKey.Bytes()
	return reply{status: http.StatusOK, body: map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keyID,
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}}}}
}

// resource answers whom the bearer token stands for.
func (c *call) resource() reply {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	switch {
	case c.r.URL.Query().Has("access_token"):
		return c.challenge(http.StatusBadRequest, invalidRequest, "a token does not belong in the URL")
	case !strings.EqualFold(scheme, "Bearer"):
		return reply{status: http.StatusUnauthorized}.with("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q", c.realm))
	case token == "" || strings.ContainsAny(token, ` ,"`):
		return c.challenge(http.StatusBadRequest, invalidRequest, "the Authorization header is malformed")
	}
	who, ok := c.lookup(token)
	if !ok {
		return c.challenge(http.StatusUnauthorized, "invalid_token", "the token is unknown, revoked or expired")
	}
	return reply{status: http.StatusOK, body: map[string]string{"client": who.Client, "subject": who.Subject, "scope": who.Scope}}
}

// challenge answers an error in the form of RFC 6750, 3.
func (c *call) challenge(status int, code, description string) reply {
	return refuse(status, code, description).with("WWW-Authenticate",
		fmt.Sprintf("Bearer realm=%q, error=%q, error_description=%q", c.realm, code, description))
}

// revocation answers the revocation endpoint (RFC 7009).
func (c *call) revocation() reply { return c.count("revocation", c.revoke()) }

func (c *call) revoke() reply {
	form, problem := c.form()
	if problem != "" {
		return refuse(http.StatusBadRequest, invalidRequest, problem)
	}
	client, refusal := c.authenticate(form)
	if client == nil {
		return refusal
	}
	token := form.Get("token")
	f := c.ledger.familyOf(token)
	switch {
	case token == "":
		return refuse(http.StatusBadRequest, invalidRequest, "token is missing")
	case f == nil: // it is as good as revoked
	case f.client != client.ID:
		return refuse(http.StatusBadRequest, unauthorizedClient, "the token is another client's")
	case c.ledger.access[token] != nil:
		c.ledger.access[token].revoked = true
	default:
		c.ledger.revoke(f, "revocation request")
	}
	return reply{status: http.StatusOK}
}
