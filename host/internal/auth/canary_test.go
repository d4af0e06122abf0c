package auth

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// No secret that was typed or received is in an error, a log line or a printed value, whatever the vendor does; and every
// one that a request carries is among the credential's secrets.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const id = "client-1"
	key := pkcs8(t, ecKey(t, elliptic.P256()))
	fields := map[string]string{"client_id": id, "client_secret": "CANARY-client-secret", "private_key": key, "token": "CANARY-token", "key": "CANARY-key", "username": "ann", "password": "CANARY-password",
		"consumer_key": "ck", "consumer_secret": "CANARY-consumer-secret", "token_id": "tk", "token_secret": "CANARY-token-secret", "secret": "CANARY-secret", "organization": "o", "email": "e"}
	private := clientMethod
	private.ClientAuth = "private_key_jwt"
	post := codeMethod
	post.ClientAuth = "post"
	methods := []manifest.AuthMethod{codeMethod, post, clientMethod, private, jwtMethod, tallyfy, {Type: "bearer"}, {Type: "basic"}, {Type: "api_key", Key: "X-Key"},
		{Type: "api_key", Key: "key", In: "query"}, {Type: "oauth1"}, {Type: "headers", Headers: map[string]string{"X-Auth": "{secret}"}, Fields: []manifest.Field{{Name: "secret", Secret: true}}}}
	for i, m := range methods {
		t.Run(fmt.Sprint(i, m.Type, m.Grant), func(t *testing.T) {
			t.Parallel()
			for mode, answer := range vices() {
				synctest.Test(t, func(t *testing.T) {
					var said bytes.Buffer
					say := func(words ...any) { fmt.Fprintf(&said, "%v %+v\n", words, words) }
					w := newWorld()
					cfg := w.config()
					cfg.Logger = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
					a := New(cfg)
					acct := Account{Connection: "acme", Method: m, Fields: fields}
					w.secrets.put("acme", map[string]string{})
					if m.Grant == "authorization_code" {
						stored := map[string]string{}
						record{Set: "s", Access: "CANARY-access", Refresh: "CANARY-refresh", Previous: "CANARY-previous", Rotated: time.Now(), Obtained: time.Now(), Expires: time.Now().Add(time.Second)}.write(stored)
						w.secrets.put("acme", stored)
						time.Sleep(time.Minute / 2)
						f, err := a.Begin(acct, callbackURL)
						say(f, err)
						_, _, err = f.Finish(t.Context(), "code=CANARY-code&state=x")
						say(err)
						w.intercept = answer
						tokens, _, err := f.Finish(t.Context(), "code=CANARY-code&state="+f.State)
						say(tokens, err)
					}
					w.intercept = answer
					c, err := a.Prepare(t.Context(), acct)
					say(c, err, acct, &acct)
					if c != nil {
						checkCarried(t, c)
						_, _, err = a.Renew(t.Context(), acct, c)
						say(err)
					}
					if renewable(m) {
						tokens, _, err := a.Obtain(t.Context(), acct)
						say(tokens, err)
					}
					say(a.Revoke(t.Context(), acct))
					a.Close()
					for _, canary := range []string{"CANARY", base64.StdEncoding.EncodeToString([]byte("CANARY")), "PRIVATE KEY", strings.Split(key, "\n")[1]} {
						if strings.Contains(said.String(), canary) {
							t.Errorf("%s: %s", mode, said.String())
						}
					}
				})
			}
		})
	}
}

// vices are the ways in which a vendor fails, with a body that holds what nobody may see.
func vices() map[string]func(abi.Request, seen) *abi.Response {
	echo := func(status int, kind string) func(abi.Request, seen) *abi.Response {
		return func(r abi.Request, s seen) *abi.Response {
			text := "CANARY " + string(r.Body) + fmt.Sprint(s.header)
			body, _ := json.Marshal(map[string]any{"error": kind, "error_description": text, "access_token": nil})
			if kind == "" {
				body = []byte("<html>" + text)
			}
			resp := reply(status, string(body))
			return &resp
		}
	}
	return map[string]func(abi.Request, seen) *abi.Response{
		"invalid_grant": echo(400, "invalid_grant"), "invalid_client": echo(401, "invalid_client"), "unknown": echo(400, "CANARY"), "garbage": echo(400, ""),
		"200 garbage": echo(200, ""), "500": echo(500, ""), "429": echo(429, "x"), "302": echo(302, ""), "404": echo(404, ""),
		"fault": func(r abi.Request, s seen) *abi.Response {
			return &abi.Response{Fault: abi.Faultf(abi.Unavailable, "connect with %v", s.form)}
		},
		"bad token": func(abi.Request, seen) *abi.Response {
			resp := reply(200, map[string]any{"access_token": "CANARY\n", "expires_in": "CANARY"})
			return &resp
		},
		"good": func(abi.Request, seen) *abi.Response {
			resp := reply(200, map[string]any{"access_token": "CANARY-new", "refresh_token": "CANARY-new-refresh", "expires_in": 1})
			return &resp
		},
	}
}

// checkCarried looks for what a request carries among the secrets, unless it is a signature.
func checkCarried(t *testing.T, c *Credential) {
	t.Helper()
	r, _ := http.NewRequest("GET", "https://api.example/", nil)
	if err := c.Authorize(r); err != nil {
		t.Fatal(err)
	}
	for name, values := range r.Header {
		if !strings.HasPrefix(values[0], "OAuth ") && !contains(c.Secrets, values[0]) {
			t.Errorf("%s: %q is not among %q", name, values[0], c.Secrets)
		}
		if !contains(c.Owned, name) {
			t.Errorf("%s is not owned", name)
		}
	}
	q, _ := url.ParseQuery(r.URL.RawQuery)
	for name, values := range q {
		if !contains(c.Secrets, values[0]) || !contains(c.Owned, name) {
			t.Errorf("%s is not owned, or its value no secret", name)
		}
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest.AuthMethod{Type: "none", ClientCertificate: true}
	acct := Account{Connection: "acme", Method: m, Fields: map[string]string{"certificate": pemOf("CERTIFICATE", der), "certificate_key": pkcs8(t, key)}}
	c, err := New(Config{}).Prepare(t.Context(), acct)
	if err != nil || c.Certificate == nil || !contains(c.Secrets, acct.Fields["certificate_key"]) {
		t.Fatal(c, err)
	}
	acct.Fields["certificate_key"] = "CANARY"
	if _, err = New(Config{}).Prepare(context.Background(), acct); err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Error(err)
	}
}
