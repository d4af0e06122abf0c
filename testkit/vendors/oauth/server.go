package oauth

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"patchbay/testkit/vendors/simulated"
)

// Server is an authorization server in memory, safe for concurrent use.
type Server struct {
	// Controls make requests fail, list those that came, and end those that wait.
	*simulated.Controls
	key   *ecdsa.PrivateKey // signs access tokens
	paths Paths

	mu      sync.Mutex // guards what follows, and is held while a request is performed
	config  Config
	clients map[string]*Client
	tickets map[string]*approval // consent pages that were shown
	ledger  ledger
	seen    map[string]time.Time // until when the jti of an assertion is remembered
	counts  map[string]Count
}

// New returns a server that is ready to serve.
func New(config Config) *Server {
	config = config.withDefaults()
	// Since Go 1.24 the system's randomness cannot fail, and with it not the making of a key.
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s := &Server{
		Controls: simulated.New(config.Clock, config.Faults...), key: key, paths: config.Paths,
		tickets: map[string]*approval{}, ledger: newLedger(), seen: map[string]time.Time{}, counts: map[string]Count{},
	}
	s.configure(config)
	return s
}

// configure takes the configuration over.
func (s *Server) configure(config Config) {
	s.config, s.clients = config, map[string]*Client{}
	for _, client := range config.Clients {
		s.clients[client.ID] = &client
	}
}

// Set changes the configuration from now on. Paths, Clock and Faults are taken at the start only.
func (s *Server) Set(change func(*Config)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	config := s.config
	change(&config)
	config.Paths, config.Clock = s.paths, s.config.Clock
	s.configure(config.withDefaults())
}

// ServeHTTP files the request, performs it unless a fault forbids, and delivers its answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, err := simulated.Receive(s.Controls, r)
	if err != nil {
		refuse(http.StatusRequestEntityTooLarge, invalidRequest, "the body is too large").write(x)
	} else {
		x.Perform(s.Perform, Refuse)
	}
	x.Send(w)
}

// Refuse answers a status in the words of an authorization server, for a fault that asks for it.
func Refuse(w http.ResponseWriter, status int) { refusalFor(status).write(w) }

// Serves reports whether one of the server's endpoints is at the path, other than Resource.
func (s *Server) Serves(path string) bool {
	p := s.paths
	return slices.Contains([]string{p.Authorize, p.Token, p.Revoke, p.Keys, p.Metadata}, path)
}

// Perform answers the request, which is neither filed nor made to fail: for vendors that do both themselves.
func (s *Server) Perform(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Server: s, r: r, now: s.config.Clock(), base: base(r)}
	if s.config.Issuer != "" {
		c.base = strings.TrimSuffix(s.config.Issuer, "/")
	}
	c.realm = cmp.Or(s.config.Realm, c.base)
	c.route().write(w)
}

// call is one request that is performed.
type call struct {
	*Server
	r     *http.Request
	now   time.Time
	base  string // the issuer, and what the endpoints' addresses begin with
	realm string
}

// route answers the request by its path.
func (c *call) route() reply {
	paths, methods, run := c.paths, http.MethodGet, c.resource
	switch c.r.URL.Path {
	case paths.Authorize:
		methods, run = "GET, POST", c.authorize
	case paths.Token:
		methods, run = http.MethodPost, c.token
	case paths.Revoke:
		methods, run = http.MethodPost, c.revocation
	case paths.Keys:
		run = c.keys
	case paths.Metadata:
		run = c.metadata
	case paths.Resource:
	default:
		return refuse(http.StatusNotFound, invalidRequest, "there is nothing at this path")
	}
	if !strings.Contains(methods, c.r.Method) {
		return refuse(http.StatusMethodNotAllowed, invalidRequest, "the method is not allowed here").with("Allow", methods)
	}
	return run()
}

// base is what the request's address begins with.
func base(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Error codes of RFC 6749 and RFC 6750.
const (
	invalidRequest         = "invalid_request"
	invalidClient          = "invalid_client"
	invalidGrant           = "invalid_grant"
	invalidScope           = "invalid_scope"
	unauthorizedClient     = "unauthorized_client"
	unsupportedGrant       = "unsupported_grant_type"
	unsupportedResponse    = "unsupported_response_type"
	accessDenied           = "access_denied"
	serverError            = "server_error"
	temporarilyUnavailable = "temporarily_unavailable"
)

// reply is an answer.
type reply struct {
	status int
	header http.Header
	body   any    // sent as JSON unless nil
	page   string // sent as HTML unless ""
}

// refuse answers an error in the form of RFC 6749, 5.2.
func refuse(status int, code, description string) reply {
	return reply{status: status, body: map[string]string{"error": code, "error_description": description}}
}

// refusalFor is the refusal that goes with a status when a fault asks for it.
func refusalFor(status int) reply {
	code := invalidRequest
	switch {
	case status == http.StatusUnauthorized:
		code = invalidClient
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		code = temporarilyUnavailable
	case status >= 500:
		code = serverError
	}
	return refuse(status, code, http.StatusText(status))
}

// with adds a header to the reply.
func (p reply) with(name, value string) reply {
	if p.header = p.header.Clone(); p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// write puts the reply into the answer.
func (p reply) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Cache-Control", "no-store")
	content, kind := []byte(p.page), "text/html; charset=utf-8"
	if p.body != nil {
		kind = "application/json"
		var err error
		if content, err = json.Marshal(p.body); err != nil { // only a value of Config.Answer can be at fault
			p.status, content = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
		}
	}
	if len(content) > 0 {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(content)
}
