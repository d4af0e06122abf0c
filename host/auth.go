package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/host/internal/auth"
	"patchbay/host/internal/egress"
	"patchbay/internal/keyfile"
	"patchbay/manifest"
)

// authMethod returns the method with that id, or the manifest's first one for an empty id.
func authMethod(m *manifest.Manifest, id string) (manifest.AuthMethod, error) {
	if len(m.Auth) == 0 {
		return manifest.AuthMethod{Type: "none"}, nil
	}
	if id == "" {
		return m.Auth[0], nil
	}
	var ids []string
	for _, a := range m.Auth {
		if a.ID == id {
			return a, nil
		}
		ids = append(ids, a.ID)
	}
	return manifest.AuthMethod{}, notFound("auth method", id, "is not offered by "+m.Ref()+": it has "+strings.Join(ids, ", "))
}

// issued reports whether a method's credential is a token that a vendor gives out.
func issued(a manifest.AuthMethod) bool { return a.Type == "oauth2" || a.Type == "exchange" }

// Names under which a token that somebody has already may be given in place of a login.
const (
	accessToken  = "access_token"
	refreshToken = "refresh_token"
)

// withoutTokens are the values of a connection's fields.
func withoutTokens(a manifest.AuthMethod, values map[string]string) map[string]string {
	fields := maps.Clone(values)
	if issued(a) {
		delete(fields, accessToken)
		delete(fields, refreshToken)
	}
	return fields
}

// authenticate gets a draft its tokens: those that were given, by a person's consent, or from the vendor for what was typed.
func (h *Host) authenticate(ctx context.Context, m *manifest.Manifest, req ConnectRequest, d *draft) error {
	if !issued(d.method) {
		return nil
	}
	acct := newAccount(m, &d.Connection, d.method, plainFields(m, &d.Connection), d.secrets)
	var tokens auth.Tokens
	var feeds map[string]string
	var err error
	switch {
	case req.Values[accessToken] != "" || req.Values[refreshToken] != "":
		tokens = h.auth.Given(acct, req.Values[accessToken], req.Values[refreshToken])
	case d.method.Grant == "authorization_code":
		tokens, feeds, err = h.consent(ctx, req, acct)
	default:
		tokens, feeds, err = h.auth.Obtain(ctx, acct)
	}
	if err != nil {
		return err
	}
	tokens.Store(d.secrets)
	return d.feed(feeds)
}

// consent takes a person through the vendor's login.
func (h *Host) consent(ctx context.Context, req ConnectRequest, acct auth.Account) (auth.Tokens, map[string]string, error) {
	if req.Visit == nil {
		return auth.Tokens{}, nil, fmt.Errorf("auth method %q needs a login in a browser, or a refresh_token that somebody has already", acct.Method.ID)
	}
	flow, err := h.auth.Begin(acct, req.Redirect)
	if err != nil {
		return auth.Tokens{}, nil, err
	}
	answer, err := req.Visit(ctx, flow.URL)
	if err != nil {
		return auth.Tokens{}, nil, err
	}
	return flow.Finish(ctx, answer)
}

// feed takes over the fields that the vendor's answer brought.
func (d *draft) feed(feeds map[string]string) error {
	for _, name := range sortedKeys(feeds) {
		for _, f := range d.fields {
			if f.Name != name {
				continue
			}
			v, problem := f.Value(feeds[name])
			if problem != "" {
				return fmt.Errorf("the vendor's answer gives the field %q a value that it cannot have: %s", name, problem)
			}
			if f.Secret {
				d.secrets[name] = feeds[name]
				continue
			}
			d.Fields[name] = v
		}
	}
	return nil
}

// Bounds of a request to an authorization server.
const (
	tokenTime = 15 * time.Second
	tokenSize = 64 << 10
)

// sendToken makes a request of an auth method, under the guard that guests' requests have.
func (h *Host) sendToken(ctx context.Context, acct auth.Account, r abi.Request, sign func(*http.Request) error) abi.Response {
	u, err := url.Parse(r.URL)
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.InvalidInput, "connection %s: an address of its auth method is no URL", acct.Connection)}
	}
	cert, err := acct.Certificate()
	if err != nil {
		return abi.Response{Fault: abi.AsFault(err)}
	}
	p := egress.Policy{
		Grants:    []egress.Grant{{ID: "auth", Base: u.Scheme + "://" + u.Host, Methods: []string{r.Method}, Authenticated: true}},
		Authorize: sign, Certificate: cert, NoRedirects: true,
		Limits: abi.Limits{Wall: tokenTime, ResponseBody: tokenSize},
	}
	if acct.Private {
		for _, address := range acct.URLs {
			if a, err := url.Parse(address); err == nil && a.Host == u.Host {
				p.Private = []string{u.Scheme + "://" + u.Host}
			}
		}
	}
	resp, _ := h.egress.Do(ctx, r, p)
	return resp
}

// renewed records that a connection has a new token.
func (h *Host) renewed(ctx context.Context, connection string) {
	if c, err := h.Connection(ctx, connection); err == nil {
		h.recordConnection(ctx, audit.Rotate, c, nil)
	}
}

// dead notes that a connection needs a person, when that is what err says.
func (h *Host) dead(ctx context.Context, connection string, err error) error {
	if !errors.Is(err, auth.ErrReconnect) {
		return err
	}
	if _, known := h.reported.LoadOrStore(connection, true); !known {
		if c, err := h.Connection(ctx, connection); err == nil {
			h.recordConnection(ctx, audit.ReconnectNeeded, c, nil)
		}
		h.cfg.Logger.Warn("a connection needs to be made anew", "connection", connection)
	}
	return err
}

// revoke gives back what a vendor gave out. That it could not be does not keep a connection.
func (h *Host) revoke(ctx context.Context, c Connection) {
	acct, _, err := h.accountOf(ctx, c)
	if err == nil {
		err = h.auth.Revoke(ctx, acct)
	}
	if err != nil {
		h.cfg.Logger.Warn("the vendor may still accept the tokens of a connection that is removed", "connection", c.Name, "err", err)
	}
}

// accountOf reads what package auth must know of a connection, and its secrets.
func (h *Host) accountOf(ctx context.Context, c Connection) (auth.Account, map[string]string, error) {
	o, err := h.open(ctx, c.Connector)
	if err != nil {
		return auth.Account{}, nil, err
	}
	method, err := authMethod(o.m, c.Auth)
	if err != nil {
		return auth.Account{}, nil, err
	}
	secrets, err := h.secretsOf(ctx, c.Name)
	return newAccount(o.m, &c, method, plainFields(o.m, &c), secrets), secrets, err
}

// hold keeps renewals, and others who change connections, away from connections' secrets until unlock is called: a token
// that came meanwhile would be stored for nobody, and the one before it may work no more.
func (h *Host) hold(ctx context.Context, names ...string) (unlock func(), err error) {
	var held []func()
	unlock = func() {
		for _, f := range held {
			f()
		}
	}
	slices.Sort(names) // so that two who want the same do not wait for each other
	for _, name := range slices.Compact(names) {
		release, err := h.locks().Lock(ctx, auth.LockName(name))
		if err != nil {
			unlock()
			return nil, fmt.Errorf("connection %s is in use by a renewal of its token: %w", name, err)
		}
		held = append(held, release)
	}
	return unlock, nil
}

// locks exclude other processes, and other callers in this one, from a connection's credential.
func (h *Host) locks() fileLock { return fileLock{h.cfg.LockDir} }

// sealed is the vault as package auth wants it.
type sealed struct{ Vault }

// Get returns a connection's secrets, of which there may be none, and their revision.
func (s sealed) Get(ctx context.Context, connection string) (map[string]string, uint64, error) {
	return s.GetRevision(ctx, connection)
}

// fileLock excludes the other processes on a folder. A lock ends with its holder's process.
type fileLock struct{ dir string }

// Lock waits until it is this caller's turn.
func (l fileLock) Lock(ctx context.Context, name string) (func(), error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, err
	}
	return keyfile.Lock(ctx, filepath.Join(l.dir, url.PathEscape(name)), keyfile.Exclusive)
}

// secretsOf reads a connection's secrets, of which there may be none.
func (h *Host) secretsOf(ctx context.Context, connection string) (map[string]string, error) {
	secrets, _, err := h.cfg.Vault.GetRevision(ctx, connection)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("secrets of connection %s: %w", connection, err)
	}
	return secrets, nil
}
