package netsuite

import (
	"fmt"
	"net/http"
	"slices"
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
	case strings.EqualFold(scheme, "OAuth"):
		return s.passport(r, credentials)
	}
	return Role{}, s.badLogin()
}

// bearer checks an OAuth 2.0 access token: one of Config.Tokens, or one that the token endpoint gave.
func (s *Server) bearer(token string) (Role, *failure) {
	if token == "" || strings.ContainsAny(token, " ,\"") {
		f := fail(http.StatusBadRequest, "INVALID_REQUEST", "The Authorization header is malformed.")
		f.challenge("Bearer", s.config.Account, "invalid_request", "The request is malformed.")
		return Role{}, f
	}
	role, ok := s.tokens[token]
	if ok && (role.Expires.IsZero() || s.config.Clock().Before(role.Expires)) {
		return role, nil
	}
	given, ok := s.OAuth.Lookup(token)
	if !ok {
		return Role{}, s.badLogin()
	}
	if !slices.Contains(strings.Fields(given.Scope), restScope) {
		return Role{}, fail(http.StatusForbidden, "INSUFFICIENT_PERMISSION", "The token's scope does not include REST web services.")
	}
	return Role{}, nil
}

// badLogin is the refusal of unknown or missing credentials.
func (s *Server) badLogin() *failure {
	return s.refuseLogin("Bearer", "invalid_token")
}

// refuseLogin says nothing of what is wrong but the reason in its challenge.
func (s *Server) refuseLogin(scheme, reason string) *failure {
	f := fail(http.StatusUnauthorized, "INVALID_LOGIN", invalidLogin)
	f.challenge(scheme, s.config.Account, reason, "Invalid login attempt.")
	return f
}

// challenge adds the WWW-Authenticate header.
func (f *failure) challenge(scheme, realm, code, description string) {
	f.header.Set("WWW-Authenticate", fmt.Sprintf(`%s realm=%q, error=%q, error_description=%q`, scheme, realm, code, description))
}
