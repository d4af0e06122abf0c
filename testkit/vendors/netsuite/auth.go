package netsuite

import (
	"fmt"
	"net/http"
	"strings"
)

const invalidLogin = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at " +
	"Setup > Users/Roles > User Management > View Login Audit Trail."

// authenticate finds the role that the request's credentials stand for. Every scheme has its case here: it
// turns the header's credentials, and the request they may sign, into a role or a refusal.
func (s *Server) authenticate(r *http.Request) (Role, *failure) {
	header := r.Header.Get("Authorization")
	scheme, credentials, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return Role{}, s.badLogin()
	case strings.EqualFold(scheme, "Bearer"):
		return s.bearer(credentials)
	}
	return Role{}, s.badLogin()
}

// bearer checks an OAuth 2.0 access token.
func (s *Server) bearer(token string) (Role, *failure) {
	if token == "" || strings.ContainsAny(token, " ,\"") {
		f := fail(http.StatusBadRequest, "INVALID_REQUEST", "The Authorization header is malformed.")
		f.challenge("Bearer", s.config.Account, "invalid_request", "The request is malformed.")
		return Role{}, f
	}
	role, ok := s.tokens[token]
	if !ok {
		return Role{}, s.badLogin()
	}
	return role, nil
}

// badLogin is the refusal of unknown or missing credentials.
func (s *Server) badLogin() *failure {
	f := fail(http.StatusUnauthorized, "INVALID_LOGIN", invalidLogin)
	f.challenge("Bearer", s.config.Account, "invalid_token", "Invalid login attempt.")
	return f
}

// challenge adds the WWW-Authenticate header.
func (f *failure) challenge(scheme, realm, code, description string) {
	f.header.Set("WWW-Authenticate", fmt.Sprintf(`%s realm=%q, error=%q, error_description=%q`, scheme, realm, code, description))
}
