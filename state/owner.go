package state

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/nats-io/nats-server/v2/server"

	"patchbay/internal/keyfile"
)

const (
	user        = "patchbay"
	secretFile  = "secret"
	addressFile = "owner.json"
	socketFile  = "socket"

	// maxSocketPath is what every system allows for a socket's path (104 bytes on the BSDs, 108 on Linux).
	maxSocketPath = 100
)

// sharedSecret returns the secret that every client presents, and makes one on first use.
func sharedSecret(dir string) (string, error) {
	path := filepath.Join(dir, secretFile)
	data, err := keyfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh [32]byte
		rand.Read(fresh[:])
		data, err = keyfile.Create(path, []byte(hex.EncodeToString(fresh[:])))
	}
	return string(data), err
}

// owner is the one server of a state directory, and the socket through which others reach it.
type owner struct {
	dir      string
	lock     *os.File // held while the server runs, from before its start until after its end
	log      *slog.Logger
	server   *server.Server
	listener *net.UnixListener

	pipes  sync.WaitGroup // of accept and every pipe
	mu     sync.Mutex     // guards conns and ending
	conns  map[net.Conn]struct{}
	ending bool
}

// newOwner starts the server and its socket. It takes over the lock, also when it fails.
func newOwner(dir, secret string, lock *os.File, log *slog.Logger) (*owner, error) {
	o := &owner{dir: dir, lock: lock, log: log, conns: map[net.Conn]struct{}{}}
	srv, err := startServer(dir, secret, log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the server: %w", err), lock.Close())
	}
	o.server = srv
	if err := o.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for other processes: %w", err), o.stop())
	}
	o.pipes.Go(o.accept)
	log.Debug("state opened as its owner", "dir", dir)
	return o, nil
}

// stop hands the state over: it cuts off everybody who joined, ends the server, and gives up the lock last.
// The order matters. Nobody may talk to a server that is half ended, since it would answer "no such bucket";
// and the lock says that no other process touches the files.
func (o *owner) stop() error {
	var err error
	if o.listener != nil {
		err = o.listener.Close() // removes the socket too
	}
	o.cutOff()
	o.pipes.Wait()
	o.server.Shutdown()
	o.server.WaitForShutdown()
	o.forget()
	return errors.Join(err, o.lock.Close())
}
