package lab

import (
	"context"
	"slices"
	"strings"

	"patchbay/audit"
	"patchbay/host"
	"patchbay/internal/memory"
)

// Home is what a host keeps of connections. A lab uses them as that host would, and leaves its connectors as they are.
type Home struct {
	Store      host.Store
	Vault      host.Vault
	Audit      host.Audit // nil: no log is kept
	Quotas     host.QuotaStore
	IsConflict func(error) bool
	LockDir    string // see [host.Config]
}

// lend has a host use the home's connections. What that host installs, the home does not see.
func (h *Home) lend(c *host.Config) {
	if h == nil {
		return
	}
	c.Store, c.Vault, c.Quotas = &overlay{Store: h.Store}, h.Vault, h.Quotas
	c.IsConflict, c.LockDir = h.IsConflict, h.LockDir
	if h.Audit != nil {
		c.Audit = calls{h.Audit}
	}
}

// overlay keeps what is installed to itself, and everything else in the store below.
type overlay struct {
	host.Store
	own memory.Store
}

// installed reports whether a key is one of the records of connectors: "workspace/connector/name".
func installed(key string) bool {
	parts := strings.SplitN(key, "/", 3)
	return len(parts) > 1 && parts[1] == "connector"
}

func (o *overlay) Get(ctx context.Context, key string) ([]byte, error) {
	if installed(key) {
		return o.own.Get(ctx, key)
	}
	return o.Store.Get(ctx, key)
}

func (o *overlay) Put(ctx context.Context, key string, value []byte) error {
	if installed(key) {
		return o.own.Put(ctx, key, value)
	}
	return o.Store.Put(ctx, key, value)
}

func (o *overlay) Delete(ctx context.Context, key string) error {
	if installed(key) {
		return o.own.Delete(ctx, key)
	}
	return o.Store.Delete(ctx, key)
}

func (o *overlay) Keys(ctx context.Context, prefix string) ([]string, error) {
	if installed(prefix) {
		return o.own.Keys(ctx, prefix)
	}
	return o.Store.Keys(ctx, prefix)
}

// calls is an audit log that is not told of installations: nothing of the home's is changed by them.
type calls struct{ host.Audit }

func (a calls) Append(ctx context.Context, e audit.Entry) error {
	if slices.Contains([]string{audit.Install, audit.Upgrade, audit.Grant}, e.Kind) {
		return nil
	}
	return a.Audit.Append(ctx, e)
}
