package netsuite

import (
	"cmp"
	"crypto/ecdsa"
	"maps"
	"net/http"
	"sync"
	"time"

	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/simulated"
)

// The tokens of the defaults. They are made up and open nothing else.
const (
	// AdminToken may do everything.
	AdminToken = "nst-admin-5b1e7d90c3a4"
	// ReaderToken may read only.
	ReaderToken = "nst-reader-e08c4f6a21b7"

	// ConsumerKey and ConsumerSecret are the integration that TokenID and TokenSecret belong to: TBA.
	ConsumerKey    = "nsk-consumer-71f0c2"
	ConsumerSecret = "nss-consumer-b94+e8/d3="
	TokenID        = "nsk-token-2a6d95"
	TokenSecret    = "nss-token-0c&57f1"

	// ClientID and ClientSecret are an OAuth 2.0 client for the code grant, PublicID one without a secret.
	ClientID     = "nsc-confidential-4be1"
	ClientSecret = "nss-client-6f+13a8"
	PublicID     = "nsc-public-90d7"
	// MachineID is a client for client credentials, which signs with CertificateKey as CertificateID.
	MachineID     = "nsc-machine-c35a"
	CertificateID = "nsi-certificate-18ef"
)

// Role is what the holder of a token may do.
type Role struct {
	// ReadOnly refuses writes with 403 INSUFFICIENT_PERMISSION.
	ReadOnly bool
	// Expires is when the bearer token ends. Zero means never.
	Expires time.Time
}

// Config describes a server. Its zero value is a server with the fixtures.
type Config struct {
	// Tokens are the bearer tokens accepted, each with its role. Defaults to AdminToken and ReaderToken.
	Tokens map[string]Role
	// Passports are those of token-based authentication (TBA), by token id. Defaults to TokenID's.
	Passports map[string]Passport
	// Clients are the OAuth 2.0 clients. Defaults to ClientID, whose refresh token stays, PublicID, whose
	// refresh token rotates, and MachineID.
	Clients []oauth.Client
	// Empty starts the server without customers, items and orders: see Seed.
	Empty bool
	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time
	// Account is the account's id as realms spell it, such as 1234567_SB1. Defaults to 1234567.
	Account string
	// Zone is the account's time zone, in which SuiteQL reads and prints times. Defaults to UTC.
	Zone *time.Location
	// BaseURL begins the links in answers, such as https://1234567.suitetalk.api.netsuite.com.
	// Defaults to the host that the request names.
	BaseURL string
	// Faults are rules in force from the start: see [simulated.Controls.Fail].
	Faults []simulated.Rule
	// Concurrency is how many requests may run at a time. Defaults to 5; a negative number means no limit.
	Concurrency int
	// ConcurrencyStatus is the status of a request beyond it. Defaults to 429; 400 is seen as well.
	ConcurrencyStatus int
	// Latency is how long every request takes. Defaults to none.
	Latency time.Duration
}

// withDefaults returns the config with its zero values filled in.
func (c Config) withDefaults() Config {
	if c.Tokens == nil {
		c.Tokens = map[string]Role{AdminToken: {}, ReaderToken: {ReadOnly: true}}
	}
	if c.Passports == nil {
		c.Passports = map[string]Passport{TokenID: {ConsumerKey: ConsumerKey, ConsumerSecret: ConsumerSecret, TokenSecret: TokenSecret}}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	c.Account = cmp.Or(c.Account, "1234567")
	c.Concurrency = cmp.Or(c.Concurrency, 5)
	c.ConcurrencyStatus = cmp.Or(c.ConcurrencyStatus, http.StatusTooManyRequests)
	return c
}

// Server is a NetSuite account in memory, safe for concurrent use.
type Server struct {
	// Controls make requests fail, list those that came, and end those that wait.
	*simulated.Controls
	// OAuth is the account's authorization server, to change and to ask. Its requests are filed here, and
	// faults for them belong here.
	OAuth  *oauth.Server
	key    *ecdsa.PrivateKey // of CertificateID
	config Config
	mux    *http.ServeMux
	gate   gate

	mu     sync.Mutex           // guards what follows, and is held while a request is performed
	tokens map[string]Role      // what each token may do
	nonces map[string]time.Time // those of TBA, until they may be forgotten
	store  *store               // the records
}

// New returns a server that is ready to serve.
func New(config Config) *Server {
	config = config.withDefaults()
	s := &Server{
		Controls: simulated.New(config.Clock, config.Faults...), config: config,
		mux: http.NewServeMux(), gate: gate{limit: config.Concurrency},
		tokens: maps.Clone(config.Tokens), nonces: map[string]time.Time{}, store: newStore(config.Clock, config.Zone),
	}
	s.OAuth, s.key = newOAuth(config)
	s.routes()
	// The fixtures are this package's own: a test holds that they are accepted.
	_ = s.Seed(setup()...)
	if !config.Empty {
		_ = s.Seed(Fixtures()...)
	}
	return s
}

// Accept gives a token a role from now on.
func (s *Server) Accept(token string, role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = role
}

// Revoke ends a token at once.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}

// ServeHTTP files the request, performs it unless a fault forbids, and delivers its answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, err := simulated.Receive(s.Controls, r)
	if s.OAuth.Serves(r.URL.Path) && err == nil {
		x.Perform(s.OAuth.Perform, oauth.Refuse)
		x.Send(w)
		return
	}
	held, free := s.gate.enter()
	defer s.gate.leave()
	if refusal := s.turnAway(err, free); refusal != nil {
		refusal.write(x)
	} else {
		x.Until(held)
		x.Wait(s.config.Latency)
		x.Perform(s.perform, func(w http.ResponseWriter, status int) { s.failureFor(status).write(w) })
	}
	x.Send(w)
}

// turnAway is the refusal of a request that is not even looked at, or nil.
func (s *Server) turnAway(unread error, free bool) *failure {
	switch {
	case unread != nil:
		return fail(http.StatusRequestEntityTooLarge, "INVALID_REQUEST", "The request body is too large.")
	case !free:
		return fail(s.config.ConcurrencyStatus, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")
	}
	return nil
}
