package host

import (
	"fmt"
	"maps"
	"net/url"
	"strings"

	"patchbay/abi"
	"patchbay/host/internal/egress"
	"patchbay/manifest"
)

// session is a connection made ready for a call: the part that the guest sees, and the policy that it does not.
type session struct {
	view   *abi.Connection
	policy egress.Policy
}

// newSession resolves the installed grants for a connection and prepares its credential. conn is nil for a
// connector that needs none.
func newSession(m *manifest.Manifest, grants []manifest.Grant, conn *Connection, secrets map[string]string) (session, error) {
	if conn == nil {
		conn = &Connection{Name: "none", Auth: "none"}
	}
	plain := map[string]string{}
	for _, f := range m.Connection.Fields {
		if f.Default != nil && !f.Secret {
			plain[f.Name] = text(f.Default) // of a field that came with a newer version, too
		}
	}
	for name, v := range conn.Fields {
		plain[name] = text(v)
	}
	method, err := authMethod(m, conn.Auth)
	if len(m.Auth) == 0 {
		method, err = manifest.AuthMethod{Type: "none"}, nil
	}
	if err != nil {
		return session{}, err
	}
	all := maps.Clone(plain)
	maps.Copy(all, secrets)
	cred, err := newCredential(method, all, secrets)
	if err != nil {
		return session{}, err
	}
	s := session{
		view: &abi.Connection{Name: conn.Name, Auth: conn.Auth, Fields: conn.Fields, URLs: map[string]string{}},
		policy: egress.Policy{
			Authorize: cred.authorize, Owned: cred.owned, Secrets: cred.secrets,
		},
	}
	for _, g := range grants {
		if err := s.add(g, conn, plain); err != nil {
			return session{}, err
		}
	}
	return s, nil
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
