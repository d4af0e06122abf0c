package tallyfy

import (
	"cmp"
	"net/http"
	"path"
	"sync"
	"time"

	"patchbay/testkit/vendors/oauth"
	"patchbay/testkit/vendors/simulated"
)

// The tokens of the fixtures. They are made up and open nothing else.
const (
	// AdminToken is Ada's, who is an admin of both organisations.
	AdminToken = "tfy-admin-7c1e0d5b94a2"
	// StandardToken is Stan's, a standard member of AcmeOrg only.
	StandardToken = "tfy-standard-2f86b3a90e17"

	// AppID and AppSecret are an application that may act for members of AcmeOrg.
	AppID     = "2041"
	AppSecret = "tfs-app-4c0e+9b/71=a5"
)

// Config describes a server. Its zero value is a server with the fixtures.
type Config struct {
	// Tokens are the bearer tokens accepted, each with the id of its user.
	// Defaults to AdminToken and StandardToken.
	Tokens map[string]int
	// Apps are the applications registered, whose ids must be numbers. Defaults to AppID.
	Apps []App
	// Empty starts the server without the fixtures: see Seed.
	Empty bool
	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time
	// IDs is the seed of the ids given out: equal seeds, equal ids in the same order. Defaults to "1".
	IDs string
	// BaseURL begins the links in answers, such as https://go.tallyfy.com/api.
	// Defaults to /api at the host that the request names.
	BaseURL string
	// Faults are rules in force from the start: see [simulated.Controls.Fail].
	Faults []simulated.Rule
	// RatePerMinute is how many requests an organisation may make in any 60 seconds.
	// Defaults to 100; a negative number means no limit.
	RatePerMinute int
	// Links is the form of meta.pagination.links. Defaults to LinksObject.
	Links LinkForm
	// Legacy serves the paths and bodies of old guides as well.
	Legacy bool
}

// withDefaults returns the config with its zero values filled in.
func (c Config) withDefaults() Config {
	if c.Tokens == nil {
		c.Tokens = map[string]int{AdminToken: Ada, StandardToken: Stan}
	}
	if c.Apps == nil {
		c.Apps = defaultApps()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.IDs = cmp.Or(c.IDs, "1")
	c.RatePerMinute = cmp.Or(c.RatePerMinute, 100)
	return c
}

// Server is a Tallyfy in memory, safe for concurrent use.
type Server struct {
	// Controls make requests fail, list those that came, and end those that wait.
	*simulated.Controls
	// OAuth is the authorization server of the applications, to change and to ask. Its requests are filed here,
	// and faults for them belong here.
	OAuth  *oauth.Server
	config Config
	mux    *http.ServeMux

	mu        sync.Mutex         // guards what follows, and is held while a request is performed
	tokens    map[string]grant   // those that were copied or exchanged
	store     store              // everything there is
	spent     map[string]*window // the last minute of each organisation
	throttled int                // requests beyond the limit
	busiest   int                // most arrivals of an organisation in a minute
	exchanged int                // tokens given to applications
}

// New returns a server that is ready to serve.
func New(config Config) *Server {
	config = config.withDefaults()
	s := &Server{
		Controls: simulated.New(config.Clock, config.Faults...), config: config, mux: http.NewServeMux(),
		OAuth: newOAuth(config), tokens: map[string]grant{}, store: newStore(config.IDs), spent: map[string]*window{},
	}
	for token, user := range config.Tokens {
		s.tokens[token] = grant{user: user}
	}
	s.routes()
	if !config.Empty {
		s.Seed(Fixtures())
	}
	return s
}

// Accept makes a token stand for a user from now on.
func (s *Server) Accept(token string, user int) { s.AcceptUntil(token, user, time.Time{}) }

// AcceptUntil makes a token stand for a user until it expires. The zero time is never.
func (s *Server) AcceptUntil(token string, user int, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = grant{user: user, expires: expires}
}

// Revoke ends a token at once, as logging out of the web application does.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}

// ServeHTTP files the request, performs it unless a fault forbids, and delivers its answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, err := simulated.Receive(s.Controls, r)
	if err != nil {
		refuse(http.StatusRequestEntityTooLarge, "", "Payload too large.").write(x)
	} else if s.OAuth.Serves(r.URL.Path) {
		x.Perform(s.OAuth.Perform, oauth.Refuse)
	} else {
		x.Perform(s.perform, func(w http.ResponseWriter, status int) { failure(status).write(w) })
	}
	x.Send(w)
}

// perform answers the request by its route.
func (s *Server) perform(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, tidy(r)) }

// tidy returns the request with doubled and trailing slashes removed, which the real server tolerates.
func tidy(r *http.Request) *http.Request {
	clean := r.Clone(r.Context())
	clean.URL.Path = path.Clean("/" + r.URL.Path)
	if r.URL.RawPath != "" {
		clean.URL.RawPath = path.Clean("/" + r.URL.RawPath)
	}
	return clean
}
