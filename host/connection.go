package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"patchbay/audit"
)

// Connection is one account's access to a vendor. Its secrets are in the vault.
type Connection struct {
	Name         string            `json:"name"`
	Connector    string            `json:"connector"`     // publisher/name
	Auth         string            `json:"auth"`          // id of an auth method
	Env          string            `json:"env,omitempty"` // what it is for, such as dev, test or prod
	Fields       map[string]any    `json:"fields,omitempty"`
	URLs         map[string]string `json:"urls,omitempty"` // addresses that an admin set instead of the manifest's, see [ConnectRequest]
	AllowPrivate bool              `json:"allow_private,omitempty"`
	CreatedAt    time.Time         `json:"created_at"`
}

var (
	connectionName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	envLabel       = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,31})?$`)
)

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

// Disconnect removes a connection and its secrets. What the vendor gave out is revoked first, if it takes that.
func (h *Host) Disconnect(ctx context.Context, name string) error {
	if err := h.recorder.settle(ctx); err != nil {
		return err
	}
	unlock, err := h.hold(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := h.Connection(ctx, name)
	if err != nil {
		return err
	}
	h.revoke(ctx, c)
	if err := h.remove(ctx, name); err != nil {
		return err
	}
	h.reported.Delete(name)
	h.recordConnection(ctx, audit.Disconnect, c, nil)
	return nil
}

// remove deletes a connection, its secret first: as long as there is one, the connection can be found and removed again.
func (h *Host) remove(ctx context.Context, name string) error {
	if err := h.cfg.Vault.Delete(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return h.cfg.Store.Delete(ctx, h.key("connection", name))
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
