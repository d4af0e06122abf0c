package state

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

// MaxValue is the greatest length of a value in bytes: 4 MiB.
const MaxValue = 4 << 20

// startServer starts JetStream on dir and waits until it has read its files back.
func startServer(dir, secret string, log *slog.Logger) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "patchbay",
		DontListen: true, // no port: pipes only
		NoSigs:     true, // signals belong to the program

		CustomClientAuthentication: gate{secret},
		// A process that is slow to log in may wait on a busy machine; it has the secret or it has not.
		AuthTimeout: attemptTimeout.Seconds(),
		MaxPayload:  2 * MaxValue, // with room for headers

		JetStream:              true,
		StoreDir:               dir, // JetStream puts its own folder "jetstream" into it
		SyncAlways:             true,
		JetStreamMaxMemory:     64 << 20, // nothing is kept in memory but consumers' positions
		JetStreamMaxStore:      0,        // three quarters of the free disk
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, err
	}
	said := &serverLog{log: log}
	srv.SetLoggerV2(said, false, false, false)
	srv.Start()
	if err := check(srv, dir, said); err != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, err
	}
	return srv, nil
}

// gate lets those in who know the secret.
type gate struct{ secret string }

// Check implements the server's client authentication.
func (g gate) Check(client server.ClientAuthentication) bool {
	login := client.GetOpts()
	return login.Username == user && subtle.ConstantTimeCompare([]byte(login.Password), []byte(g.secret)) == 1
}

// check says whether the server serves everything that dir holds. JetStream leaves out what it cannot read
// with a line in its log; a bucket would then seem to be new, and its loss would be noticed too late.
func check(srv *server.Server, dir string, said *serverLog) error {
	if !srv.ReadyForConnections(operationTimeout) || !srv.JetStreamEnabled() {
		return fmt.Errorf("the server did not start: %s", said.last())
	}
	streams := filepath.Join(dir, server.JetStreamStoreDir, server.DEFAULT_GLOBAL_ACCOUNT, "streams")
	folders, err := os.ReadDir(streams)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	served, servedErr := servedStreams(srv)
	if err := errors.Join(err, servedErr); err != nil {
		return err
	}
	for _, f := range folders {
		folder := filepath.Join(streams, f.Name())
		if !served[f.Name()] && holdsData(folder) {
			return fmt.Errorf("%s is damaged (%s): restore it from a backup, or move it away to start without it",
				folder, said.last())
		}
	}
	return nil
}

func servedStreams(srv *server.Server) (map[string]bool, error) {
	info, err := srv.Jsz(&server.JSzOptions{Accounts: true, Streams: true})
	if err != nil {
		return nil, err
	}
	served := map[string]bool{}
	for _, account := range info.AccountDetails {
		for _, stream := range account.Streams {
			served[stream.Name] = true
		}
	}
	return served, nil
}

// holdsData says whether a stream's folder has messages: one that was being created when its process was
// killed has none, and is no loss.
func holdsData(folder string) bool {
	blocks, _ := filepath.Glob(filepath.Join(folder, "msgs", "*.blk"))
	for _, b := range blocks {
		if info, err := os.Stat(b); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// serverLog hands the server's log lines on, and keeps the last complaint: it is all that the server says
// about a start that failed.
type serverLog struct {
	log       *slog.Logger
	complaint atomic.Pointer[string]
}

func (l *serverLog) last() string {
	if c := l.complaint.Load(); c != nil {
		return *c
	}
	return "no reason was given"
}

func (l *serverLog) complain(level slog.Level, format string, v []any) {
	line := fmt.Sprintf(format, v...)
	l.complaint.Store(&line)
	l.write(level, line)
}

func (l *serverLog) write(level slog.Level, line string) {
	l.log.Log(context.Background(), level, "state server", "line", line)
}

// The methods of the server's logger interface.

func (l *serverLog) Noticef(format string, v ...any) {
	l.write(slog.LevelDebug, fmt.Sprintf(format, v...))
}
func (l *serverLog) Warnf(format string, v ...any)  { l.complain(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any) { l.complain(slog.LevelError, format, v) }
func (l *serverLog) Fatalf(format string, v ...any) { l.complain(slog.LevelError, format, v) }
func (l *serverLog) Debugf(string, ...any)          {} // never asked for
func (l *serverLog) Tracef(string, ...any)          {} // never asked for
