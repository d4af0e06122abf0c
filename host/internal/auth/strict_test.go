package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/elliptic"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
	"patchbay/testkit/vendors/oauth"
)

// strict is a process whose vendor is the strict authorization server, without a network.
func strict(t *testing.T, config oauth.Config) (*Auth, *world, *oauth.Server) {
	t.Helper()
	config.Issuer = "https://login.example"
	server := oauth.New(config)
	t.Cleanup(server.Close)
	w := newWorld()
	cfg := w.config()
	cfg.Send = func(ctx context.Context, _ Account, r abi.Request, sign func(*http.Request) error) abi.Response {
		h := httptest.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
		maps.Copy(h.Header, r.Headers)
		if sign != nil {
			if err := sign(h); err != nil {
				t.Error(err)
			}
		}
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, h)
		return abi.Response{Status: rec.Code, Headers: rec.Header(), Body: rec.Body.Bytes()}
	}
	a := New(cfg)
	t.Cleanup(a.Close)
	return a, w, server
}

// A connection's life against a server that refuses what a strict server refuses.
func TestStrictServer_Code(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"basic", "post", "none"} {
		synctest.Test(t, func(t *testing.T) {
			a, w, server := strict(t, oauth.Config{MinState: 22, ExpiresIn: oauth.AsString, Callback: map[string]string{"realmId": "9130"}})
			m := codeMethod
			m.ClientAuth, m.Issuer, m.Feeds = kind, "https://login.example", map[string]string{"realm": "callback:realmId"}
			acct := Account{Connection: "acme", Method: m, Fields: map[string]string{"client_id": oauth.ClientID, "client_secret": oauth.ClientSecret},
				Declared: []manifest.Field{{Name: "realm", Pattern: "[0-9]+"}}}
			if kind == "none" {
				acct.Fields = map[string]string{"client_id": oauth.PublicID}
			}
			f, err := a.Begin(acct, callbackURL)
			if err != nil {
				t.Fatal(err)
			}
			rec := httptest.NewRecorder()
			server.ServeHTTP(rec, httptest.NewRequest("GET", f.URL, nil))
			tokens, feeds, err := f.Finish(t.Context(), rec.Header().Get("Location"))
			if err != nil || feeds["realm"] != "9130" || len(tokens.Missing()) > 0 {
				t.Fatal(kind, err, feeds, tokens.Missing(), rec.Code)
			}
			m1 := map[string]string{}
			tokens.Store(m1)
			w.secrets.put("acme", m1)
			for range 5 {
				time.Sleep(time.Hour)
				c, err := a.Prepare(t.Context(), acct)
				if err != nil || !resource(t, server, c) {
					t.Fatal(kind, err)
				}
				a.Proven(t.Context(), acct, c)
			}
			if n := server.Counts()[oauth.RefreshToken]; n.Succeeded != 5 || len(server.Revoked()) > 0 {
				t.Error(n, server.Revoked())
			}
			c, err := a.Prepare(t.Context(), acct)
			if err := errors.Join(err, a.Revoke(t.Context(), acct)); err != nil || resource(t, server, c) {
				t.Errorf("%s: revoked: %v", kind, err)
			}
			if _, _, err := a.Renew(t.Context(), acct, c); !errors.Is(err, ErrReconnect) {
				t.Error(kind, err)
			}
		})
	}
}

// resource reports whether the server takes the credential.
func resource(t *testing.T, server *oauth.Server, c *Credential) bool {
	t.Helper()
	r := httptest.NewRequest("GET", "https://login.example/resource", nil)
	if err := c.Authorize(r); err != nil {
		t.Error(err)
	}
	rec := httptest.NewRecorder()
	server.ServeHTTP(rec, r)
	return rec.Code == http.StatusOK
}

func TestStrictServer_Machines(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	secret := map[string]string{"client_id": oauth.ClientID, "client_secret": oauth.ClientSecret}
	signed := map[string]string{"client_id": "machine", "key_id": "key-7", "private_key": pkcs8(t, key)}
	tests := map[string]struct {
		grant, clientAuth string
		fields            map[string]string
	}{
		"secret": {"client_credentials", "", secret}, "post": {"client_credentials", "post", secret},
		"private key": {"client_credentials", "private_key_jwt", signed}, "assertion": {"jwt_bearer", "", signed},
	}
	for name, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			a, w, server := strict(t, oauth.Config{Clients: []oauth.Client{
				{ID: oauth.ClientID, Secret: oauth.ClientSecret}, {ID: "machine", Keys: map[string]crypto.PublicKey{"key-7": key.Public()}},
			}})
			m := manifest.AuthMethod{Type: "oauth2", Grant: tt.grant, ClientAuth: tt.clientAuth, TokenURL: "https://login.example/token", Scopes: []string{"read"}}
			acct := Account{Connection: "acme", Method: m, Fields: tt.fields}
			w.secrets.put("acme", map[string]string{})
			for range 3 {
				c, err := a.Prepare(t.Context(), acct)
				if err != nil || !resource(t, server, c) {
					t.Fatal(name, err)
				}
				time.Sleep(time.Hour)
			}
			acct.Fields = maps.Clone(tt.fields)
			acct.Fields["client_id"] = "nobody"
			if _, _, err := a.Obtain(t.Context(), acct); !errors.Is(err, ErrReconnect) {
				t.Error(name, err)
			}
		})
	}
}
