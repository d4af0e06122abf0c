package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
	"patchbay/manifest"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func ecKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var jwtMethod = manifest.AuthMethod{ID: "service", Type: "oauth2", Grant: "jwt_bearer", TokenURL: "https://login.example/token"}

// Every algorithm, with keys in every form, for both uses of an assertion.
func TestAssertion(t *testing.T) {
	t.Parallel()
	p256, p384, p521 := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521())
	sec1, err := x509.MarshalECPrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		key        string
		algorithms []string
		want       string
		public     crypto.PublicKey
	}{
		{"default RSA", pkcs8(t, rsaKey()), nil, "PS256", rsaKey().Public()},
		{"default EC", pkcs8(t, p256), nil, "ES256", p256.Public()},
		{"RS256", pkcs8(t, rsaKey()), []string{"RS256"}, "RS256", rsaKey().Public()},
		{"PS384", pkcs8(t, rsaKey()), []string{"ES256", "PS384"}, "PS384", rsaKey().Public()},
		{"PS512", pkcs8(t, rsaKey()), []string{"PS512", "PS256"}, "PS512", rsaKey().Public()},
		{"ES384", pkcs8(t, p384), []string{"ES256", "ES384"}, "ES384", p384.Public()},
		{"ES512", pkcs8(t, p521), []string{"ES512"}, "ES512", p521.Public()},
		{"PKCS #1", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), nil, "PS256", rsaKey().Public()},
		{"SEC 1", pemOf("EC PRIVATE KEY", sec1), nil, "ES256", p256.Public()},
		{"written in one line", strings.ReplaceAll(pkcs8(t, p256), "\n", `\n`), nil, "ES256", p256.Public()},
		{"with blanks", "\n  " + pkcs8(t, p256) + "\n\n", nil, "ES256", p256.Public()},
	}
	machine := clientMethod
	machine.ClientAuth = "private_key_jwt"
	for _, tt := range tests {
		for _, m := range []manifest.AuthMethod{jwtMethod, machine} {
			w := newWorld()
			m.Algorithms = tt.algorithms
			m.Claims = map[string]string{"scope": "a,b", "sub": "{user}", "empty": "{nothing}"}
			m.Fields = []manifest.Field{{Name: "user"}, {Name: "nothing"}}
			acct := Account{Connection: "acme", Method: m, Fields: map[string]string{"client_id": "client-1", "key_id": "key-7", "private_key": tt.key, "user": "ann"}}
			if _, _, err := w.process(t).Obtain(t.Context(), acct); err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			form := w.requests[0].form
			text := form.Get("assertion")
			if m.ClientAuth != "" {
				text = form.Get("client_assertion")
				if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Get("grant_type") != "client_credentials" {
					t.Error(form)
				}
			} else if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || w.requests[0].header.Get("Authorization") != "" {
				t.Error(form)
			}
			claims := jwt.MapClaims{}
			token, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return tt.public, nil },
				jwt.WithValidMethods([]string{tt.want}), jwt.WithAudience("https://login.example/token"), jwt.WithIssuer("client-1"), jwt.WithIssuedAt(), jwt.WithExpirationRequired())
			if err != nil || token.Header["kid"] != "key-7" || token.Header["typ"] != "JWT" {
				t.Errorf("%s: %v %v", tt.name, err, token.Header)
				continue
			}
			if life := claims["exp"].(float64) - claims["iat"].(float64); life > 600 || claims["jti"] == "" {
				t.Error(claims)
			}
			for _, c := range []string{"exp", "iat", "jti"} {
				delete(claims, c)
			}
			if diff := cmp.Diff(jwt.MapClaims{"iss": "client-1", "sub": "ann", "aud": "https://login.example/token", "scope": "a,b"}, claims); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestAssertion_Audience(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := jwtMethod
	m.Audience = "https://{account|lower}.example"
	acct := Account{Connection: "acme", Method: m, Fields: map[string]string{"client_id": "c", "account": "ACME", "private_key": pkcs8(t, ecKey(t, elliptic.P256()))}}
	a := w.process(t)
	claims, err := a.claims(acct, "https://login.example/token")
	if err != nil || claims["aud"] != "https://acme.example" || claims["sub"] != "c" {
		t.Error(claims, err)
	}
	if again, _ := a.claims(acct, ""); again["jti"] == claims["jti"] {
		t.Error("two assertions are alike")
	}
	if left := time.Until(time.Unix(claims["exp"].(int64), 0)); left < 4*time.Minute {
		t.Error(left)
	}
}

func TestAssertion_BadKeys(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this Go makes no RSA key of 1024 bits:", err)
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	tests := map[string]struct{ key, want string }{
		"text":      {"canary-canary", "is not PEM"},
		"empty":     {"", "is not PEM"},
		"public":    {pemOf("PUBLIC KEY", []byte("canary")), "is not a private key"},
		"encrypted": {pemOf("ENCRYPTED PRIVATE KEY", []byte("canary")), "is encrypted"},
		"garbage":   {pemOf("PRIVATE KEY", []byte("canary")), "is not a private key"},
		"small":     {pkcs8(t, small), "less than 2048 bits"},
		"ed25519":   {pkcs8(t, ed), "neither an RSA nor an EC key"},
		"unfitting": {pkcs8(t, ecKey(t, elliptic.P384())), "does not fit PS256, ES256, RS256"},
	}
	for name, tt := range tests {
		w := newWorld()
		acct := Account{Connection: "acme", Method: jwtMethod, Fields: map[string]string{"client_id": "c", "private_key": tt.key}}
		_, _, err := w.process(t).Obtain(t.Context(), acct)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") || abi.AsFault(err).Code != abi.Unauthorized || w.count() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A refusal names what the client proved itself with.
func TestAssertion_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.intercept = refusals(400, map[string]any{"error": "invalid_client"})
	acct := Account{Connection: "acme", Method: jwtMethod, Fields: map[string]string{"client_id": "c", "private_key": pkcs8(t, ecKey(t, elliptic.P256()))}}
	if _, _, err := w.process(t).Obtain(t.Context(), acct); err == nil || !strings.Contains(err.Error(), "client id, key id or private key") {
		t.Error(err)
	}
}
