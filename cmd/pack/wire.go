package main

import (
	"context"
	"errors"
	"os"
	"os/user"
	"sync"

	"patchbay/audit"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/state"
	"patchbay/testkit"
	"patchbay/vault"
)

// masterKeyVariable names the environment variable for the vault's master key, which is else in a file: as for host.
const masterKeyVariable = "PATCHBAY_MASTER_KEY"

// masterKey takes the master key out of the environment, where children would find it.
var masterKey = sync.OnceValue(func() vault.Secret {
	text := os.Getenv(masterKeyVariable)
	if text == "" {
		return vault.Secret{}
	}
	_ = os.Unsetenv(masterKeyVariable) // it fails for a bad name only
	return vault.NewSecret(text)
})

// keeper is the part of the home that the command host keeps: connections, their secrets, and what was allowed.
type keeper struct {
	home  *testkit.Home
	host  *host.Host
	state *state.State
	audit *audit.Log
}

// openKeeper opens what host keeps. Close it.
func openKeeper(ctx context.Context, home string) (*keeper, error) {
	if err := host.Protect(); err != nil { // first of all, since the rest reads secrets
		return nil, err
	}
	k := &keeper{}
	var err error
	// state: the home's folder; joins the process that serves it, if there is one
	if k.state, err = state.Open(ctx, state.Config{Dir: cli.StateDir(home)}); err != nil {
		return nil, err
	}
	if err := k.compose(ctx, home); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

func (k *keeper) compose(ctx context.Context, home string) error {
	buckets := map[string]*state.Bucket{}
	for _, name := range []string{"records", "secrets", "limits", "audit"} {
		b, err := k.state.Bucket(ctx, name)
		if err != nil {
			return err
		}
		buckets[name] = b
	}
	// vault: state, for sealed records, and the master key
	v, err := vault.Open(ctx, vault.Config{
		Store: buckets["secrets"], Key: masterKey(), KeyFile: cli.MasterKeyFile(home), IsConflict: isConflict,
	})
	if err != nil {
		return err
	}
	// audit: state, for entries; the key that signs them, and the checkpoint, beside the state
	k.audit, err = audit.Open(ctx, audit.Config{
		Store: buckets["audit"], KeyFile: cli.AuditKeyFile(home), Checkpoint: cli.AuditCheckpointFile(home), Actor: actor(),
	})
	if err != nil {
		return err
	}
	k.home = &testkit.Home{
		Store: buckets["records"], Vault: v, Audit: k.audit, Quotas: buckets["limits"], IsConflict: isConflict, LockDir: cli.LockDir(home),
	}
	// host: to see what is installed and connected; calls are made by testkit
	k.host, err = host.New(host.Config{Store: buckets["records"], Vault: v, IsConflict: isConflict, Dir: home, CacheDir: cli.CacheDir(home)})
	return err
}

// actor is who the audit log says did what this process does.
func actor() string {
	u, err := user.Current()
	if err != nil {
		return "pack"
	}
	return u.Username
}

// isConflict tells a write that lost a race.
func isConflict(err error) bool {
	return errors.Is(err, state.ErrConflict) || errors.Is(err, vault.ErrConflict)
}

func (k *keeper) close() error {
	var errs []error
	if k.host != nil {
		errs = append(errs, k.host.Close(context.Background()))
	}
	if k.audit != nil {
		errs = append(errs, k.audit.Close())
	}
	return errors.Join(append(errs, k.state.Close())...)
}
