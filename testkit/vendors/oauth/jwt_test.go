package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/url"
	"testing"
	"time"

	"patchbay/testkit/vendors/oauth"
)

// The keys of the tests, made once: RSA keys take a while.
var (
	rsaKey, _   = rsa.GenerateKey(rand.Reader, 2048)
	otherRSA, _ = rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _    = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ec384Key, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
)

var sizes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// signed is a JWT over header and claims, signed with the key by the header's algorithm, or by the one that it
// calls "sign".
func signed(t *testing.T, header, claims map[string]any, key crypto.Signer) string {
	t.Helper()
	algorithm, _ := header["alg"].(string)
	if really, ok := header["sign"].(string); ok {
		algorithm = really
	}
	text := encode(t, overlay(header, map[string]any{"sign": nil})) + "." + encode(t, claims)
	if algorithm == "none" {
		return text + "."
	}
	hash := sizes[algorithm[2:]]
	h := hash.New()
	h.Write([]byte(text))
	var signature []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if algorithm[:2] == "PS" {
			signature, err = rsa.SignPSS(rand.Reader, key, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
		}
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, key, h.Sum(nil))
		size := (key.Params().BitSize + 7) / 8
		signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func machines() []oauth.Client {
	keys := map[string]crypto.PublicKey{"rsa": rsaKey.Public(), "ec": ecKey.Public(), "ec384": ec384Key.Public()}
	return []oauth.Client{
		{ID: "machine", Keys: keys, Scopes: []string{"read", "write"}},
		{ID: "nameless", Keys: map[string]crypto.PublicKey{"": ecKey.Public()}, Grants: []string{oauth.ClientCredentials}},
		{ID: "secretive", Secret: "s"},
	}
}

// overlay is the map with changes; nil takes a key away.
func overlay(base, changes map[string]any) map[string]any {
	out := maps.Clone(base)
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

// Both uses of assertions are tried with every change to one that is in order.
func TestAssertions(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Clients: machines(), Algorithms: []string{"PS256", "ES256", "RS256", "ES384", "PS512"}})
	now := c.clock.Now().Unix()
	type m = map[string]any
	for _, test := range []struct {
		name           string
		header, claims m
		key            crypto.Signer
		ok             bool
	}{
		{"ES256", m{}, m{}, ecKey, true},
		{"PS256", m{"alg": "PS256", "kid": "rsa"}, m{}, rsaKey, true},
		{"RS256", m{"alg": "RS256", "kid": "rsa"}, m{}, rsaKey, true},
		{"PS512", m{"alg": "PS512", "kid": "rsa"}, m{}, rsaKey, true},
		{"ES384", m{"alg": "ES384", "kid": "ec384"}, m{}, ec384Key, true},
		{"audience in a list", m{}, m{"aud": []string{c.url + "/token"}}, ecKey, true},
		{"an hour", m{}, m{"exp": now + 3600}, ecKey, true},
		{"a client 20 s ahead", m{}, m{"iat": now + 20, "exp": now + 3620}, ecKey, true},
		{"no iat", m{}, m{"iat": nil}, ecKey, true},

		{"none", m{"alg": "none"}, m{}, nil, false},
		{"not listed", m{"alg": "PS384", "kid": "rsa"}, m{}, rsaKey, false},
		{"HS256 is not even known", m{"alg": "HS256"}, m{}, ecKey, false},
		{"another key", m{"kid": "rsa", "alg": "PS256"}, m{}, otherRSA, false},
		{"an algorithm of another kind of key", m{"alg": "PS256", "kid": "ec"}, m{}, rsaKey, false},
		{"a curve of another size", m{"alg": "ES256", "kid": "ec384"}, m{}, ec384Key, false},
		{"PS for RS", m{"alg": "RS256", "kid": "rsa", "sign": "PS256"}, m{}, rsaKey, false},
		{"unknown key id", m{"kid": "old"}, m{}, ecKey, false},
		{"no key id", m{"kid": nil}, m{}, ecKey, false},
		{"critical header", m{"crit": []string{"b64"}}, m{}, ecKey, false},
		{"another audience", m{}, m{"aud": c.url + "/token/"}, ecKey, false},
		{"two audiences", m{}, m{"aud": []string{c.url + "/token", "https://evil.example"}}, ecKey, false},
		{"no audience", m{}, m{"aud": nil}, ecKey, false},
		{"expired", m{}, m{"exp": now}, ecKey, false},
		{"no exp", m{}, m{"exp": nil}, ecKey, false},
		{"more than an hour", m{}, m{"exp": now + 3601}, ecKey, false},
		{"an hour from a false iat", m{}, m{"iat": now - 60, "exp": now + 3600}, ecKey, false},
		{"from the future", m{}, m{"iat": now + 40}, ecKey, false},
		{"not before", m{}, m{"nbf": now + 40}, ecKey, false},
		{"another issuer", m{}, m{"iss": "secretive", "sub": "secretive"}, ecKey, false},
		{"unknown issuer", m{}, m{"iss": "nobody", "sub": "nobody"}, ecKey, false},
		{"no subject", m{}, m{"sub": nil}, ecKey, false},
		{"exp that is text", m{}, m{"exp": "soon"}, ecKey, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := *c
			c.t = t
			for _, form := range []func(string) url.Values{credentials, bearing} {
				claims := overlay(m{"iss": "machine", "sub": "machine", "aud": c.url + "/token", "iat": now, "exp": now + 300, "jti": rand.Text()}, test.claims)
				header := overlay(m{"alg": "ES256", "kid": "ec", "typ": "JWT"}, test.header)
				jwt := signed(t, header, claims, test.key)
				asked := form(jwt)
				if test.ok {
					if access, refresh := c.tokens(asked, "Authorization", ""); !c.open(access) || refresh != "" {
						t.Errorf("a token that does not open, or refresh token %q", refresh)
					}
					c.fails(refusal(asked), asked, "Authorization", "") // its jti was seen
					continue
				}
				c.fails(refusal(asked), asked, "Authorization", "")
			}
		})
	}
}

func refusal(form url.Values) string {
	if form.Has("client_assertion") {
		return "invalid_client"
	}
	return "invalid_grant"
}

func credentials(jwt string) url.Values {
	return url.Values{"grant_type": {oauth.ClientCredentials}, "client_assertion": {jwt},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
}

func bearing(jwt string) url.Values {
	return url.Values{"grant_type": {oauth.JWTBearer}, "assertion": {jwt}}
}

func TestAssertions_Malformed(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Clients: machines()})
	for _, jwt := range []string{"", "a", "a.b", "a.b.c", "e30.e30.AA==", "e30.e30.e30.e30", "bm8.bm8.AA", "W10.e30.AA"} {
		c.fails("invalid_grant", bearing(jwt), "Authorization", "")
		form := credentials(jwt)
		c.fails("invalid_client", form, "Authorization", "")
		form.Del("client_assertion_type")
		c.fails("invalid_request", form, "Authorization", "")
	}
}

// A subject of a JWT grant is whoever the assertion names, with the scope that it asks for.
func TestJWTBearer(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Clients: machines(), Audiences: []string{"https://id.example", ""}, Realm: "realm"})
	now := c.clock.Now().Unix()
	jwt := func(issuer string, changes map[string]any) string {
		return signed(t, map[string]any{"alg": "ES256", "kid": "ec"}, overlay(map[string]any{
			"iss": issuer, "sub": "grace", "aud": "https://id.example", "exp": now + 60}, changes), ecKey)
	}
	for scope, want := range map[string]any{"read": "read", "": []string{"read", "write"}, "both": "read,write"} {
		form := bearing(jwt("machine", map[string]any{"scope": want}))
		if scope == "read" {
			form.Set("scope", "read")
		}
		access, _ := c.tokens(form, "Authorization", "")
		got, _ := c.server.Lookup(access)
		if got.Subject != "grace" || got.Scope != map[bool]string{true: "read", false: "read write"}[scope == "read"] {
			t.Errorf("%v gives %+v", want, got)
		}
	}
	c.fails("invalid_scope", bearing(jwt("machine", map[string]any{"scope": "admin"})), "Authorization", "")
	c.fails("unauthorized_client", bearing(jwt("nameless", nil)), "Authorization", "")
	c.tokens(bearing(jwt("machine", map[string]any{"aud": c.url + "/token"})), "Authorization", "")
	form := credentials(jwt("machine", map[string]any{"sub": "machine", "scope": []string{"write"}}))
	c.fails("invalid_client", form, "Authorization", "") // has no jti
	if got := c.header.Get("WWW-Authenticate"); got != `Basic realm="realm"` {
		t.Errorf("challenge %s", got)
	}
	c.server.Set(func(c *oauth.Config) { c.BareAssertions = true })
	access, _ := c.tokens(form, "Authorization", "")
	if got, _ := c.server.Lookup(access); got.Scope != "write" {
		t.Errorf("scope %q, want the assertion's", got.Scope)
	}
	c.tokens(credentials(jwt("machine", map[string]any{"sub": nil})), "Authorization", "")
	c.fails("invalid_client", credentials(jwt("machine", nil)), "Authorization", "") // sub is somebody else
	form.Set("client_id", "secretive")
	c.fails("invalid_client", form, "Authorization", "")
	nameless := signed(t, map[string]any{"alg": "ES256"}, map[string]any{"iss": "nameless", "aud": "https://id.example", "exp": now + 60}, ecKey)
	c.tokens(credentials(nameless), "Authorization", "")
}

// A jti is forgotten when its assertion has expired.
func TestAssertions_Forgotten(t *testing.T) {
	t.Parallel()
	c := start(t, oauth.Config{Clients: machines()})
	jwt := func() url.Values {
		now := c.clock.Now().Unix()
		return credentials(signed(t, map[string]any{"alg": "ES256", "kid": "ec"}, map[string]any{
			"iss": "machine", "sub": "machine", "aud": c.url + "/token", "exp": now + 60, "jti": "one"}, ecKey))
	}
	c.tokens(jwt(), "Authorization", "")
	c.clock.pass(59 * time.Second)
	c.fails("invalid_client", jwt(), "Authorization", "")
	c.clock.pass(time.Second)
	c.tokens(jwt(), "Authorization", "")
}

func FuzzAssertion(f *testing.F) {
	server := oauth.New(oauth.Config{Clients: machines()})
	f.Add("e30.e30.AA")
	f.Add("eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.eyJpc3MiOiJtYWNoaW5lIiwic3ViIjoibWFjaGluZSIsImF1ZCI6W10sImV4cCI6MX0.AA")
	f.Fuzz(func(t *testing.T, jwt string) {
		c := &client{t: t, server: server}
		for _, form := range []url.Values{credentials(jwt), bearing(jwt)} {
			if status := c.direct(form); status != 400 && status != 401 {
				t.Errorf("%q is answered %d", jwt, status)
			}
		}
	})
}
