package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"patchbay/audit"
)

// Saved is a connection with its secrets, as a backup keeps it.
type Saved struct {
	Connection
	Secrets map[string]string
}

// Restore makes connections out of a backup. They need not have their connector installed yet. All of them are
// checked before the first is made: if one exists, the error matches fs.ErrExist and nothing was changed, unless
// replace says that the backup's are to take their place.
func (h *Host) Restore(ctx context.Context, saved []Saved, replace bool) error {
	if err := h.recorder.settle(ctx); err != nil {
		return err
	}
	var names []string
	for _, c := range saved {
		if err := c.check(); err != nil {
			return err
		}
		names = append(names, c.Name)
	}
	unlock, err := h.hold(ctx, names...)
	if err != nil {
		return err
	}
	defer unlock()
	exist, err := h.existing(ctx, saved)
	if err != nil {
		return err
	}
	if len(exist) > 0 && !replace {
		return fmt.Errorf("restore connections: %w: %s", fs.ErrExist, strings.Join(exist, ", "))
	}
	for _, c := range saved {
		if err := h.save(ctx, c.Connection, c.Secrets); err != nil {
			return fmt.Errorf("restore connection %s: %w", c.Name, err)
		}
		kind := audit.Connect
		if slices.Contains(exist, c.Name) {
			kind = audit.Replace
		}
		h.reported.Delete(c.Name)
		h.recordConnection(ctx, kind, c.Connection, decisions(c.Connection))
	}
	return nil
}

// check refuses what [Host.Connect] would not have made.
func (c Saved) check() error {
	if !connectionName.MatchString(c.Name) || c.Connector == "" {
		return fmt.Errorf("restore connection %q of %q: it is none", c.Name, c.Connector)
	}
	for _, id := range sortedKeys(c.URLs) {
		if err := checkOverride(id, c.URLs[id], c.AllowPrivate); err != nil {
			return fmt.Errorf("restore connection %s: %w", c.Name, err)
		}
	}
	return nil
}

// existing lists the connections that are there already.
func (h *Host) existing(ctx context.Context, saved []Saved) ([]string, error) {
	var list []string
	for _, c := range saved {
		switch _, err := h.Connection(ctx, c.Name); {
		case err == nil:
			list = append(list, c.Name)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return list, nil
}

// save stores a connection and its secrets. The old record goes first and the new one comes last: a crash in
// between leaves a secret without a connection, never a new secret with an old address.
func (h *Host) save(ctx context.Context, c Connection, secrets map[string]string) error {
	key := h.key("connection", c.Name)
	if err := h.cfg.Store.Delete(ctx, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := h.cfg.Vault.Put(ctx, c.Name, secrets); err != nil {
		return err
	}
	return h.put(ctx, key, c)
}
