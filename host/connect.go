package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"patchbay/audit"
	"patchbay/manifest"
)

// ConnectRequest is what a new connection is made from. Values are text, as a person types them.
type ConnectRequest struct {
	Name      string // defaults to the connector's name
	Connector string
	Auth      string            // defaults to the manifest's first method
	Env       string            // what the connection is for, such as dev, test or prod; may be empty
	Values    map[string]string // fields and secrets alike, by name
	// URLs are base URLs by grant id, instead of the manifest's, and addresses of the auth method: authorize_url,
	// token_url, revoke_url, and step:0, step:1 and so on of an exchange.
	URLs map[string]string
	// AllowPrivate lets the hosts of URLs be private or loopback addresses, and plain http: for tests and
	// for vendors' software on one's own premises. An admin's decision, never a manifest's.
	AllowPrivate bool

	// Visit shows a person an address to open in a browser, waits for the vendor to send the browser back to
	// Redirect, and returns the whole address that it was sent to. Only methods that need a person's consent call it.
	Visit func(ctx context.Context, address string) (answer string, err error)
	// Redirect is where the vendor sends the browser, exactly as it is registered there.
	Redirect string
}

// Requirements returns the auth method that a connection would use and every field that it has, for a form. Fields
// that the vendor's answer brings are not required.
func (h *Host) Requirements(ctx context.Context, connector, auth string) (Installed, manifest.AuthMethod, []manifest.Field, error) {
	o, err := h.open(ctx, connector)
	if err != nil {
		return Installed{}, manifest.AuthMethod{}, nil, err
	}
	method, err := authMethod(o.m, auth)
	if err != nil {
		return Installed{}, manifest.AuthMethod{}, nil, err
	}
	fields := append(slices.Clone(o.m.Connection.Fields), method.AllFields()...)
	for i, f := range fields {
		if _, fed := method.Feeds[f.Name]; fed {
			fields[i].Required = false
		}
	}
	return o.rec, method, fields, nil
}

// draft is a connection that is being made.
type draft struct {
	Connection
	method  manifest.AuthMethod
	fields  []manifest.Field
	secrets map[string]string
}

// Connect makes a connection, or replaces the one of that name. Wrong values give a [FieldError] and change nothing;
// neither does a vendor that refuses them, where the method asks it for a token.
func (h *Host) Connect(ctx context.Context, req ConnectRequest) (Connection, error) {
	if err := h.recorder.settle(ctx); err != nil {
		return Connection{}, err
	}
	d, err := h.draft(ctx, req)
	if err != nil {
		return Connection{}, err
	}
	o, err := h.open(ctx, d.Connector)
	if err != nil {
		return Connection{}, err
	}
	if err := h.authenticate(ctx, o.m, req, d); err != nil {
		return Connection{}, err
	}
	if err := d.complete(); err != nil {
		return Connection{}, err
	}
	if err := h.usable(o.m, o.rec.Grants, d); err != nil {
		return Connection{}, err
	}
	unlock, err := h.hold(ctx, d.Name)
	if err != nil {
		return Connection{}, err
	}
	defer unlock()
	if err := h.mayReplace(ctx, d.Connection); err != nil { // somebody else may have been quicker than a login
		return Connection{}, err
	}
	kind := audit.Replace
	if _, err := h.Connection(ctx, d.Name); errors.Is(err, fs.ErrNotExist) {
		kind = audit.Connect
	}
	if err := h.save(ctx, d.Connection, d.secrets); err != nil {
		return Connection{}, fmt.Errorf("connect %s: %w", d.Name, err)
	}
	h.reported.Delete(d.Name)
	h.recordConnection(ctx, kind, d.Connection, decisions(d.Connection))
	return d.Connection, nil
}

// decisions are what an admin decided about a connection, for the audit log.
func decisions(c Connection) map[string]string {
	detail := map[string]string{"auth": c.Auth}
	if c.AllowPrivate {
		detail["private"] = "allowed"
	}
	for _, name := range sortedKeys(c.URLs) {
		detail["url "+name] = hostOf(c.URLs[name])
	}
	return detail
}

// draft checks names and values, as far as that needs no vendor.
func (h *Host) draft(ctx context.Context, req ConnectRequest) (*draft, error) {
	rec, method, fields, err := h.Requirements(ctx, req.Connector, req.Auth)
	if err != nil {
		return nil, err
	}
	d := &draft{Connection: newConnection(req, rec, method), method: method, fields: fields}
	d.CreatedAt = h.cfg.Now().UTC()
	if !connectionName.MatchString(d.Name) {
		return nil, badName(d.Name)
	}
	if !envLabel.MatchString(d.Env) {
		return nil, fmt.Errorf("env %q: use up to 32 lower-case letters, digits and '-', such as prod", d.Env)
	}
	if err := h.mayReplace(ctx, d.Connection); err != nil {
		return nil, err
	}
	if err := checkOverrides(d.Connection, method, rec.Grants); err != nil {
		return nil, err
	}
	d.Fields, d.secrets, err = readFields(fields, withoutTokens(method, req.Values))
	return d, err
}

func badName(name string) error {
	return fmt.Errorf("connection name %q: use up to 63 lower-case letters, digits, '.', '_' and '-'", name)
}

func newConnection(req ConnectRequest, rec Installed, method manifest.AuthMethod) Connection {
	c := Connection{
		Name: req.Name, Connector: rec.Connector, Auth: method.ID, Env: req.Env, URLs: req.URLs, AllowPrivate: req.AllowPrivate,
	}
	if c.Name == "" {
		_, c.Name, _ = strings.Cut(rec.Connector, "/")
	}
	return c
}

// complete makes sure that what the vendor was to bring is there.
func (d *draft) complete() error {
	for _, name := range sortedKeys(d.method.Feeds) {
		i := slices.IndexFunc(d.fields, func(f manifest.Field) bool { return f.Name == name })
		_, plain := d.Fields[name]
		_, secret := d.secrets[name]
		if !plain && !secret && i >= 0 && d.fields[i].Default == nil {
			return &FieldError{Missing: []manifest.Field{d.fields[i]}}
		}
	}
	return nil
}

// mayReplace refuses to hand one connector's connection to another under the same name.
func (h *Host) mayReplace(ctx context.Context, c Connection) error {
	old, err := h.Connection(ctx, c.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && old.Connector != c.Connector {
		return fmt.Errorf("connection %q belongs to %s: choose another name", c.Name, old.Connector)
	}
	return err
}

// usable reports what would make every later call of the connection fail: a grant that its values, or an
// admin's base URL, do not resolve to.
func (h *Host) usable(m *manifest.Manifest, grants []manifest.Grant, d *draft) error {
	s, err := newSession(m, grants, &d.Connection, d.secrets)
	if err != nil {
		return err
	}
	for _, g := range s.policy.Grants {
		if err := g.Validate(); err != nil {
			return fmt.Errorf("http grant %s: %w", g.ID, err)
		}
	}
	return nil
}

// checkOverrides looks at the addresses that an admin put in the place of the manifest's.
func checkOverrides(c Connection, method manifest.AuthMethod, grants []manifest.Grant) error {
	for _, id := range sortedKeys(c.URLs) {
		grant := slices.ContainsFunc(grants, func(g manifest.Grant) bool { return g.ID == id })
		if !grant && !slices.ContainsFunc(servers(method), func(s server) bool { return s.name == id }) {
			return fmt.Errorf("%s has no http grant %q, and its auth method %s no address of that name", c.Connector, id, method.ID)
		}
		if err := checkOverride(id, c.URLs[id], c.AllowPrivate); err != nil {
			return err
		}
	}
	return nil
}

func checkOverride(id, address string, private bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("base URL of %s: want https://host[:port][/path], got %q", id, address)
	}
	if u.Scheme == "http" && !private {
		return fmt.Errorf("base URL of %s: plain http sends the credential in the clear, which only --allow-private permits", id)
	}
	return nil
}
