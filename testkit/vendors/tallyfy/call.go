package tallyfy

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// call is one authorised request.
type call struct {
	r    *http.Request
	user *User   // nil for an application's call
	org  *tenant // nil for the paths above organisations
	now  time.Time
	base string // what links begin with
}

// endpoint answers a call. The server's lock is held while it runs.
type endpoint func(*call) reply

// handle makes an endpoint a handler behind the checks that every request passes.
func (s *Server) handle(run endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		c := &call{r: r, now: s.config.Clock().UTC(), base: s.base(r)}
		refusal, ok := s.admit(c, w)
		if !ok {
			refusal.write(w)
			return
		}
		run(c).write(w)
	}
}

// admit checks client header, token, organisation and rate, in this order. Not ok comes with the refusal.
func (s *Server) admit(c *call, w http.ResponseWriter) (reply, bool) {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	user, app, ok := s.bearer(token, c.now)
	if c.r.Header.Get("X-Tallyfy-Client") == "" || !strings.EqualFold(scheme, "Bearer") || !ok {
		return unauthenticated(), false
	}
	if app != nil != strings.HasPrefix(c.r.URL.Path, applications) {
		return unauthenticated(), false // an application's token is good for nothing else, and nothing else for it
	}
	if app != nil {
		return s.admitApp(c, app, w)
	}
	if c.user = s.store.users[user]; c.user == nil {
		return unauthenticated(), false
	}
	home := c.user.Home
	if named := c.r.PathValue("org"); named != "" {
		c.org, home = s.store.tenants[named], named
		if c.org == nil || c.org.Roles[c.user.ID] == "" {
			return forbidden(), false
		}
	}
	return s.spend(home, c.now, w.Header())
}

// admitApp checks organisation and rate of an application's call.
func (s *Server) admitApp(c *call, app *App, w http.ResponseWriter) (reply, bool) {
	named := c.r.PathValue("org")
	if c.org = s.store.tenants[named]; c.org == nil || !slices.Contains(app.Organizations, named) {
		return forbidden(), false
	}
	return s.spend(named, c.now, w.Header())
}

// base is what links in answers begin with.
func (s *Server) base(r *http.Request) string {
	if s.config.BaseURL != "" {
		return strings.TrimSuffix(s.config.BaseURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + "/api"
}

// query returns a query parameter.
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// admin reports whether the call's user is an admin of the organisation.
func (c *call) admin() bool { return c.org.Roles[c.user.ID] == roleAdmin }

// with reports which includes the call asks for.
func (c *call) with() map[string]bool {
	includes := map[string]bool{}
	for _, name := range strings.Split(c.query("with"), ",") {
		includes[strings.TrimSpace(name)] = true
	}
	return includes
}
