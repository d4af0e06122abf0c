package memory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"
)

// ErrConflict is the error of an update that came too late.
var ErrConflict = errors.New("the secrets have another revision")

// IsConflict tells it from others.
func IsConflict(err error) bool { return errors.Is(err, ErrConflict) }

// Vault keeps connections' secrets, without a seal. The zero value is empty. It meets host.Vault.
type Vault struct {
	mu       sync.Mutex // guards what follows
	data     map[string]map[string]string
	of       map[string]uint64 // the revisions of what is there
	revision uint64            // the latest
}

// GetRevision returns a connection's secrets. Those of an unknown one match fs.ErrNotExist.
func (v *Vault) GetRevision(_ context.Context, connection string) (map[string]string, uint64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	secrets, ok := v.data[connection]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", connection, fs.ErrNotExist)
	}
	return maps.Clone(secrets), v.of[connection], nil
}

// Put replaces a connection's secrets.
func (v *Vault) Put(_ context.Context, connection string, secrets map[string]string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.set(connection, secrets)
	return nil
}

// Update is Put, unless the secrets have changed since the revision was read: then the error matches [ErrConflict]. Those
// that are not there have the revision 0, as in a key-value bucket of NATS.
func (v *Vault) Update(_ context.Context, connection string, secrets map[string]string, revision uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if revision != v.of[connection] {
		return ErrConflict
	}
	v.set(connection, secrets)
	return nil
}

func (v *Vault) set(connection string, secrets map[string]string) {
	if v.data == nil {
		v.data, v.of = map[string]map[string]string{}, map[string]uint64{}
	}
	v.revision++
	v.data[connection], v.of[connection] = maps.Clone(secrets), v.revision
}

// Delete removes a connection's secrets, if there are any.
func (v *Vault) Delete(_ context.Context, connection string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.data, connection)
	delete(v.of, connection)
	return nil
}

// All returns everything that is kept.
func (v *Vault) All() map[string]map[string]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.data)
}
