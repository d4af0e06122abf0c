package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/memory"
	"patchbay/internal/virtual"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// Options tune a lab. The zero value works.
type Options struct {
	CacheDir string // compile cache; defaults to a temporary folder
	// Live sends requests to the real vendor. Only [Lab.Call] works then.
	Live bool
	// Logger receives the log lines of a live lab. Nil discards them.
	Logger *slog.Logger
	// Home has the connections that calls of a live lab name. Nil: there are only those that [Lab.Call] makes.
	Home *Home
	// Record is told of every exchange of a live lab. Nil: nobody is.
	Record func(host.Exchange)
	// Calls is how many calls are made at the most. Defaults to 100,000.
	Calls int

	world   *host.World // nil: that of all reports
	retries bool        // the host repeats requests
	budget  *budget     // nil: a new one
}

// epoch is when all calls are made. The same moment and the same random numbers for every guest make reports equal.
var epoch = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// Lab is a bundle made ready to be tried.
type Lab struct {
	b          *bundle.Bundle
	m          *manifest.Manifest
	host       *host.Host
	wire       *wire
	logs       *logs
	said       *logs      // what the guest logs
	vault      host.Vault // of a live lab
	trail      *trail
	dir        string
	cases      []*cases.Case
	unreadable map[string]error
	calls      int // so far
	kept       kept
	clock      *virtual.Clock
	world      *host.World // what guests see of time and chance
	opts       Options
}

// Open installs a bundle in a host of its own that knows nothing else. Close it.
func Open(ctx context.Context, b *bundle.Bundle, opts Options) (*Lab, error) {
	dir, err := os.MkdirTemp("", "patchbay-lab-*")
	if err != nil {
		return nil, err
	}
	l := &Lab{
		b: b, m: b.Manifest(), dir: dir, wire: &wire{}, logs: &logs{}, said: &logs{}, trail: &trail{}, clock: virtual.New(epoch), opts: opts,
		kept: kept{trials: map[Kind][]Trial{}},
	}
	l.cases, l.unreadable = read(b.Contents().Cases)
	l.opts.CacheDir = cmp.Or(opts.CacheDir, filepath.Join(dir, "cache"))
	l.opts.Calls = cmp.Or(opts.Calls, mostCalls)
	l.opts.budget = cmp.Or(opts.budget, &budget{})
	if err = l.lendKey(); err == nil {
		l.host, err = host.New(l.config(l.opts))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := l.keepKey(); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	if _, err := l.host.Install(ctx, b, "unsigned", nil); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

func (l *Lab) config(opts Options) host.Config {
	c := host.Config{
		Store: &memory.Store{}, Vault: &memory.Vault{}, IsConflict: memory.IsConflict, Dir: l.dir, CacheDir: opts.CacheDir,
	}
	if opts.Live {
		c.Logger, c.Record = opts.Logger, opts.Record
		opts.Home.lend(&c)
		l.vault = c.Vault
		return c
	}
	c.Audit, c.Transport, c.NoRetries = l.trail, l.wire, !opts.retries
	l.world = cmp.Or(opts.world, &host.World{Now: epoch, Seed: 1})
	c.Clock, c.World = l.clock, l.world
	c.Logger = slog.New(newEar(l.logs, l.said))
	return c
}

// harsh is a lab of the same bundle in a host that repeats requests. It is closed with l.
func (l *Lab) harsh(ctx context.Context) (*Lab, error) {
	if l.kept.harsh != nil {
		return l.kept.harsh, nil
	}
	opts := l.opts
	opts.retries = true
	h, err := Open(ctx, l.b, opts)
	l.kept.harsh = h
	return h, err
}

// Close releases the host and its folder.
func (l *Lab) Close(ctx context.Context) error {
	var err error
	for _, other := range []*Lab{l.kept.elsewhere, l.kept.harsh} {
		if other != nil {
			err = errors.Join(err, other.Close(ctx))
		}
	}
	return errors.Join(err, l.host.Close(ctx), os.RemoveAll(l.dir))
}

func read(files map[string][]byte) (all []*cases.Case, unreadable map[string]error) {
	unreadable = map[string]error{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		k, err := cases.Parse(name, files[name])
		if err != nil {
			unreadable[name] = err
			continue
		}
		all = append(all, k)
	}
	return all, unreadable
}

// Cases returns the bundle's cases, by name.
func (l *Lab) Cases() []*cases.Case { return l.cases }

// Unreadable says what is wrong with those cases that cannot be read, by name.
func (l *Lab) Unreadable() map[string]error { return l.unreadable }

// Ready starts the guest. It fails if this machine cannot, which is nothing to blame the guest for; a guest that is
// refused, or fails by itself, is what rules look for.
func (l *Lab) Ready(ctx context.Context) error {
	_, err := l.Describe(ctx)
	return blameless(err)
}

func blameless(err error) error {
	if err != nil && abi.AsFault(err).Code == abi.Unavailable && !Unstarted(abi.AsFault(err)) {
		return fmt.Errorf("the guest cannot be tried on this machine now: %w", err)
	}
	return nil
}

// Unstarted is true of a guest whose limits are too small for it to begin: the host says then that it is unavailable,
// and says so on every machine.
func Unstarted(f *abi.Fault) bool {
	return f.Code == abi.Unavailable && strings.Contains(f.Message, string(abi.LimitExceeded)+": the guest did not start")
}

// Describe asks the guest what it has code for.
func (l *Lab) Describe(ctx context.Context) (abi.Description, error) {
	return l.host.Describe(ctx, l.m.Ref())
}

// Call runs one operation with the connection that it names, or else with one made of req, where the connector needs one.
func (l *Lab) Call(ctx context.Context, req host.ConnectRequest, c host.Call) (abi.Result, error) {
	c.Connector = l.m.Ref()
	if c.Connection == "" && l.Connects() {
		conn, err := l.Connect(ctx, req)
		if err != nil {
			return abi.Result{}, err
		}
		c.Connection = conn.Name
	}
	return l.host.Run(ctx, c)
}

// Connect makes a connection of req.
func (l *Lab) Connect(ctx context.Context, req host.ConnectRequest) (host.Connection, error) {
	req.Connector = l.m.Ref()
	return l.host.Connect(ctx, req)
}

// Connection returns the connection of that name.
func (l *Lab) Connection(ctx context.Context, name string) (host.Connection, error) {
	return l.host.Connection(ctx, name)
}

// Secrets are what the vault has for a connection of a live lab, of which there may be nothing.
func (l *Lab) Secrets(ctx context.Context, connection string) (map[string]string, error) {
	secrets, _, err := l.vault.GetRevision(ctx, connection)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return secrets, err
}

// Connects reports whether the connector's calls need a connection.
func (l *Lab) Connects() bool { return len(l.m.Auth) > 0 || len(l.m.Connection.Fields) > 0 }
