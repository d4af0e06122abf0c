package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// Connection is one account's access to a vendor. Its secrets are in the vault.
type Connection struct {
	Name         string            `json:"name"`
	Connector    string            `json:"connector"` // publisher/name
	Auth         string            `json:"auth"`      // id of an auth method
	Fields       map[string]any    `json:"fields,omitempty"`
	URLs         map[string]string `json:"urls,omitempty"` // base URLs that an admin set instead of a grant's own
	AllowPrivate bool              `json:"allow_private,omitempty"`
	CreatedAt    time.Time         `json:"created_at"`
}

// ConnectRequest is what a new connection is made from. Values are text, as a person types them.
type ConnectRequest struct {
	Name      string // defaults to the connector's name
	Connector string
	Auth      string            // defaults to the manifest's first method
	Values    map[string]string // fields and secrets alike, by name
	URLs      map[string]string // base URL by grant id, instead of the manifest's
	// AllowPrivate lets the hosts of URLs be private or loopback addresses, and plain http: for tests and
	// for vendors' software on one's own premises. An admin's decision, never a manifest's.
	AllowPrivate bool
}

// FieldError says which of a connection's values are not right.
type FieldError struct {
	Missing []manifest.Field  // required, and neither given nor defaulted
	Wrong   map[string]string // what is wrong, by name
}

func (e *FieldError) Error() string {
	var parts []string
	if len(e.Missing) > 0 {
		var names []string
		for _, f := range e.Missing {
			names = append(names, f.Name)
		}
		parts = append(parts, "missing: "+strings.Join(names, ", "))
	}
	for _, name := range sortedKeys(e.Wrong) {
		parts = append(parts, name+": "+e.Wrong[name])
	}
	return "connection fields: " + strings.Join(parts, "; ")
}

var connectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Requirements returns the auth method that a connection would use and every field that it has, for a form.
func (h *Host) Requirements(ctx context.Context, connector, auth string) (Installed, manifest.AuthMethod, []manifest.Field, error) {
	o, err := h.open(ctx, connector)
	if err != nil {
		return Installed{}, manifest.AuthMethod{}, nil, err
	}
	method, err := authMethod(o.m, auth)
	if err != nil {
		return Installed{}, manifest.AuthMethod{}, nil, err
	}
	return o.rec, method, append(slices.Clone(o.m.Connection.Fields), method.AllFields()...), nil
}

// Connect makes a connection, or replaces the one of that name. Wrong values give a [FieldError] and change nothing.
func (h *Host) Connect(ctx context.Context, req ConnectRequest) (Connection, error) {
	rec, method, fields, err := h.Requirements(ctx, req.Connector, req.Auth)
	if err != nil {
		return Connection{}, err
	}
	c := Connection{
		Name: req.Name, Connector: rec.Connector, Auth: method.ID, URLs: req.URLs,
		AllowPrivate: req.AllowPrivate, CreatedAt: h.cfg.Now().UTC(),
	}
	if c.Name == "" {
		_, c.Name, _ = strings.Cut(rec.Connector, "/")
	}
	if !connectionName.MatchString(c.Name) {
		return Connection{}, fmt.Errorf("connection name %q: use up to 63 lower-case letters, digits, '.', '_' and '-'", c.Name)
	}
	if err := h.mayReplace(ctx, c); err != nil {
		return Connection{}, err
	}
	if err := checkOverrides(c, rec.Grants); err != nil {
		return Connection{}, err
	}
	var secrets map[string]string
	if c.Fields, secrets, err = readFields(fields, req.Values); err != nil {
		return Connection{}, err
	}
	if err := h.usable(ctx, c, secrets); err != nil {
		return Connection{}, err
	}
	if err := h.save(ctx, c, secrets); err != nil {
		return Connection{}, fmt.Errorf("connect %s: %w", c.Name, err)
	}
	return c, nil
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

// Connection returns the connection of that name. An unknown one matches fs.ErrNotExist.
func (h *Host) Connection(ctx context.Context, name string) (Connection, error) {
	var c Connection
	err := h.get(ctx, h.key("connection", name), &c)
	if errors.Is(err, fs.ErrNotExist) {
		return c, notFound("connection", name, "does not exist")
	}
	return c, err
}

// Connections lists connections by name; connector, "publisher/name", narrows them down unless it is empty.
func (h *Host) Connections(ctx context.Context, connector string) ([]Connection, error) {
	keys, err := h.cfg.Store.Keys(ctx, h.key("connection", ""))
	if err != nil {
		return nil, err
	}
	sort.Strings(keys)
	list := []Connection{}
	for _, k := range keys {
		var c Connection
		if err := h.get(ctx, k, &c); errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		} else if err != nil {
			return nil, err
		}
		if connector == "" || c.Connector == connector {
			list = append(list, c)
		}
	}
	return list, nil
}

// Disconnect removes a connection and its secrets.
func (h *Host) Disconnect(ctx context.Context, name string) error {
	if _, err := h.Connection(ctx, name); err != nil {
		return err
	}
	// The secret first: as long as there is one, the connection can be found and removed again.
	if err := h.cfg.Vault.Delete(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return h.cfg.Store.Delete(ctx, h.key("connection", name))
}

// usable reports what would make every later call of the connection fail: a grant that its values, or an
// admin's base URL, do not resolve to.
func (h *Host) usable(ctx context.Context, c Connection, secrets map[string]string) error {
	o, err := h.open(ctx, c.Connector)
	if err != nil {
		return err
	}
	var fault *abi.Fault
	s, err := newSession(o.m, o.rec.Grants, &c, secrets)
	if errors.As(err, &fault) {
		return nil // a method that this host does not perform yet: the connection may wait for one that does
	}
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

// readFields turns typed text into a connection's fields and secrets.
func readFields(fields []manifest.Field, values map[string]string) (plain map[string]any, secret map[string]string, err error) {
	bad := &FieldError{Wrong: map[string]string{}}
	plain, secret = map[string]any{}, map[string]string{}
	known := map[string]bool{}
	for _, f := range fields {
		known[f.Name] = true
		text, given := values[f.Name]
		switch {
		case !given && f.Default != nil:
			plain[f.Name] = f.Default
		case !given && f.Required:
			bad.Missing = append(bad.Missing, f)
		case !given:
		default:
			v, problem := f.Value(text)
			if problem != "" {
				bad.Wrong[f.Name] = problem
			} else if f.Secret {
				secret[f.Name] = text
			} else {
				plain[f.Name] = v
			}
		}
	}
	for _, name := range sortedKeys(values) {
		if !known[name] {
			bad.Wrong[name] = "no such field"
		}
	}
	if len(bad.Missing) > 0 || len(bad.Wrong) > 0 {
		return nil, nil, bad
	}
	return plain, secret, nil
}

func checkOverrides(c Connection, grants []manifest.Grant) error {
	for _, id := range sortedKeys(c.URLs) {
		if !slices.ContainsFunc(grants, func(g manifest.Grant) bool { return g.ID == id }) {
			return fmt.Errorf("%s has no http grant %q", c.Connector, id)
		}
		u, err := url.Parse(c.URLs[id])
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("base URL of %s: want https://host[:port][/path], got %q", id, c.URLs[id])
		}
		if u.Scheme == "http" && !c.AllowPrivate {
			return fmt.Errorf("base URL of %s: plain http sends the credential in the clear, which only --allow-private permits", id)
		}
	}
	return nil
}

func connectionNames(list []Connection) string {
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// text is a field's value as it stands in a URL template.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(v)
}
