package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"
)

// ErrSealed says that a stored record does not open: another master key sealed it, it was changed, or it
// belongs to another connection. Nothing of its content is in the error.
var ErrSealed = errors.New("the sealed record does not open")

// Store keeps sealed records by key. A missing key matches fs.ErrNotExist on Get and is no error on Delete.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Config says where the sealed records and the master key are.
type Config struct {
	// Store keeps the records, required. It should hold nothing else.
	Store Store
	// KeyFile is the path of the master key, required. It is made on first use.
	KeyFile string
	// Workspace is the team that the credentials belong to. Defaults to "default".
	Workspace string
}

// Vault holds the credentials of one workspace. Its methods may be called from several goroutines, and
// several processes may open the same one.
type Vault struct {
	store     Store
	master    master
	workspace string
}

// Open reads the master key, or makes one if there is none and nothing was ever sealed.
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	if cfg.Store == nil || cfg.KeyFile == "" {
		return nil, errors.New("open vault: a store and a key file are needed (Config.Store, Config.KeyFile)")
	}
	m, err := openMaster(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return &Vault{store: cfg.Store, master: m, workspace: cmp.Or(cfg.Workspace, "default")}, nil
}

// Put replaces all secrets of a connection, by name, in one step. Names are UTF-8; values are any bytes.
func (v *Vault) Put(ctx context.Context, connection string, secrets map[string]string) error {
	p, err := v.place(connection)
	if err != nil {
		return fmt.Errorf("seal secrets: %w", err)
	}
	for name := range secrets {
		if !utf8.ValidString(name) {
			return fmt.Errorf("seal secrets of connection %q: the name %q is not UTF-8", connection, name)
		}
	}
	record, err := v.master.seal(p, secrets)
	if err != nil {
		return fmt.Errorf("seal secrets of connection %q: %w", connection, err)
	}
	if err := v.store.Put(ctx, p.key(), record); err != nil {
		return fmt.Errorf("store secrets of connection %q: %w", connection, err)
	}
	return nil
}

// Get returns all secrets of a connection. A connection without any matches fs.ErrNotExist; a record that
// does not open matches [ErrSealed].
func (v *Vault) Get(ctx context.Context, connection string) (map[string]string, error) {
	p, err := v.place(connection)
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	record, err := v.store.Get(ctx, p.key())
	if err != nil {
		return nil, fmt.Errorf("read secrets of connection %q: %w", connection, err)
	}
	secrets, err := v.master.open(p, record)
	if err != nil {
		return nil, fmt.Errorf("read secrets of connection %q: %w", connection, err)
	}
	return secrets, nil
}

// Delete removes all secrets of a connection. A connection without any is no error.
func (v *Vault) Delete(ctx context.Context, connection string) error {
	p, err := v.place(connection)
	if err != nil {
		return fmt.Errorf("delete secrets: %w", err)
	}
	if err := v.store.Delete(ctx, p.key()); err != nil {
		return fmt.Errorf("delete secrets of connection %q: %w", connection, err)
	}
	return nil
}

func (v *Vault) place(connection string) (place, error) {
	if connection == "" {
		return place{}, errors.New("the connection has no name")
	}
	return place{workspace: v.workspace, connection: connection, field: "secrets"}, nil
}

// place is where a record belongs.
type place struct{ workspace, connection, field string }

func (p place) key() string {
	return url.PathEscape(p.workspace) + "/" + url.PathEscape(p.connection) + "/" + p.field
}
