package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Interval is how long an entry may be in the log before the checkpoint covers it.
const Interval = time.Second

// Store keeps the chunks by key. A missing key matches [fs.ErrNotExist] on Get, an existing one [fs.ErrExist] on
// Create. A value is durable when Create returns. Several processes may use the same one.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Create(ctx context.Context, key string, value []byte) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Config says where the log is.
type Config struct {
	// Store keeps the entries, required. It holds nothing else.
	Store Store
	// KeyFile is the path of the private key that signs, required. It is made on first use.
	KeyFile string
	// Checkpoint is the path of the checkpoint, required. It should not be in the store's own folder.
	Checkpoint string
	// Actor is who did it when an entry does not say. Defaults to "host".
	Actor string
	// Logger hears of checkpoints that could not be written. Defaults to none.
	Logger *slog.Logger
	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// Log is an audit log. Its methods may be called from several goroutines, and several processes may have the same
// one open. Close it.
type Log struct {
	cfg    Config
	signer note.Signer
	public string
	key    note.Verifier // of public

	appends chan *pending // to the writer
	quit    chan struct{}
	done    chan struct{}
	once    sync.Once
	failed  error // to write the last checkpoint; read after done
}

// Open reads the key, or makes one if there is none and nothing was ever signed.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if cfg.Store == nil || cfg.KeyFile == "" || cfg.Checkpoint == "" {
		return nil, errors.New("open audit log: a store, a key file and a checkpoint are needed (Config.Store, KeyFile, Checkpoint)")
	}
	cfg.Actor = cmp.Or(cfg.Actor, "host")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	private, err := openKey(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	l := &Log{cfg: cfg, appends: make(chan *pending), quit: make(chan struct{}), done: make(chan struct{})}
	if l.public, err = publicKey(private, cfg.KeyFile); err == nil {
		l.key, err = verifier(l.public)
	}
	if err == nil {
		l.signer, err = note.NewSigner(private)
	}
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	go (&writer{Log: l}).run()
	return l, nil
}

// PublicKey returns the key that exports and checkpoints are verified with, a line patchbay-audit+HASH+KEY. It is
// no secret, but whoever verifies must have it from elsewhere than the export.
func (l *Log) PublicKey() string { return l.public }

// pending is an entry whose Append waits.
type pending struct {
	entry Entry
	asks  bool // whether the log can be written; there is no entry
	size  int
	done  chan error // buffered
}

// Append adds an entry. When it returns nil, the entry is durable. After any error but a refusal of the entry itself
// it may be in the log or not; the error matches [ErrTampered] if the log is not as it was written, and
// [fs.ErrClosed] after Close. Entries that come at the same moment, from any goroutine, share one write.
func (l *Log) Append(ctx context.Context, e Entry) error {
	e.Actor = cmp.Or(e.Actor, l.cfg.Actor)
	if e.Time.IsZero() {
		e.Time = l.cfg.Now()
	}
	err := e.check()
	line, lineErr := e.line() // now, so that an entry that cannot be written fails alone
	if err := errors.Join(err, lineErr); err != nil {
		return fmt.Errorf("audit %s: %w", e.Kind, err)
	}
	if err := l.hand(ctx, &pending{entry: e, size: len(line), done: make(chan error, 1)}); err != nil {
		return fmt.Errorf("audit %s: %w", e.Kind, err)
	}
	return nil
}

// Ready says, before something is done, whether the log can be read and goes on where it ended: the error is the one
// that Append would give. It adds nothing.
func (l *Log) Ready(ctx context.Context) error {
	if err := l.hand(ctx, &pending{asks: true, done: make(chan error, 1)}); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// hand gives p to the writer and waits for it.
func (l *Log) hand(ctx context.Context, p *pending) error {
	select {
	case l.appends <- p:
	case <-l.quit:
		return fs.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close waits for the appends under way and writes the checkpoint. Further calls do nothing.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.quit) })
	<-l.done
	if l.failed != nil {
		return fmt.Errorf("close audit log: %w", l.failed)
	}
	return nil
}
