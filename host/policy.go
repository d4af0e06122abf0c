package host

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"

	"patchbay/abi"
	"patchbay/host/internal/auth"
	"patchbay/host/internal/egress"
	"patchbay/manifest"
)

// session is a connection made ready for a call: the part that the guest sees, and the policy that it does not.
type session struct {
	view   *abi.Connection
	policy egress.Policy // without a credential, which arm brings
	limits []limit
	acct   auth.Account

	mu   sync.Mutex // guards cred
	cred *auth.Credential
}

// newSession resolves the installed grants and the vendor's limits for a connection. conn is nil for a connector that
// needs none.
func newSession(m *manifest.Manifest, grants []manifest.Grant, conn *Connection, secrets map[string]string) (*session, error) {
	if conn == nil {
		conn = &Connection{Name: "none", Auth: "none"}
	}
	method, err := authMethod(m, conn.Auth)
	if err != nil {
		return nil, err
	}
	plain := plainFields(m, conn)
	s := &session{
		view: &abi.Connection{Name: conn.Name, Auth: conn.Auth, Fields: conn.Fields, URLs: map[string]string{}},
		acct: newAccount(m, conn, method, plain, secrets),
	}
	for _, g := range grants {
		if err := s.add(g, conn, plain); err != nil {
			return nil, err
		}
	}
	s.limits, err = limitsFor(m, conn.Name, plain["client_id"], plain, s.view.URLs)
	return s, err
}

// plainFields are a connection's values that are not secret, as text.
func plainFields(m *manifest.Manifest, conn *Connection) map[string]string {
	plain := map[string]string{}
	for _, f := range m.Connection.Fields {
		if f.Default != nil && !f.Secret {
			plain[f.Name] = text(f.Default) // of a field that came with a newer version, too
		}
	}
	for name, v := range conn.Fields {
		plain[name] = text(v)
	}
	return plain
}

func newAccount(m *manifest.Manifest, conn *Connection, method manifest.AuthMethod, plain, secrets map[string]string) auth.Account {
	all := maps.Clone(plain)
	maps.Copy(all, secrets)
	delete(all, auth.Reserved)
	return auth.Account{
		Connection: conn.Name, Method: method, Fields: all, Declared: m.Connection.Fields, URLs: conn.URLs, Private: conn.AllowPrivate,
	}
}

// add resolves one grant: an admin's base URL goes before the manifest's own.
func (s *session) add(g manifest.Grant, conn *Connection, fields map[string]string) error {
	base, overridden := conn.URLs[g.ID]
	if !overridden {
		var err error
		if base, err = manifest.Expand(g.URL, fields, manifest.EscapeURL); err != nil {
			return fmt.Errorf("http grant %s: %w", g.ID, err)
		}
	}
	base = strings.TrimRight(base, "/")
	paths := make([]string, 0, len(g.Paths))
	for _, p := range g.Paths {
		path, err := manifest.Expand(p, fields, manifest.EscapeURL)
		if err != nil {
			return fmt.Errorf("http grant %s: path %s: %w", g.ID, p, err)
		}
		paths = append(paths, path)
	}
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("http grant %s: base URL %q is not a URL", g.ID, base)
	}
	s.view.URLs[g.ID] = base
	s.policy.Grants = append(s.policy.Grants, egress.Grant{
		ID: g.ID, Base: base, Methods: g.Methods, Paths: paths, Authenticated: g.Authenticated(),
	})
	if overridden && conn.AllowPrivate {
		s.policy.Private = append(s.policy.Private, u.Scheme+"://"+u.Host)
	}
	return nil
}

// current is the credential of the moment.
func (s *session) current() *auth.Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cred
}

// use puts a credential in the place of the one before it.
func (s *session) use(c *auth.Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cred = c
}

// arm gets the connection's credential ready, which may take a request to the vendor.
func (s *session) arm(ctx context.Context, h *Host) error {
	c, err := h.auth.Prepare(ctx, s.acct)
	if err != nil {
		return h.dead(ctx, s.acct.Connection, err)
	}
	h.reported.Delete(s.acct.Connection) // another process may have connected it again
	s.use(c)
	return nil
}

// guarded is the session's policy with what its credential brings.
func (s *session) guarded() egress.Policy {
	c, p := s.current(), s.policy
	p.Owned, p.Secrets, p.Certificate = c.Owned, c.Secrets, c.Certificate
	return p
}

// renew replaces the credential after a vendor has refused it, and reports whether there is another one now.
func (s *session) renew(ctx context.Context, h *Host) (bool, error) {
	c, renewed, err := h.auth.Renew(ctx, s.acct, s.current())
	if err != nil {
		return false, h.dead(ctx, s.acct.Connection, err)
	}
	if renewed {
		s.use(c)
	}
	return renewed, nil
}
