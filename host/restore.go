package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
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
	names := make([]string, len(saved))
	for i, c := range saved {
		names[i] = c.Name
	}
	unlock, err := h.hold(ctx, names...)
	if err != nil {
		return err
	}
	defer unlock()
	var exist []string
	for _, c := range saved {
		if !connectionName.MatchString(c.Name) || c.Connector == "" {
			return fmt.Errorf("restore connection %q of %q: it is none", c.Name, c.Connector)
		}
		_, err := h.Connection(ctx, c.Name)
		if err == nil {
			exist = append(exist, c.Name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(exist) > 0 && !replace {
		return fmt.Errorf("restore connections: %w: %s", fs.ErrExist, strings.Join(exist, ", "))
	}
	for _, c := range saved {
		if err := h.save(ctx, c.Connection, c.Secrets); err != nil {
			return fmt.Errorf("restore connection %s: %w", c.Name, err)
		}
	}
	return nil
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
