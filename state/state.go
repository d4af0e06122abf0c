package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	operationTimeout = 30 * time.Second       // for an operation with all its attempts
	attemptTimeout   = 10 * time.Second       // for one attempt: longer than any answer of a healthy owner
	retryPause       = 5 * time.Millisecond   // between attempts that failed, and between dials
	maxRetryPause    = 100 * time.Millisecond // dials are spread up to here, so that many processes share a disk
)

// Config says where the state is.
type Config struct {
	// Dir is the state's own folder, required. It is created if it is missing, and its mode is set to 0700.
	Dir string
	// Logger gets what the server has to say. Defaults to none.
	Logger *slog.Logger
}

// State is an open state directory. Its methods may be called from several goroutines. Close it.
type State struct {
	dir    string
	log    *slog.Logger
	secret string
	link   *link
	conn   *nats.Conn
	js     jetstream.JetStream

	mu     sync.Mutex // guards closed and owner; held while a server starts or ends
	closed bool
	owner  *owner // nil while another process, or another State, is the owner

	dialErr atomic.Value // the last dial's error in a dialResult
}

// Open opens the state in cfg.Dir: as its owner if there is none, else by joining the owner. It waits for an
// owner that is just starting or ending, but no longer than 30 seconds.
func Open(ctx context.Context, cfg Config) (*State, error) {
	s, err := prepare(cfg)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open state in %s: %w", s.dir, err), s.release())
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return nil, errors.Join(fmt.Errorf("open state in %s: %w", s.dir, err), s.Close())
	}
	return s, nil
}

func prepare(cfg Config) (*State, error) {
	if cfg.Dir == "" {
		return nil, errors.New("no folder was given (Config.Dir)")
	}
	dir, err := filepath.Abs(cfg.Dir) // the owner outlives a change of the working directory
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	secret, err := sharedSecret(dir)
	if err != nil {
		return nil, err
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &State{dir: dir, log: log, secret: secret, link: newLink()}, nil
}

// connect makes the first connection; NATS makes the later ones itself, with the same dialer.
func (s *State) connect(ctx context.Context) error {
	for {
		conn, err := nats.Connect("nats://127.0.0.1", s.options()...)
		if err == nil {
			s.conn = conn
			return nil
		}
		dialErr := s.lastDial()
		if dialErr != nil {
			err = dialErr // NATS does not wrap every one
		}
		if errors.Is(err, nats.ErrAuthorization) {
			return fmt.Errorf("join the owner: %w; %s is not the secret that the owner started with", err, filepath.Join(s.dir, secretFile))
		}
		if dialErr != nil && !errors.Is(dialErr, errNoOwner) {
			return dialErr
		}
		if pause(ctx) != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

func (s *State) options() []nats.Option {
	return []nats.Option{
		nats.Name("patchbay"),
		nats.SetCustomDialer(dialer{s}),
		nats.SkipHostLookup(), // the URL is a placeholder: the dialer alone decides where to
		nats.IgnoreDiscoveredServers(),
		nats.UserInfo(user, s.secret),
		nats.Timeout(attemptTimeout),
		nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(reconnectDelay),
		nats.ReconnectBufSize(-1), // a request during an outage fails at once and is repeated by do
		nats.ConnectHandler(func(*nats.Conn) { s.link.connected() }),
		nats.ReconnectHandler(func(*nats.Conn) { s.link.connected() }),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { s.link.disconnected() }),
		nats.ClosedHandler(func(*nats.Conn) { s.link.closed() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { // else NATS prints to stderr
			s.log.Debug("state connection", "err", err)
		}),
	}
}

// Close ends the use of the state; operations under way fail with an error that matches [fs.ErrClosed]. If
// this State is the owner, it ends the server, and those who joined it agree on a new owner. Further calls do
// nothing.
func (s *State) Close() error {
	s.conn.Close()
	<-s.link.ended
	return s.release()
}

// release gives up the ownership, if it is ours, and any further claim to it.
func (s *State) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.owner == nil {
		return nil
	}
	err := s.owner.stop()
	s.owner = nil
	if err != nil {
		return fmt.Errorf("close state: %w", err)
	}
	return nil
}

// do runs attempt until it is settled, which outlasts a change of the owner. An attempt that fails otherwise
// may or may not have had its effect; attempt itself has to find out when it is called again.
func (s *State) do(ctx context.Context, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	for {
		err := s.link.during(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
			defer cancel()
			return attempt(ctx)
		})
		if settled(err) {
			return err
		}
		if ctx.Err() == nil && !errors.Is(err, errAgain) {
			_ = pause(ctx)
		}
		if ctx.Err() != nil {
			return s.gaveUp(ctx, err)
		}
	}
}

// gaveUp explains an operation that its context ended.
func (s *State) gaveUp(ctx context.Context, last error) error {
	if err := s.lastDial(); err != nil {
		last = err
	}
	if errors.Is(last, ctx.Err()) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ctx.Err(), last)
}

func pause(ctx context.Context) error {
	t := time.NewTimer(retryPause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
