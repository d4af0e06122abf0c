package oauth

import (
	"cmp"
	"crypto"
	"slices"
	"time"

	"patchbay/testkit/vendors/simulated"
)

// The clients of the defaults. Their secret is made up and opens nothing else.
const (
	// ClientID is a client that authenticates with ClientSecret.
	ClientID = "oat-confidential"
	// ClientSecret has characters that must be encoded in an Authorization header.
	ClientSecret = "oat+secret/9d: 41%"
	// PublicID is a client without a secret.
	PublicID = "oat-public"
	// LoopbackRedirect is the redirect URI of both, on any port.
	LoopbackRedirect = "http://127.0.0.1/callback"
)

// Grant types, as grant_type spells them.
const (
	AuthorizationCode = "authorization_code"
	RefreshToken      = "refresh_token"
	ClientCredentials = "client_credentials"
	JWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// Ways of client authentication at the token endpoint, as metadata spells them.
const (
	Basic         = "client_secret_basic"
	Post          = "client_secret_post"
	None          = "none"
	PrivateKeyJWT = "private_key_jwt"
)

// Client is an application that is registered.
type Client struct {
	ID, Secret string
	// Redirects are its redirect URIs, compared byte for byte.
	Redirects []string
	// LoopbackPort lets a redirect URI on a loopback address have any port (RFC 8252, 7.3).
	LoopbackPort bool
	// Auth are the ways in which it may authenticate. Defaults to Basic and Post with a secret, to PrivateKeyJWT
	// with keys, to None with neither.
	Auth []string
	// Grants are the grant types it may use. Defaults to all.
	Grants []string
	// Scopes are those it may ask for. Defaults to any. It gets all of them when it asks for none.
	Scopes []string
	// Keys verify its assertions, by key id. The key id "" is for assertions that name none.
	Keys map[string]crypto.PublicKey
	// Rotation and RefreshLife replace those of Config unless they are zero.
	Rotation    Rotation
	RefreshLife time.Duration
}

// auth are the ways in which the client may authenticate.
func (c *Client) auth() []string {
	switch {
	case c.Auth != nil:
		return c.Auth
	case c.Secret != "":
		return []string{Basic, Post}
	case c.Keys != nil:
		return []string{PrivateKeyJWT}
	}
	return []string{None}
}

// allows reports whether the client may use the grant type.
func (c *Client) allows(grant string) bool {
	return c.Grants == nil || slices.Contains(c.Grants, grant)
}

// PKCE says whether an authorization request needs a code challenge.
type PKCE string

const (
	PKCERequired PKCE = ""         // none is refused
	PKCEOptional PKCE = "optional" // verified when there is one
	PKCEOff      PKCE = "off"      // the server does not know it, and ignores challenge and verifier
)

// Rotation is what becomes of a refresh token that is used.
type Rotation string

const (
	Rotate Rotation = "rotate" // it is replaced by a new one; its reuse revokes the family
	Keep   Rotation = "keep"   // it stays, and is given again
	Omit   Rotation = "omit"   // it stays, and is not given again
	Never  Rotation = "never"  // there are no refresh tokens
)

// ExpiresIn is the form of expires_in.
type ExpiresIn string

const (
	AsNumber ExpiresIn = ""        // 3600
	AsString ExpiresIn = "string"  // "3600"
	Missing  ExpiresIn = "missing" // left out
)

// Paths are where the endpoints are. An empty one has its default, which the package comment names.
type Paths struct {
	Authorize, Token, Revoke, Keys, Resource, Metadata string
}

// Config describes a server. Its zero value is a strict server with two clients.
type Config struct {
	// Clients are the applications registered. Defaults to ClientID and PublicID.
	Clients []Client
	// Issuer is the server's name and what endpoints in its metadata begin with. Defaults to scheme and host
	// that the request names.
	Issuer string
	// Realm is the realm in challenges. Defaults to the issuer.
	Realm string
	// Paths are where the endpoints are.
	Paths Paths
	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time
	// Faults are rules in force from the start: see [simulated.Controls.Fail].
	Faults []simulated.Rule

	// User is who approves: the subject of the tokens. Defaults to "ada".
	User string
	// Consent shows a page that asks, instead of approving at once.
	Consent bool
	// Deny refuses every authorization with access_denied.
	Deny bool
	// MinState is the shortest state accepted, in bytes. Defaults to 0: state may be missing.
	MinState int
	// Callback are further parameters of the callback, such as realmId.
	Callback map[string]string
	// NoIssuer leaves iss out of the callback, and its promise out of the metadata.
	NoIssuer bool
	// FalseIssuer is what iss says instead of Issuer: a mix-up.
	FalseIssuer string

	// PKCE is required by default.
	PKCE PKCE
	// Rotation of refresh tokens. Defaults to Rotate.
	Rotation Rotation
	// Grace is for how long a refresh token that was replaced still works. Defaults to none.
	Grace time.Duration
	// AccessLife and RefreshLife are the lives of tokens. They default to one hour and 30 days.
	AccessLife, RefreshLife time.Duration
	// MachineLife is the life of access tokens without a user: of client credentials. Defaults to AccessLife.
	MachineLife time.Duration
	// ExpiresIn is the form in which the life is told.
	ExpiresIn ExpiresIn
	// TokenType is token_type, which clients compare without regard to case. Defaults to bearer.
	TokenType string
	// Answer are further members of token answers, such as instance_url.
	Answer map[string]any

	// Algorithms of assertions. Defaults to PS256, ES256 and RS256; their 384 and 512 can be listed.
	Algorithms []string
	// Audiences are those an assertion may name; "" is the address of the token endpoint, and the default.
	Audiences []string
	// BareAssertions lets assertions that authenticate a client be without sub and jti.
	BareAssertions bool
}

// withDefaults returns the config with its zero values filled in.
func (c Config) withDefaults() Config {
	if c.Clients == nil {
		redirects := []string{LoopbackRedirect}
		c.Clients = []Client{
			{ID: ClientID, Secret: ClientSecret, Redirects: redirects, LoopbackPort: true},
			{ID: PublicID, Redirects: redirects, LoopbackPort: true},
		}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Algorithms == nil {
		c.Algorithms = []string{"PS256", "ES256", "RS256"}
	}
	c.User = cmp.Or(c.User, "ada")
	if c.Audiences == nil {
		c.Audiences = []string{""}
	}
	c.TokenType = cmp.Or(c.TokenType, "bearer")
	c.Rotation = cmp.Or(c.Rotation, Rotate)
	c.AccessLife = cmp.Or(c.AccessLife, time.Hour)
	c.MachineLife = cmp.Or(c.MachineLife, c.AccessLife)
	c.RefreshLife = cmp.Or(c.RefreshLife, 30*24*time.Hour)
	c.Paths = c.Paths.withDefaults()
	return c
}

func (p Paths) withDefaults() Paths {
	return Paths{
		Authorize: cmp.Or(p.Authorize, "/authorize"),
		Token:     cmp.Or(p.Token, "/token"),
		Revoke:    cmp.Or(p.Revoke, "/revoke"),
		Keys:      cmp.Or(p.Keys, "/jwks"),
		Resource:  cmp.Or(p.Resource, "/resource"),
		Metadata:  cmp.Or(p.Metadata, "/.well-known/oauth-authorization-server"),
	}
}
