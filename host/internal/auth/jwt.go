package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"patchbay/abi"
)

// An assertion is for one request. It begins a little earlier, for vendors whose clocks are late.
const (
	assertionLife = 5 * time.Minute
	assertionLead = 30 * time.Second
)

var defaultAlgorithms = []string{"PS256", "ES256", "RS256"}

// assertion signs a JWT that proves the client (RFC 7523 section 3).
func (a *Auth) assertion(acct Account, tokenURL string) (string, error) {
	m := acct.Method
	key, err := parseKey(acct.Fields["private_key"])
	if err != nil {
		return "", abi.Faultf(abi.Unauthorized, "connection %s: private_key %v", acct.Connection, err)
	}
	algorithms := m.Algorithms
	if len(algorithms) == 0 {
		algorithms = defaultAlgorithms
	}
	method := fitting(key, algorithms)
	if method == nil {
		return "", abi.Faultf(abi.Unauthorized, "connection %s: private_key does not fit %s: RSA has PS and RS, P-256 ES256, P-384 ES384, P-521 ES512",
			acct.Connection, strings.Join(algorithms, ", "))
	}
	claims, err := a.claims(acct, tokenURL)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(method, claims)
	if id := acct.Fields["key_id"]; id != "" {
		token.Header["kid"] = id
	}
	text, err := token.SignedString(key)
	if err != nil {
		return "", abi.Faultf(abi.Unauthorized, "connection %s: private_key does not sign with %s", acct.Connection, method.Alg())
	}
	return text, nil
}

func (a *Auth) claims(acct Account, tokenURL string) (jwt.MapClaims, error) {
	m, audience := acct.Method, tokenURL
	if m.Audience != "" {
		var err error
		if audience, err = acct.text("audience", m.Audience, acct.Fields); err != nil {
			return nil, err
		}
	}
	issued := a.cfg.Now().Add(-assertionLead)
	claims := jwt.MapClaims{
		"iss": acct.Fields["client_id"], "sub": acct.Fields["client_id"], "aud": audience,
		"iat": issued.Unix(), "exp": issued.Add(assertionLife).Unix(), "jti": newNonce(),
	}
	for name, template := range m.Claims {
		v, err := acct.text("claim "+name, template, acct.Fields)
		if err != nil {
			return nil, err
		}
		claims[name] = v
		if v == "" {
			delete(claims, name)
		}
	}
	return claims, nil
}

// pemText undoes what copying does to a PEM file: line feeds written as \n, blanks around it.
func pemText(text string) []byte {
	return []byte(strings.TrimSpace(strings.ReplaceAll(text, `\n`, "\n")) + "\n")
}

func parseKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode(pemText(text))
	switch {
	case block == nil:
		return nil, errors.New("is not PEM: it begins with -----BEGIN PRIVATE KEY-----")
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return nil, errors.New("is encrypted: give it without a passphrase")
	}
	if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return strongKey(k)
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return strongKey(k)
	}
	if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return strongKey(k)
	}
	return nil, errors.New("is not a private key in PKCS #8, PKCS #1 or SEC 1")
}

func strongKey(k any) (crypto.Signer, error) {
	switch k := k.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return nil, errors.New("is an RSA key of less than 2048 bits")
		}
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	}
	return nil, errors.New("is neither an RSA nor an EC key")
}

// fitting returns the first algorithm that the key can sign with, or nil.
func fitting(key crypto.Signer, algorithms []string) jwt.SigningMethod {
	for _, name := range algorithms {
		switch m := jwt.GetSigningMethod(name).(type) {
		case *jwt.SigningMethodECDSA:
			if k, ok := key.(*ecdsa.PrivateKey); ok && k.Curve.Params().BitSize == m.CurveBits {
				return m
			}
		case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
			if _, ok := key.(*rsa.PrivateKey); ok {
				return m
			}
		}
	}
	return nil
}
