package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"patchbay/internal/keyfile"
)

const (
	keyFileHead = "# Master key of a Patchbay vault. Whoever has it can read all its credentials, and without it nobody can.\n"
	keyFileOld  = "# Keys that a rotation replaces. It is not finished: do it again.\n"
)

// ring is the master keys of one moment. The first one seals; those after it only open what a rotation has not
// come to yet.
type ring struct {
	masters []master
	fits    atomic.Bool // one of them has unwrapped a data key
	opened  dataKeys
}

// seal returns the record of secrets at p.
func (r *ring) seal(p place, secrets map[string]string) ([]byte, error) {
	return r.masters[0].seal(p, secrets)
}

// open undoes seal, and says which key it was. Its errors match [ErrSealed], and errOtherKey if it is none.
func (r *ring) open(p place, record []byte) (secrets map[string]string, which int, err error) {
	wrapped, nonce, sealed, err := split(record)
	if err != nil {
		return nil, 0, err
	}
	u, err := r.unwrap(wrapped)
	if err != nil {
		return nil, 0, err
	}
	secrets, err = r.masters[u.which].openSealed(p, u.dataKey, nonce, sealed)
	return secrets, u.which, err
}

// unwrap finds the key that opens wrapped.
func (r *ring) unwrap(wrapped []byte) (unwrapped, error) {
	if u, ok := r.opened.get(wrapped); ok {
		return u, nil
	}
	for which, m := range r.masters {
		dataKey, err := m.unwrap(wrapped)
		if errors.Is(err, errOtherKey) {
			continue
		}
		if err != nil {
			return unwrapped{}, err
		}
		r.fits.Store(true)
		u := unwrapped{dataKey, which}
		r.opened.put(wrapped, u)
		return u, nil
	}
	return unwrapped{}, errOtherKey
}

// text is the content of a key file with these keys.
func (r *ring) text() []byte {
	text := []byte(keyFileHead)
	for i, m := range r.masters {
		if i == 1 {
			text = append(text, keyFileOld...)
		}
		text = append(text, m.identity.String()+"\n"...)
	}
	return text
}

// keys is where the master keys come from: a file that other processes may replace, or a text that was given.
type keys struct {
	path string // empty if they were given

	mu   sync.Mutex // guards text and ring
	text []byte     // what the file held when ring was read from it
	ring *ring
}

// openKeys reads the master keys, and makes the key file if nothing was ever sealed.
func openKeys(ctx context.Context, cfg Config) (*keys, error) {
	if given := cfg.Key.Reveal(); given != "" {
		masters, ok := parseMasters([]byte(strings.Join(strings.Fields(given), "\n")))
		if !ok {
			return nil, errors.New("the master key that was given is not AGE-SECRET-KEY-PQ-1…")
		}
		return &keys{ring: &ring{masters: masters}}, nil
	}
	k := &keys{path: cfg.KeyFile}
	data, err := keyfile.Read(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = createKey(ctx, cfg)
	}
	if err == nil {
		err = k.set(data)
	}
	return k, err
}

// createKey makes a key file, unless records exist that the missing one had sealed.
func createKey(ctx context.Context, cfg Config) ([]byte, error) {
	sealed, err := cfg.Store.Keys(ctx, "")
	if err != nil {
		return nil, err
	}
	if len(sealed) > 0 {
		data, err := keyfile.Read(cfg.KeyFile) // another process may have made it, and used it, just now
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("key file %s is missing, and %d records are sealed with it: restore it from a backup",
				cfg.KeyFile, len(sealed))
		}
		return data, err
	}
	m, err := newMaster()
	if err != nil {
		return nil, err
	}
	r := ring{masters: []master{m}}
	return keyfile.Create(cfg.KeyFile, r.text())
}

// last returns the keys as they were when somebody last looked.
func (k *keys) last() *ring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring
}

// hold calls use with the keys that count, which stay the ones as long as it runs.
func (k *keys) hold(ctx context.Context, mode keyfile.Mode, use func(*ring) error) error {
	if k.path == "" {
		return use(k.last())
	}
	unlock, err := keyfile.Lock(ctx, k.path, mode)
	if err != nil {
		return err
	}
	defer unlock()
	data, err := keyfile.Read(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("key file %s is gone: put it back from a backup", k.path)
	}
	if err == nil {
		err = k.set(data)
	}
	if err != nil {
		return err
	}
	return use(k.last())
}

// set takes over what the key file holds.
func (k *keys) set(data []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ring != nil && bytes.Equal(data, k.text) {
		return nil
	}
	masters, ok := parseMasters(data)
	if !ok {
		return fmt.Errorf("key file %s does not hold lines AGE-SECRET-KEY-PQ-1…: restore it from a backup", k.path)
	}
	k.text, k.ring = data, &ring{masters: masters}
	return nil
}

// name says where the keys are, for errors.
func (k *keys) name() string {
	if k.path == "" {
		return "the master key that was given"
	}
	return "the master key in " + k.path
}

// fits fails if there are records and the keys open none of them: what is written then would be lost as soon as
// somebody puts the right key back. A record that is damaged says nothing.
func (v *Vault) fits(ctx context.Context, r *ring) error {
	if r.fits.Load() {
		return nil
	}
	stored, err := v.store.Keys(ctx, "")
	if err != nil {
		return err
	}
	foreign := 0
	for _, key := range stored {
		record, _, err := v.store.GetRevision(ctx, key)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return err
		}
		wrapped, _, _, err := split(record)
		if err != nil {
			continue
		}
		if _, err = r.unwrap(wrapped); err == nil {
			return nil
		}
		if errors.Is(err, errOtherKey) {
			foreign++
		}
	}
	if foreign > 0 {
		return fmt.Errorf("%s is not the one that sealed the %d records: put the right one back from a backup", v.keys.name(), foreign)
	}
	r.fits.Store(true)
	return nil
}
