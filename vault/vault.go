package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"patchbay/internal/keyfile"
)

// ErrSealed says that a stored record does not open: another master key sealed it, it was changed, or it
// belongs to another connection. Nothing of its content is in the error.
var ErrSealed = errors.New("the sealed record does not open")

// ErrConflict says that a connection's secrets no longer have the revision that the caller gave: read them again.
var ErrConflict = errors.New("the secrets were changed by another writer")

// Store keeps sealed records by key. Each write of a key gives it a new revision. A missing key matches
// fs.ErrNotExist on GetRevision and is no error on Delete; an existing one matches fs.ErrExist on Create. Update
// fails, in a way that Config.IsConflict knows, unless the key has the revision.
type Store interface {
	GetRevision(ctx context.Context, key string) (value []byte, revision uint64, err error)
	Put(ctx context.Context, key string, value []byte) error
	Create(ctx context.Context, key string, value []byte) error
	Update(ctx context.Context, key string, value []byte, revision uint64) error
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Config says where the sealed records and the master key are.
type Config struct {
	// Store keeps the records, required. It should hold nothing else.
	Store Store
	// IsConflict says whether an error of Store.Update means that the key has another revision, required.
	IsConflict func(error) bool
	// KeyFile is the path of the master key, required unless Key is given. It is made on first use.
	KeyFile string
	// Key is the master key itself, instead of a file: identities with white space between them, the one to seal
	// with first.
	Key Secret
	// Workspace is the team that the credentials belong to. Defaults to "default".
	Workspace string
}

func (c Config) validate() error {
	switch {
	case c.Store == nil:
		return errors.New("no store was given (Config.Store)")
	case c.IsConflict == nil:
		return errors.New("nothing tells a conflict from other errors (Config.IsConflict)")
	case c.KeyFile == "" && c.Key.Reveal() == "":
		return errors.New("no master key was given (Config.KeyFile, Config.Key)")
	}
	return nil
}

// Vault holds the credentials of one workspace. Its methods may be called from several goroutines, and
// several processes may open the same one.
type Vault struct {
	store      Store
	isConflict func(error) bool
	keys       *keys
	workspace  string
}

// Open reads the master key, or makes one if there is none and nothing was ever sealed.
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	err := cfg.validate()
	var k *keys
	if err == nil {
		k, err = openKeys(ctx, cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return &Vault{store: cfg.Store, isConflict: cfg.IsConflict, keys: k, workspace: cmp.Or(cfg.Workspace, "default")}, nil
}

// Check fails if the master key is not the one that sealed the records. All that writes checks it too.
func (v *Vault) Check(ctx context.Context) error {
	err := v.keys.hold(ctx, keyfile.Shared, func(r *ring) error { return v.fits(ctx, r) })
	if err != nil {
		return fmt.Errorf("check the master key: %w", err)
	}
	return nil
}

// Put replaces all secrets of a connection, by name, in one step. Names are UTF-8; values are any bytes.
func (v *Vault) Put(ctx context.Context, connection string, secrets map[string]string) error {
	return v.write(ctx, connection, secrets, v.store.Put)
}

// Create is Put for a connection that has no secrets; one that has matches fs.ErrExist.
func (v *Vault) Create(ctx context.Context, connection string, secrets map[string]string) error {
	return v.write(ctx, connection, secrets, v.store.Create)
}

// Update is Put for secrets that still have the revision which GetRevision returned; otherwise the error matches
// [ErrConflict]. A rotation of the master key gives all secrets new revisions.
func (v *Vault) Update(ctx context.Context, connection string, secrets map[string]string, revision uint64) error {
	return v.write(ctx, connection, secrets, func(ctx context.Context, key string, record []byte) error {
		err := v.store.Update(ctx, key, record, revision)
		if err != nil && v.isConflict(err) {
			err = fmt.Errorf("%w: %w", ErrConflict, err)
		}
		return err
	})
}

// write seals secrets and stores them, with the key file locked: a rotation waits until the record is there.
func (v *Vault) write(ctx context.Context, connection string, secrets map[string]string, store func(ctx context.Context, key string, record []byte) error) error {
	p, err := v.place(connection)
	if err != nil {
		return fmt.Errorf("seal secrets: %w", err)
	}
	for name := range secrets {
		if !utf8.ValidString(name) {
			return fmt.Errorf("seal secrets of connection %q: the name %q is not UTF-8", connection, name)
		}
	}
	err = v.keys.hold(ctx, keyfile.Shared, func(r *ring) error {
		if err := v.fits(ctx, r); err != nil {
			return err
		}
		record, err := r.seal(p, secrets)
		if err != nil {
			return err
		}
		return store(ctx, p.key(), record)
	})
	if err != nil {
		return fmt.Errorf("store secrets of connection %q: %w", connection, err)
	}
	return nil
}

// Get returns all secrets of a connection. A connection without any matches fs.ErrNotExist; a record that
// does not open matches [ErrSealed].
func (v *Vault) Get(ctx context.Context, connection string) (map[string]string, error) {
	secrets, _, err := v.GetRevision(ctx, connection)
	return secrets, err
}

// GetRevision is Get with the secrets' revision, for [Vault.Update].
func (v *Vault) GetRevision(ctx context.Context, connection string) (secrets map[string]string, revision uint64, err error) {
	p, err := v.place(connection)
	if err != nil {
		return nil, 0, fmt.Errorf("read secrets: %w", err)
	}
	secrets, revision, err = v.read(ctx, v.keys.last(), p)
	if errors.Is(err, errOtherKey) { // a rotation, most likely: with the key file locked there is none
		err = v.keys.hold(ctx, keyfile.Shared, func(r *ring) (err error) {
			secrets, revision, err = v.read(ctx, r, p)
			return err
		})
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read secrets of connection %q: %w", connection, err)
	}
	return secrets, revision, nil
}

func (v *Vault) read(ctx context.Context, r *ring, p place) (map[string]string, uint64, error) {
	record, revision, err := v.store.GetRevision(ctx, p.key())
	if err != nil {
		return nil, 0, err
	}
	secrets, _, err := r.open(p, record)
	return secrets, revision, err
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

// parsePlace undoes place.key.
func parsePlace(key string) (place, error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return place{}, errDamaged
	}
	workspace, err1 := url.PathUnescape(parts[0])
	connection, err2 := url.PathUnescape(parts[1])
	if err1 != nil || err2 != nil {
		return place{}, errDamaged
	}
	return place{workspace: workspace, connection: connection, field: parts[2]}, nil
}
