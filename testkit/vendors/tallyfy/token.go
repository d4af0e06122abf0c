package tallyfy

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"patchbay/testkit/vendors/oauth"
)

const (
	// applicationLife is how long an application's token lives, as does that of a user who has approved it.
	applicationLife = 7 * 24 * time.Hour
	// exchangedLife is how long a token lives that an application has asked for on a user's behalf.
	exchangedLife = 90 * 24 * time.Hour
)

// App is an application that may ask for tokens.
type App struct {
	oauth.Client
	// Organizations are the ids of those it may act in on behalf of their members.
	Organizations []string
}

// defaultApps are those of [Config.Apps]'s default.
func defaultApps() []App {
	return []App{{
		Client: oauth.Client{
			ID: AppID, Secret: AppSecret, Redirects: []string{oauth.LoopbackRedirect}, LoopbackPort: true,
			Grants: []string{oauth.AuthorizationCode, oauth.RefreshToken, oauth.ClientCredentials},
		},
		Organizations: []string{AcmeOrg},
	}}
}

// newOAuth returns the authorization server of the applications.
func newOAuth(config Config) *oauth.Server {
	clients := []oauth.Client{}
	for _, app := range config.Apps {
		// An id that is no number is unknown, whatever it was registered as.
		if _, err := strconv.Atoi(app.ID); err == nil {
			clients = append(clients, app.Client)
		}
	}
	return oauth.New(oauth.Config{
		Clients: clients, Clock: config.Clock, User: strconv.Itoa(Ada), PKCE: oauth.PKCEOptional, NoIssuer: true,
		Paths:     oauth.Paths{Authorize: "/oauth/authorize", Token: "/oauth/token", Revoke: "/oauth/revoke", Keys: "/oauth/jwks"},
		TokenType: "Bearer", AccessLife: applicationLife,
	})
}

// grant is a token that was copied by its user or exchanged by an application.
type grant struct {
	user    int
	expires time.Time // zero means never
}

// bearer finds whom a token stands for: a user, or else an application. Not ok is neither, or no longer.
func (s *Server) bearer(token string, now time.Time) (user int, app *App, ok bool) {
	if g, known := s.tokens[token]; known {
		return g.user, nil, g.expires.IsZero() || now.Before(g.expires)
	}
	given, known := s.OAuth.Lookup(token)
	if !known {
		return 0, nil, false
	}
	i := slices.IndexFunc(s.config.Apps, func(a App) bool { return a.ID == given.Client })
	if given.Subject == given.Client && i >= 0 {
		return 0, &s.config.Apps[i], true
	}
	user, err := strconv.Atoi(given.Subject)
	return user, nil, err == nil
}

// exchange answers POST /applications/{org}/users/{email}/token: a token with which an application acts for a
// member.
func (s *Server) exchange(c *call) reply {
	user := s.byEmail(c.r.PathValue("email"))
	switch {
	case user == nil:
		return noResource("User")
	case c.org.Roles[user.ID] == "":
		return refused("The user does not belong to this organization.")
	}
	s.exchanged++
	token := "tfy-user-" + rand.Text()
	s.tokens[token] = grant{user: user.ID, expires: c.now.Add(exchangedLife)}
	return reply{status: http.StatusOK, body: object{
		"token_type": "Bearer", "expires_in": int(exchangedLife / time.Second), "access_token": token,
	}}
}

// byEmail is the user with the address, or nil.
func (s *Server) byEmail(email string) *User {
	for _, user := range s.store.users {
		if strings.EqualFold(user.Email, email) {
			return user
		}
	}
	return nil
}

// Exchanged returns how many tokens applications were given on behalf of users.
func (s *Server) Exchanged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exchanged
}
