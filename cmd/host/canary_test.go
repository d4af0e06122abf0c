package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/testkit/vendors/oauth"
)

// echo is a vendor that issues tokens, sends back whatever it is sent, and looks at all processes meanwhile.
type echo struct {
	tokens *oauth.Server
	url    string

	mu      sync.Mutex // guards what follows
	secrets []string   // what must not be seen: planted, and issued by the vendor
	carried int        // requests that carried one of them
	seen    []string   // where one was seen in a process' arguments or environment
}

func newEcho(t *testing.T, key crypto.PublicKey) *echo {
	t.Helper()
	v := &echo{}
	v.tokens = oauth.New(oauth.Config{Clients: []oauth.Client{
		{ID: oauth.ClientID, Secret: canaries["client_secret"]},
		{ID: "signer", Keys: map[string]crypto.PublicKey{"k1": key}},
	}})
	ts := httptest.NewServer(v)
	t.Cleanup(func() {
		v.tokens.Close()
		ts.CloseClientConnections()
		ts.Close()
	})
	v.url = ts.URL
	return v
}

func (v *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		answer := httptest.NewRecorder()
		v.tokens.ServeHTTP(answer, r)
		v.learn(answer.Body.Bytes())
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
		return
	}
	v.look(r)
	w.Header().Set("X-Echo", r.Header.Get("Authorization"))
	all, _ := json.Marshal(map[string]any{"headers": r.Header, "query": r.URL.RawQuery, "query_plain": r.URL.Query()})
	_, _ = fmt.Fprintf(w, "%s\n%s\n%s\n", all, base64.StdEncoding.EncodeToString(all), url.QueryEscape(string(all)))
}

// learn takes down the tokens that were issued.
func (v *echo) learn(body []byte) {
	var issued struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	_ = json.Unmarshal(body, &issued)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range []string{issued.Access, issued.Refresh} {
		if s != "" {
			v.secrets = append(v.secrets, s)
		}
	}
}

// look searches the arguments and environments of all processes while a request is under way.
func (v *echo) look(r *http.Request) {
	var head bytes.Buffer
	_ = r.Header.Write(&head)
	head.WriteString(r.URL.RawQuery)
	v.mu.Lock()
	defer v.mu.Unlock()
	if finds(head.Bytes(), v.secrets) != "" || strings.Contains(head.String(), "oauth_signature") {
		v.carried++
	}
	for _, kind := range []string{"cmdline", "environ"} {
		files, _ := filepath.Glob("/proc/[0-9]*/" + kind)
		for _, f := range files {
			data, _ := os.ReadFile(f) // of a process that has ended: nothing
			if finds(data, v.secrets) != "" {
				v.seen = append(v.seen, f)
			}
		}
	}
}

// finds returns the first secret that data holds in any form, or nothing.
func finds(data []byte, secrets []string) string {
	for _, s := range secrets {
		quoted, _ := json.Marshal(s)
		forms := []string{s, hex.EncodeToString([]byte(s)), url.QueryEscape(s), url.PathEscape(s), strings.Trim(string(quoted), `"`)}
		for skip := range 3 {
			tail := s[skip:]
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(tail[:len(tail)/3*3])), base64.URLEncoding.EncodeToString([]byte(tail[:len(tail)/3*3])))
		}
		for _, form := range forms {
			if bytes.Contains(data, []byte(form)) {
				return s
			}
		}
	}
	return ""
}

// canaries are the secrets that are planted, by the field that they go into.
var canaries = map[string]string{
	"token": "cnry-token-41f0a7d2c95be836", "password": "cnry-password-8c3d51fe07ab", "key": "cnry-apikey-2b77e9014dd6",
	"pass": "cnry-pass-5510cafe9e21", "consumer_secret": "cnry-consumer-77aa01b3", "token_secret": "cnry-tokensecret-09fe13",
	"client_secret": "cnry-client-3e8f6021b7/+9", "refresh_token": "",
}

const authMethods = `auth:
  - {id: token, type: bearer}
  - {id: user, type: basic}
  - {id: key, type: api_key, key: X-Api-Key, prefix: "Key "}
  - {id: query, type: api_key, in: query, key: api_key}
  - {id: pair, type: headers, fields: [{name: pass, required: true, secret: true}], headers: {X-Pair: "ada:{pass}"}}
  - {id: signed, type: oauth1, realm: "7"}
  - {id: login, type: oauth2, grant: authorization_code, authorize_url: "https://login.spy.example/authorize", token_url: "https://login.spy.example/token"}
  - {id: machine, type: oauth2, grant: client_credentials, token_url: "https://login.spy.example/token"}
  - {id: assertion, type: oauth2, grant: client_credentials, client_auth: private_key_jwt, algorithms: [ES256], token_url: "https://login.spy.example/token"}
  - {id: bearer_assertion, type: oauth2, grant: jwt_bearer, algorithms: [ES256], token_url: "https://login.spy.example/token", claims: {sub: ada}}
  - id: exchange
    type: exchange
    fields: [{name: client_id, required: true}, {name: client_secret, required: true, secret: true}]
    steps:
      - {method: POST, url: "https://login.spy.example/token", form: {grant_type: client_credentials, client_id: "{client_id}", client_secret: "{client_secret}"}, save: {token: /access_token}}
  - {id: mutual, type: bearer, client_certificate: true}
`

// TestCanaries has every auth method make its requests, and looks for its secrets, typed and issued, in the guest's
// memory, in every output, in every file, in the audit log, and in the arguments and environment of every process.
func TestCanaries(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := pemPair(t, private)
	v := newEcho(t, private.Public())
	s := &station{home: t.TempDir()}
	dir := spyConnector(t, s)
	if err := publishAsIs(dir, s.home); err != nil {
		t.Fatal(err)
	}
	s.must(t, "", "host", "install", "spy", "--yes")
	_, refresh := v.tokens.Issue(oauth.ClientID, "ada", "")
	given := map[string]string{"private_key": key, "certificate": cert, "certificate_key": key, "refresh_token": refresh}
	for name, value := range canaries {
		if value != "" {
			given[name] = value
		}
	}
	for method, c := range map[string]struct{ fields, secrets []string }{
		"token":            {nil, []string{"token"}},
		"user":             {[]string{"username=ada"}, []string{"password"}},
		"key":              {nil, []string{"key"}},
		"query":            {nil, []string{"key"}},
		"pair":             {nil, []string{"pass"}},
		"signed":           {[]string{"consumer_key=ck", "token_id=tk"}, []string{"consumer_secret", "token_secret"}},
		"login":            {[]string{"client_id=" + oauth.ClientID}, []string{"client_secret", "refresh_token"}},
		"machine":          {[]string{"client_id=" + oauth.ClientID}, []string{"client_secret"}},
		"assertion":        {[]string{"client_id=signer", "key_id=k1"}, []string{"private_key"}},
		"bearer_assertion": {[]string{"client_id=signer", "key_id=k1"}, []string{"private_key"}},
		"exchange":         {[]string{"client_id=" + oauth.ClientID}, []string{"client_secret"}},
		"mutual":           {nil, []string{"token", "certificate", "certificate_key"}},
	} {
		t.Run(method, func(t *testing.T) { v.tryMethod(t, s, method, c.fields, c.secrets, given) })
	}
	if len(v.seen) > 0 {
		t.Errorf("a secret stands in %v", v.seen)
	}
	v.searchHome(t, s.home)
}

// tryMethod connects, calls and looks.
func (v *echo) tryMethod(t *testing.T, s *station, method string, fields, secrets []string, given map[string]string) {
	known := len(v.secrets)
	name := strings.ReplaceAll(method, "_", "-")
	args := []string{"connect", "spy", "--auth", method, "--name", name, "--no-test", "--allow-private", "--url", "api=" + v.url}
	if issuedBy(method) != "" {
		args = append(args, "--url", issuedBy(method)+"="+v.url+"/token")
	}
	for _, f := range fields {
		args = append(args, "--field", f)
	}
	for _, secret := range secrets {
		file := filepath.Join(t.TempDir(), secret)
		if err := os.WriteFile(file, []byte(given[secret]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--secret", secret+"=@"+file)
		v.plant(secret, given[secret])
	}
	outputs := s.must(t, "", "host", args...)
	v.mu.Lock()
	before, needles := v.carried, slices.Clone(v.secrets[known:])
	v.mu.Unlock()
	for i := 0; i < len(needles); i++ {
		input := `{"path": "/ok", "needle": "` + hex.EncodeToString(masked(needles[i])) + `"}`
		out, stderr, code := s.run(t, "", "host", "run", "spy.search", "--connection", name, "--verbose", "--input", input)
		outputs += out + stderr
		if code != 0 || !strings.Contains(out, `"found": 0`) {
			t.Errorf("searching the guest's memory ends with %d: %s%s", code, out, stderr)
		}
	}
	if v.carried == before {
		t.Error("no request carried the credential: the test has tried nothing")
	}
	for _, args := range [][]string{{"connections", "--json"}, {"audit", "list", "--json", "--limit", "0"}, {"quota"}} {
		outputs += s.must(t, "", "host", args...)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if found := finds([]byte(outputs), v.secrets); found != "" {
		t.Errorf("an output holds %q", found)
	}
}

// plant notes a secret; of a key in PEM the first line of its content.
func (v *echo) plant(name, value string) {
	if name == "certificate" { // goes over the wire in the clear
		return
	}
	if lines := strings.Split(value, "\n"); len(lines) > 1 {
		value = lines[1]
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets = append(v.secrets, value)
}

// issuedBy is the name of the address that issues a method's credential.
func issuedBy(method string) string {
	switch method {
	case "login", "machine", "assertion", "bearer_assertion":
		return "token_url"
	case "exchange":
		return "step:0"
	}
	return ""
}

// searchHome looks at every file below the home. The control is a word that is in one of them.
func (v *echo) searchHome(t *testing.T, home string) {
	t.Helper()
	control := 0
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if found := finds(data, v.secrets); found != "" {
			t.Errorf("%s holds %q", path, found)
		}
		if finds(data, []string{"local/spy"}) != "" {
			control++
		}
		return err
	})
	if err != nil || control == 0 {
		t.Errorf("the search of %s found %d files with a word that is there: %v", home, control, err)
	}
}

// pemPair makes a certificate and its key.
func pemPair(t *testing.T, private *ecdsa.PrivateKey) (cert, key string) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ada"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}
