package oidctest_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	secret = "a secret+with/characters: that%must be encoded"
	life   = 60 * time.Second // of access tokens
)

// server is an oidc-provider that runs.
type server struct {
	issuer   string
	redirect string
	rsa, ec  string // private keys of the client "machine", in PEM; their ids are "rsa" and "ec"

	mu       sync.Mutex
	callback string // guarded by mu; the URL that was asked for last at redirect
}

// start runs the server until the test ends, or skips the test.
func start(t *testing.T) *server {
	t.Helper()
	dir, err := filepath.Abs("../../../../tools/oidc")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		skip(t, "node is not installed")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "oidc-provider")); err != nil {
		skip(t, "oidc-provider is not installed: run npm ci in tools/oidc")
	}
	s := &server{}
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.callback = s.redirect + "?" + r.URL.RawQuery
	}))
	t.Cleanup(listener.Close)
	s.redirect = listener.URL + "/callback"
	s.run(t, exec.Command(node, filepath.Join(dir, "server.mjs")))
	return s
}

// skip skips the test with its reason, or fails it where the server must be there.
func skip(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("PATCHBAY_OIDC") != "" {
		t.Fatalf("PATCHBAY_OIDC is set, but %s", reason)
	}
	t.Skip("skipped: " + reason)
}

// run starts the server and learns its address. The server ends when its standard input does, even if this process
// is killed.
func (s *server) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	overdue := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v: %s", err, &stderr)
		}
		overdue.Stop()
	})
	if err := json.NewEncoder(stdin).Encode(s.config(t)); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var said struct{ Issuer string }
	if err != nil || json.Unmarshal(line, &said) != nil {
		t.Fatalf("the server said %q: %v", line, err)
	}
	s.issuer = said.Issuer
}

// config is the server's configuration, with fresh keys for the client "machine".
func (s *server) config(t *testing.T) map[string]any {
	t.Helper()
	ec, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, err2 := rsa.GenerateKey(rand.Reader, 2048)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	point, err := ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s.ec, s.rsa = pemOf(t, ec), pemOf(t, rs)
	text := base64.RawURLEncoding.EncodeToString
	return map[string]any{"redirect": s.redirect, "secret": secret, "life": life / time.Second, "keys": []map[string]string{
		{"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "x": text(point[1:33]), "y": text(point[33:])},
		{"kty": "RSA", "kid": "rsa", "use": "sig", "n": text(rs.N.Bytes()), "e": text(big.NewInt(int64(rs.E)).Bytes())},
	}}
}

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
