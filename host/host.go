package host

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"patchbay/host/internal/auth"
	"patchbay/host/internal/clock"
	"patchbay/host/internal/delivery"
	"patchbay/host/internal/egress"
	"patchbay/host/internal/quota"
)

// Version names what a connector can see of a host. It changes whenever the same call could go otherwise.
const Version = 1

// Store keeps records under keys. A missing key matches fs.ErrNotExist.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Vault keeps connections' secrets, by field name. Secrets of an unknown connection match fs.ErrNotExist. Update
// replaces those that still have a revision; for its error otherwise Config.IsConflict is true.
type Vault interface {
	GetRevision(ctx context.Context, connection string) (secrets map[string]string, revision uint64, err error)
	Put(ctx context.Context, connection string, secrets map[string]string) error
	Update(ctx context.Context, connection string, secrets map[string]string, revision uint64) error
	Delete(ctx context.Context, connection string) error
}

// Exchange is a request as the guest meant it, and what came back, without secrets.
type Exchange = egress.Exchange

// Config says what a host works with. Store, Vault and Dir are required.
type Config struct {
	Store    Store
	Vault    Vault
	Dir      string // bundles, the compile cache and locks live here, in a folder of mode 0700
	CacheDir string // compile cache; defaults to Dir/cache
	LockDir  string // locks of credentials, one for all hosts with the same Vault; defaults to Dir/locks

	// Audit gets a record of what was done and with which credentials. Nil: none is kept.
	Audit Audit
	// Quotas shares the use of vendors' limits with other processes. Nil: this process has them to itself.
	Quotas QuotaStore
	// IsConflict tells the error of an update in Quotas or Vault that lost a race. Required.
	IsConflict func(error) bool
	// NoRetries leaves the repetition of requests to the caller, for replays of recorded answers.
	NoRetries bool

	// Isolation is where guests run whose installation does not say. Defaults to Process.
	Isolation Isolation
	// Transport replaces the network, for tests and replays. Grants and credentials are applied all the same.
	Transport http.RoundTripper
	// Record is told of every exchange of guests with vendors, each try and each redirect, in the order on the wire (of
	// one call; calls at the same time mix). Nothing that it is told holds a secret of the connection, and it is never
	// told of the requests of auth methods. It must return soon. Nil: nothing is recorded.
	Record func(Exchange)
	// Log receives what guests log, and the host's own lines. Nil discards them.
	Logger *slog.Logger
	// Now is the clock. Defaults to Clock's.
	Now func() time.Time
	// Clock is what the host waits by: for its vendors, between tries, for results that are pending, and for the end of
	// a call's time. With one of [virtual.Clock] all of that takes no time. It belongs to one call at a time, and with
	// it limits of vendors are not kept, but for what vendors ask to wait. Nil: the real time.
	Clock Clock
	// World fixes what guests see of time and chance, so that the same call comes out the same every time: it uses the
	// same fuel and memory, makes the same requests, and repeats them after the same waits. Ids of calls are counted then.
	// Nil: the real world.
	World *World
}

func (c Config) withDefaults() Config {
	if c.CacheDir == "" {
		c.CacheDir = filepath.Join(c.Dir, "cache")
	}
	if c.LockDir == "" {
		c.LockDir = filepath.Join(c.Dir, "locks")
	}
	if c.Isolation == "" {
		c.Isolation = Process
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = c.clock().Now
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.Store == nil:
		return errors.New("host: no Store")
	case c.Vault == nil:
		return errors.New("host: no Vault")
	case c.IsConflict == nil:
		return errors.New("host: no IsConflict")
	case c.Dir == "":
		return errors.New("host: no Dir")
	}
	return nil
}

// Host runs installed connectors. Its methods may be called from many goroutines.
type Host struct {
	cfg       Config
	guests    guests
	egress    *egress.Client
	auth      *auth.Auth
	deliverer *delivery.Deliverer
	quotas    *quota.Quotas // vendors' limits
	lanes     *quota.Quotas // this process' own
	recorder  recorder
	ids       ids
	clock     clock.Clock
	held      held
	reported  sync.Map // connections that are known to need a person: name to true

	retiring sync.WaitGroup // guests of versions that are no longer installed

	mu     sync.Mutex         // guards opened
	opened map[string]*opened // by connector
}

// New opens a host. Close it to release its guests.
func New(cfg Config) (*Host, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	for _, dir := range []string{cfg.Dir, filepath.Join(cfg.Dir, bundleDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	engines, err := newEngines(cfg)
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, guests: engines, opened: map[string]*opened{},
		egress:    egress.New(egress.Config{Transport: cfg.Transport, Clock: cfg.Clock, Logger: cfg.Logger}),
		deliverer: delivery.New(delivery.Config{Logger: cfg.Logger, Jitter: cfg.jitter(), Clock: cfg.Clock}),
		quotas:    quota.New(quota.Config{Store: cfg.Quotas, IsConflict: cfg.IsConflict, Logger: cfg.Logger}),
		lanes:     quota.New(quota.Config{}),
		recorder:  recorder{audit: cfg.Audit, log: cfg.Logger},
		ids:       ids{counted: cfg.World != nil},
		clock:     cfg.clock(),
	}
	h.auth = auth.New(auth.Config{
		Secrets: sealed{cfg.Vault}, Lock: h.locks(), IsConflict: cfg.IsConflict,
		Send: h.sendToken, Now: cfg.Now, Logger: cfg.Logger, Renewed: h.renewed,
	})
	return h, nil
}

// Close waits for running calls and releases every loaded guest. Its error says too if something was done that the
// audit log does not say.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	all := h.opened
	h.opened = map[string]*opened{}
	h.mu.Unlock()
	var errs []error
	for _, o := range all {
		errs = append(errs, o.close(ctx))
	}
	h.retiring.Wait()
	h.auth.Close()
	h.quotas.Close()
	h.lanes.Close()
	h.egress.Close()
	errs = append(errs, h.guests.close(ctx), h.recorder.close(ctx))
	return errors.Join(errs...)
}

// workspace is the one team whose records these are, until there is a second.
const workspace = "default"

// key is the store's key for a record.
func (h *Host) key(kind, name string) string { return workspace + "/" + kind + "/" + name }
