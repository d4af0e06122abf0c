package tallyfy

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is one authorised request.
type call struct {
	r    *http.Request
	user *User
	org  *tenant // nil for the paths above organisations
	now  time.Time
	base string // what links begin with
}

// endpoint answers a call. The server's lock is held while it runs.
type endpoint func(*call) reply

// window is one minute of one organisation's requests.
type window struct {
	start time.Time
	count int
}

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
	id, known := s.tokens[token]
	if c.r.Header.Get("X-Tallyfy-Client") == "" || !strings.EqualFold(scheme, "Bearer") || !known {
		return unauthenticated(), false
	}
	if c.user = s.store.users[id]; c.user == nil {
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

// spend takes one request from the organisation's minute, which begins with its first request.
func (s *Server) spend(org string, now time.Time, header http.Header) (reply, bool) {
	limit := s.config.RatePerMinute
	if limit < 0 {
		return reply{}, true
	}
	minute := s.spent[org]
	if now.Sub(minute.start) >= time.Minute {
		minute = window{start: now}
	}
	minute.count++
	s.spent[org] = minute
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-minute.count)))
	if minute.count <= limit {
		return reply{}, true
	}
	refusal := tooMany()
	wait := time.Minute - now.Sub(minute.start)
	refusal.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	return refusal, false
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
