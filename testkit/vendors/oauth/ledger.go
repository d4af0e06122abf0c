package oauth

import (
	"crypto/rand"
	"fmt"
	"slices"
	"time"
)

// codeLife is how long a code works.
const codeLife = 60 * time.Second

// family is everything that came from one approval, or from one request of a client for itself.
type family struct {
	id, client, subject, scope string
	revoked                    bool
}

// approval is what a user is asked and, once approved, what its code stands for.
type approval struct {
	family        *family // nil until it is approved
	client, scope string
	redirect      string // as the request said it
	state         string
	challenge     string // S256 of the verifier, "" without PKCE
	expires       time.Time
	spent         bool
}

// accessToken is an access token that was given out.
type accessToken struct {
	family  *family
	scope   string
	expires time.Time
	revoked bool
}

// refreshToken is a refresh token that was given out.
type refreshToken struct {
	family   *family
	expires  time.Time
	replaced time.Time // zero while it is the newest
}

// ledger is what was given out.
type ledger struct {
	codes   map[string]*approval
	access  map[string]*accessToken
	refresh map[string]*refreshToken
	opened  int // families so far
	revoked []Revocation
}

func newLedger() ledger {
	return ledger{codes: map[string]*approval{}, access: map[string]*accessToken{}, refresh: map[string]*refreshToken{}}
}

// open begins a family.
func (l *ledger) open(client, subject, scope string) *family {
	l.opened++
	return &family{id: fmt.Sprint("family-", l.opened), client: client, subject: subject, scope: scope}
}

// revoke ends every token of the family.
func (l *ledger) revoke(f *family, reason string) {
	if f == nil || f.revoked {
		return
	}
	f.revoked = true
	l.revoked = append(l.revoked, Revocation{Family: f.id, Client: f.client, Subject: f.subject, Reason: reason})
}

// familyOf is the family of an access or refresh token, or nil.
func (l *ledger) familyOf(token string) *family {
	if t := l.access[token]; t != nil {
		return t.family
	}
	if t := l.refresh[token]; t != nil {
		return t.family
	}
	return nil
}

// Revocation is a family that was revoked.
type Revocation struct {
	Family, Client, Subject string
	// Reason is "code replay", "refresh token reuse", "revocation request" or "test".
	Reason string
}

// Revoked returns the families that were revoked, in order.
func (s *Server) Revoked() []Revocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger.revoked)
}

// Token is what a bearer token stands for.
type Token struct {
	Client, Subject, Scope string
	Expires                time.Time
}

// Lookup returns what an access token stands for. Not ok is one that is unknown, revoked or has expired.
func (s *Server) Lookup(access string) (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookup(access)
}

func (s *Server) lookup(access string) (Token, bool) {
	t := s.ledger.access[access]
	if t == nil || t.revoked || t.family.revoked || !s.config.Clock().Before(t.expires) {
		return Token{}, false
	}
	return Token{Client: t.family.client, Subject: t.family.subject, Scope: t.scope, Expires: t.expires}, true
}

// Revoke ends the family of an access or refresh token, as a user does who takes an approval back. It reports
// whether the token is one of this server.
func (s *Server) Revoke(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.ledger.familyOf(token)
	s.ledger.revoke(f, "test")
	return f != nil
}

// Issue gives a client tokens for a subject as if the subject had approved, of a family of their own. The
// refresh token is "" when the client gets none.
func (s *Server) Issue(client, subject, scope string) (access, refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	registered := s.clients[client]
	if registered == nil {
		registered = &Client{ID: client}
	}
	c := &call{Server: s, now: s.config.Clock(), base: s.config.Issuer}
	f := s.ledger.open(client, subject, scope)
	return c.giveAccess(f, scope), c.giveRefresh(f, registered)
}

// secret returns an unguessable name.
func secret(prefix string) string { return prefix + "-" + rand.Text() }
