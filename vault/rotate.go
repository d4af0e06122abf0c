package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"patchbay/internal/keyfile"
)

// ErrGivenKey says that the master key was given and is in no file that a rotation could put a new one in.
var ErrGivenKey = errors.New("the master key was given and not read from a file: give a new one before the old one, and rotate then")

// Rotation is what became of a rotation of the master key.
type Rotation struct {
	Records    int      `json:"records"`    // sealed with the new key now
	Replaced   int      `json:"replaced"`   // old keys that no record needs any more
	Destroyed  bool     `json:"destroyed"`  // the key file holds the new key alone
	Unreadable []string `json:"unreadable"` // connections whose records open with no key
}

// Rotate makes a new master key, seals every record of every workspace with it, and takes the old one out of the
// key file when no record needs it. Others go on reading and writing meanwhile, in this process and in others. A
// rotation that was broken off leaves a key file with both keys, and everything readable; the next one ends it.
//
// As long as there are records that no key opens, the old key is kept: delete them, and rotate again. A key that
// was given is not replaced: all records are sealed with the first one, and the others can then be left out;
// with one key only, the error matches [ErrGivenKey].
func (v *Vault) Rotate(ctx context.Context) (Rotation, error) {
	r, err := v.rotate(ctx)
	if err != nil {
		return r, fmt.Errorf("rotate the master key: %w", err)
	}
	return r, nil
}

func (v *Vault) rotate(ctx context.Context) (Rotation, error) {
	if err := v.addKey(ctx); err != nil {
		return Rotation{}, err
	}
	err := v.eachKey(ctx, func(key string) error {
		err := v.keys.hold(ctx, keyfile.Shared, func(r *ring) error { return v.reseal(ctx, r, key) })
		if errors.Is(err, ErrSealed) || errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile, or for dropKeys to report
		}
		return err
	})
	if err != nil {
		return Rotation{}, err
	}
	return v.dropKeys(ctx)
}

// addKey puts a new key before the others. Once it returns, no record is sealed with any other.
func (v *Vault) addKey(ctx context.Context) error {
	return v.keys.hold(ctx, keyfile.Exclusive, func(r *ring) error {
		if err := v.fits(ctx, r); err != nil {
			return err
		}
		if v.keys.path == "" {
			if len(r.masters) == 1 {
				return ErrGivenKey
			}
			return nil
		}
		m, err := newMaster()
		if err != nil {
			return err
		}
		return v.keys.replace(&ring{masters: append([]master{m}, r.masters...)})
	})
}

// dropKeys takes all keys but the first out of the key file. Nobody writes meanwhile, so that nothing comes
// between looking through the records and dropping.
func (v *Vault) dropKeys(ctx context.Context) (done Rotation, err error) {
	done.Unreadable = []string{}
	err = v.keys.hold(ctx, keyfile.Exclusive, func(r *ring) error {
		err := v.eachKey(ctx, func(key string) error {
			err := v.reseal(ctx, r, key)
			switch {
			case errors.Is(err, ErrSealed):
				done.Unreadable = append(done.Unreadable, connectionOf(key))
				return nil
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err == nil:
				done.Records++
			}
			return err
		})
		if err != nil || len(done.Unreadable) > 0 {
			return err
		}
		done.Replaced = len(r.masters) - 1
		if v.keys.path == "" {
			return nil
		}
		done.Destroyed = true
		return v.keys.replace(&ring{masters: slices.Clone(r.masters[:1])})
	})
	return done, err
}

// connectionOf names a record for people.
func connectionOf(key string) string {
	p, err := parsePlace(key)
	if err != nil {
		return key
	}
	return p.connection
}

func (v *Vault) eachKey(ctx context.Context, visit func(key string) error) error {
	stored, err := v.store.Keys(ctx, "")
	if err != nil {
		return err
	}
	for _, key := range stored {
		if err := visit(key); err != nil {
			return err
		}
	}
	return nil
}

// reseal seals the record of key with the first master key, if another one has sealed it.
func (v *Vault) reseal(ctx context.Context, r *ring, key string) error {
	p, err := parsePlace(key)
	if err != nil {
		return err
	}
	for {
		record, revision, err := v.store.GetRevision(ctx, key)
		if err != nil {
			return err
		}
		secrets, which, err := r.open(p, record)
		if err != nil || which == 0 {
			return err
		}
		if record, err = r.seal(p, secrets); err != nil {
			return err
		}
		err = v.store.Update(ctx, key, record, revision)
		if err == nil || !v.isConflict(err) {
			return err
		}
	}
}

// replace writes the key file anew. The caller holds the keys, for itself alone.
func (k *keys) replace(r *ring) error {
	text := r.text()
	if err := keyfile.Replace(k.path, text); err != nil {
		return err
	}
	return k.set(text)
}
