package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"patchbay/audit"
	"patchbay/bundle"
	"patchbay/manifest"
)

// bundleDir is the folder of installed bundles below Config.Dir; files are named by digest.
const bundleDir = "bundles"

// Installed is the record of an installed connector.
type Installed struct {
	Connector   string           `json:"connector"` // publisher/name
	Version     string           `json:"version"`
	Title       string           `json:"title"`
	Digest      string           `json:"digest"`              // of the bundle: sha256:…
	Key         string           `json:"key"`                 // fingerprint of the publisher's key
	Grants      []manifest.Grant `json:"grants,omitempty"`    // what was allowed
	Isolation   Isolation        `json:"isolation,omitempty"` // where its guest runs; empty for the host's default
	InstalledAt time.Time        `json:"installed_at"`

	Certificate *bundle.Certificate `json:"certificate,omitempty"` // verified when it was installed; it may have expired
}

// ErrInUse is matched when a connector is to be removed that connections use.
var ErrInUse = errors.New("has connections")

// ErrAmbiguous is matched when a name without a publisher fits several connectors.
var ErrAmbiguous = errors.New("ambiguous name")

// Install puts a bundle in place of whatever version of its connector is installed. The caller has verified
// the bundle ([Host.Verify]) and has consent for its grants; key is the fingerprint of the signing key, c the
// certificate ([Host.Certified]), nil if there is none. Connections of an older version stay. A connector that was
// moved into the host's process for its certificate leaves it with a version that has none.
func (h *Host) Install(ctx context.Context, b *bundle.Bundle, key string, c *bundle.Certificate) (Installed, error) {
	if err := h.recorder.settle(ctx); err != nil {
		return Installed{}, err
	}
	m := b.Manifest()
	rec := Installed{
		Connector: m.Ref(), Version: m.Version, Title: m.Title, Digest: b.Digest(), Key: key,
		Grants: m.HTTP, InstalledAt: h.cfg.Now().UTC(), Certificate: c,
	}
	var old Installed
	kind := audit.Install
	switch err := h.get(ctx, h.key("connector", rec.Connector), &old); {
	case err == nil:
		rec.Isolation, kind = h.keptIsolation(old, rec), audit.Upgrade
	case !errors.Is(err, fs.ErrNotExist):
		return Installed{}, fmt.Errorf("install %s: %w", rec.Connector, err)
	}
	// The file is whole before the record names it: a crash in between leaves an unused file, never a record without one.
	if err := b.WriteFile(h.bundlePath(rec.Digest)); err != nil {
		return Installed{}, fmt.Errorf("install %s: %w", rec.Connector, err)
	}
	if err := h.put(ctx, h.key("connector", rec.Connector), rec); err != nil {
		return Installed{}, fmt.Errorf("install %s: %w", rec.Connector, err)
	}
	h.recordConnector(ctx, kind, rec, map[string]string{
		"key": key, "from": old.Version, "signs_in": strings.Join(SignIns(m), " "), "certified": certifiedBy(c),
	})
	h.cfg.Logger.Info("installed", "connector", rec.Connector, "version", rec.Version, "digest", rec.Digest)
	return rec, nil
}

// Uninstall removes a connector. It refuses while connections use it, unless force is set; then they go too.
func (h *Host) Uninstall(ctx context.Context, name string, force bool) (Installed, error) {
	if err := h.recorder.settle(ctx); err != nil {
		return Installed{}, err
	}
	rec, err := h.Installed(ctx, name)
	if err != nil {
		return Installed{}, err
	}
	conns, err := h.Connections(ctx, rec.Connector)
	if err != nil {
		return Installed{}, err
	}
	if len(conns) > 0 && !force {
		return Installed{}, fmt.Errorf("%s %w: %s", rec.Connector, ErrInUse, connectionNames(conns))
	}
	for _, c := range conns {
		if err := h.Disconnect(ctx, c.Name); err != nil {
			return Installed{}, err
		}
	}
	if err := h.cfg.Store.Delete(ctx, h.key("connector", rec.Connector)); err != nil {
		return Installed{}, err
	}
	h.retire(rec.Connector)
	h.recordConnector(ctx, audit.Uninstall, rec, nil)
	if err := os.Remove(h.bundlePath(rec.Digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Installed{}, err
	}
	return rec, nil
}

// List returns what is installed, by name.
func (h *Host) List(ctx context.Context) ([]Installed, error) {
	keys, err := h.cfg.Store.Keys(ctx, h.key("connector", ""))
	if err != nil {
		return nil, err
	}
	sort.Strings(keys)
	list := make([]Installed, 0, len(keys))
	for _, k := range keys {
		var rec Installed
		if err := h.get(ctx, k, &rec); errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		} else if err != nil {
			return nil, err
		}
		list = append(list, rec)
	}
	return list, nil
}

// Installed finds a connector by "publisher/name", or by name alone where only one fits. An unknown one
// matches fs.ErrNotExist, an ambiguous one [ErrAmbiguous].
func (h *Host) Installed(ctx context.Context, name string) (Installed, error) {
	list, err := h.List(ctx)
	if err != nil {
		return Installed{}, err
	}
	var found []Installed
	var refs []string
	for _, rec := range list {
		if rec.Connector == name || strings.HasSuffix(rec.Connector, "/"+name) {
			found = append(found, rec)
			refs = append(refs, rec.Connector)
		}
	}
	switch len(found) {
	case 0:
		return Installed{}, notFound("connector", name, "is not installed")
	case 1:
		return found[0], nil
	}
	return Installed{}, fmt.Errorf("%w %q: it may be %s", ErrAmbiguous, name, strings.Join(refs, " or "))
}

// Bundle opens an installed connector's bundle and checks every byte of it against the recorded digest.
func (h *Host) Bundle(rec Installed) (*bundle.Bundle, error) {
	b, err := bundle.ReadFile(h.bundlePath(rec.Digest))
	if err != nil {
		return nil, fmt.Errorf("installed bundle of %s: %w", rec.Connector, err)
	}
	if b.Digest() != rec.Digest {
		return nil, fmt.Errorf("installed bundle of %s: %w: digest %s, but %s was installed", rec.Connector, bundle.ErrCorrupt, b.Digest(), rec.Digest)
	}
	return b, nil
}

func (h *Host) bundlePath(digest string) string {
	return filepath.Join(h.cfg.Dir, bundleDir, strings.ReplaceAll(digest, ":", "-")+".bundle")
}

func (h *Host) get(ctx context.Context, key string, v any) error {
	data, err := h.cfg.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // an id of many digits stays what it is
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	return nil
}

func (h *Host) put(ctx context.Context, key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return h.cfg.Store.Put(ctx, key, data)
}

// notFound is an error about a thing that is not there. It matches fs.ErrNotExist.
func notFound(kind, name, what string) error {
	return &missing{kind: kind, name: name, what: what}
}

type missing struct{ kind, name, what string }

func (m *missing) Error() string        { return fmt.Sprintf("%s %q %s", m.kind, m.name, m.what) }
func (m *missing) Is(target error) bool { return target == fs.ErrNotExist }
