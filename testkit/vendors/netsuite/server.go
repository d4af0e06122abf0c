package netsuite

import (
	"cmp"
	"maps"
	"net/http"
	"sync"
	"time"

	"patchbay/testkit/vendors/simulated"
)

// The tokens of the defaults. They are made up and open nothing else.
const (
	// AdminToken may do everything.
	AdminToken = "nst-admin-5b1e7d90c3a4"
	// ReaderToken may read only.
	ReaderToken = "nst-reader-e08c4f6a21b7"
)

// Role is what the holder of a token may do.
type Role struct {
	// ReadOnly refuses writes with 403 INSUFFICIENT_PERMISSION.
	ReadOnly bool
}

// Config describes a server. Its zero value is a server with the fixtures.
type Config struct {
	// Tokens are the bearer tokens accepted, each with its role. Defaults to AdminToken and ReaderToken.
	Tokens map[string]Role
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
	config Config
	mux    *http.ServeMux
	gate   gate

	mu     sync.Mutex      // guards what follows, and is held while a request is performed
	tokens map[string]Role // what each token may do
	store  *store          // the records
}

// New returns a server that is ready to serve.
func New(config Config) *Server {
	config = config.withDefaults()
	s := &Server{
		Controls: simulated.New(config.Clock, config.Faults...), config: config,
		mux: http.NewServeMux(), gate: gate{limit: config.Concurrency},
		tokens: maps.Clone(config.Tokens), store: newStore(config.Clock, config.Zone),
	}
	s.routes()
	// The fixtures are this package's own: a test holds that they are accepted.
	_ = s.Seed(setup()...)
	if !config.Empty {
		_ = s.Seed(Fixtures()...)
	}
	return s
}

// Peak returns the most requests that there were at one time, refused ones included.
func (s *Server) Peak() int { return s.gate.most() }

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
	free := s.gate.enter()
	defer s.gate.leave()
	if refusal := s.turnAway(err, free); refusal != nil {
		refusal.write(x)
	} else {
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
