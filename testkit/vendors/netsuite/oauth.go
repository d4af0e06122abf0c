package netsuite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"

	"patchbay/testkit/vendors/oauth"
)

const (
	authorizePath = "/app/login/oauth2/authorize.nl"
	oauthPath     = restPath + "/auth/oauth2/v1"
	restScope     = "rest_webservices"
)

// newOAuth returns the account's authorization server, and the key whose certificate the default client has
// registered.
func newOAuth(config Config) (*oauth.Server, *ecdsa.PrivateKey) {
	// The system's randomness cannot fail, and with it not the making of a key.
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	clients := config.Clients
	if clients == nil {
		clients = defaultClients(key)
	}
	return oauth.New(oauth.Config{
		Clients: clients, Realm: config.Account, Clock: config.Clock, Issuer: config.BaseURL,
		Paths:    oauth.Paths{Authorize: authorizePath, Token: oauthPath + "/token", Revoke: oauthPath + "/revoke", Keys: oauthPath + "/keys"},
		MinState: 22, NoIssuer: true, Callback: map[string]string{"role": "3", "entity": "5", "company": config.Account},
		ExpiresIn: oauth.AsString, AccessLife: time.Hour,
		Algorithms: []string{"PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}, BareAssertions: true,
		Audiences: []string{"", "https://" + domain(config.Account) + oauthPath + "/token"},
	}), key
}

// defaultClients are the integrations of [Config.Clients]'s default.
func defaultClients(key *ecdsa.PrivateKey) []oauth.Client {
	redirects := []string{oauth.LoopbackRedirect}
	scopes := []string{"restlets", restScope, "suite_analytics"}
	return []oauth.Client{
		{
			ID: ClientID, Secret: ClientSecret, Redirects: redirects, LoopbackPort: true, Scopes: scopes,
			Auth: []string{oauth.Basic}, Grants: []string{oauth.AuthorizationCode, oauth.RefreshToken},
			Rotation: oauth.Omit, RefreshLife: 7 * 24 * time.Hour,
		},
		{
			ID: PublicID, Redirects: redirects, LoopbackPort: true, Scopes: scopes,
			Grants: []string{oauth.AuthorizationCode, oauth.RefreshToken}, RefreshLife: 3 * time.Hour,
		},
		{
			ID: MachineID, Scopes: scopes, Grants: []string{oauth.ClientCredentials},
			Keys: map[string]crypto.PublicKey{CertificateID: key.Public()},
		},
	}
}

// domain is the account's host name, which spells its id in its own way.
func domain(account string) string {
	return strings.ReplaceAll(strings.ToLower(account), "_", "-") + ".suitetalk.api.netsuite.com"
}

// CertificateKey returns the private key for CertificateID in PEM (PKCS #8): of ES256, and made with the server.
func (s *Server) CertificateKey() string {
	der, _ := x509.MarshalPKCS8PrivateKey(s.key) // an ECDSA key cannot fail
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
