package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/user"

	"patchbay/audit"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/registry"
	"patchbay/state"
	"patchbay/vault"
)

// app is the composed program: each part, and what it depends on.
type app struct {
	home  string
	cache string // compile cache
	state *state.State
	vault *vault.Vault
	audit *audit.Log
	host  *host.Host
}

// open composes the program on a home folder. Close it.
func open(ctx context.Context, home, cache string, logger *slog.Logger) (*app, error) {
	// first of all, since the rest reads secrets
	if err := host.Protect(); err != nil {
		return nil, err
	}
	a := &app{home: home, cache: cache}
	var err error
	// state: the home's folder; joins the process that serves it, if there is one
	if a.state, err = state.Open(ctx, state.Config{Dir: cli.StateDir(home)}); err != nil {
		return nil, err
	}
	if a.host, err = a.compose(ctx, logger); err != nil {
		return nil, errors.Join(err, a.state.Close())
	}
	return a, nil
}

func (a *app) compose(ctx context.Context, logger *slog.Logger) (*host.Host, error) {
	buckets := map[string]*state.Bucket{}
	for _, name := range []string{"records", "secrets", "limits", "audit"} {
		b, err := a.state.Bucket(ctx, name)
		if err != nil {
			return nil, err
		}
		buckets[name] = b
	}
	key, err := masterKey()
	if err != nil {
		return nil, err
	}
	// vault: state, for sealed records, and the master key, which the environment gives or a file of the home's
	a.vault, err = vault.Open(ctx, vault.Config{
		Store: buckets["secrets"], Key: key, KeyFile: cli.MasterKeyFile(a.home), IsConflict: isConflict,
	})
	if err != nil {
		return nil, err
	}
	// audit: state, for entries; the key that signs them, and the checkpoint, beside the state
	a.audit, err = audit.Open(ctx, audit.Config{
		Store: buckets["audit"], KeyFile: cli.AuditKeyFile(a.home), Checkpoint: cli.AuditCheckpointFile(a.home),
		Actor: actor(), Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	// host: state, for records and the use of vendors' limits; vault, for credentials; audit, for what is done; the
	// home's folder, for bundles
	h, err := host.New(host.Config{
		Store: buckets["records"], Vault: a.vault, Audit: a.audit, Quotas: buckets["limits"], IsConflict: isConflict,
		Dir: a.home, CacheDir: a.cache, Logger: logger,
	})
	if err != nil {
		return nil, errors.Join(err, a.audit.Close())
	}
	return h, nil
}

// record keeps in the audit log what was done to the vault, which the host does not see.
func (a *app) record(ctx context.Context, kind string, detail map[string]string) error {
	if err := a.audit.Append(ctx, audit.Entry{Kind: kind, Detail: detail}); err != nil {
		return fmt.Errorf("it was done, but the audit log does not say so: %w", err)
	}
	return nil
}

// actor is who the audit log says did what this process does.
func actor() string {
	u, err := user.Current()
	if err != nil {
		return "host"
	}
	return u.Username
}

// isConflict tells a write that lost a race.
func isConflict(err error) bool {
	return errors.Is(err, state.ErrConflict) || errors.Is(err, vault.ErrConflict)
}

func (a *app) close() error {
	return errors.Join(a.host.Close(context.Background()), a.audit.Close(), a.state.Close())
}

// with opens the program on the user's home for the length of one command.
func with(ctx context.Context, logger *slog.Logger, use func(*app) error) error {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	a, err := open(ctx, home, cli.CacheDir(home), logger)
	if err != nil {
		return err
	}
	return explain(errors.Join(use(a), a.close()))
}

// openRegistry opens the registry in dir, or the home's own.
func openRegistry(dir string) (*registry.Registry, error) {
	if dir == "" {
		home, err := cli.Home()
		if err != nil {
			return nil, err
		}
		dir = cli.RegistryDir(home)
	}
	return registry.Open(dir)
}
