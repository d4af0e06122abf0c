package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"patchbay/audit"
)

// Rename gives a connection another name. Its credential and everything about it stay. A name that is taken matches
// fs.ErrExist.
func (h *Host) Rename(ctx context.Context, from, to string) (Connection, error) {
	if err := h.recorder.settle(ctx); err != nil {
		return Connection{}, err
	}
	if !connectionName.MatchString(to) {
		return Connection{}, badName(to)
	}
	unlock, err := h.hold(ctx, from, to)
	if err != nil {
		return Connection{}, err
	}
	defer unlock()
	c, err := h.Connection(ctx, from)
	if err != nil {
		return Connection{}, err
	}
	if _, err := h.Connection(ctx, to); !errors.Is(err, fs.ErrNotExist) {
		return Connection{}, errors.Join(err, fmt.Errorf("connection %q: %w", to, fs.ErrExist))
	}
	secrets, err := h.secretsOf(ctx, from)
	if err != nil {
		return Connection{}, err
	}
	c.Name = to
	if err := h.save(ctx, c, secrets); err != nil {
		return Connection{}, fmt.Errorf("rename connection %s: %w", from, err)
	}
	if err := h.remove(ctx, from); err != nil {
		return Connection{}, fmt.Errorf("connection %s was copied to %s, but not removed: %w", from, to, err)
	}
	h.recordConnection(ctx, audit.Rename, c, map[string]string{"from": from})
	return c, nil
}

// Rotate replaces the credential of a connection: req's values go before those that it has, and whatever a vendor
// gave out is asked for anew. Name, connector, method, addresses and label stay; req names the connection and how a
// person is asked.
func (h *Host) Rotate(ctx context.Context, req ConnectRequest) (Connection, error) {
	old, err := h.Connection(ctx, req.Name)
	if err != nil {
		return Connection{}, err
	}
	secrets, err := h.secretsOf(ctx, req.Name)
	if err != nil {
		return Connection{}, err
	}
	_, _, fields, err := h.Requirements(ctx, old.Connector, old.Auth)
	if err != nil {
		return Connection{}, err
	}
	values := map[string]string{}
	for _, f := range fields {
		if v, ok := old.Fields[f.Name]; ok {
			values[f.Name] = text(v)
		}
		if v, ok := secrets[f.Name]; ok {
			values[f.Name] = v
		}
	}
	for name, v := range req.Values {
		values[name] = v
	}
	return h.Connect(ctx, ConnectRequest{
		Name: old.Name, Connector: old.Connector, Auth: old.Auth, Env: old.Env, Values: values, URLs: old.URLs,
		AllowPrivate: old.AllowPrivate, Visit: req.Visit, Redirect: req.Redirect,
	})
}
