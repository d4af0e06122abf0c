package state

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// listen opens the socket and says in owner.json where it is.
func (o *owner) listen() error {
	o.forget()
	path := filepath.Join(o.dir, socketFile)
	if len(path) > maxSocketPath {
		folder, err := os.MkdirTemp("", "patchbay-")
		if err != nil {
			return err
		}
		path = filepath.Join(folder, socketFile)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	o.listener = listener
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	return writeAddress(o.dir, address{PID: os.Getpid(), Socket: path})
}

// forget removes what an owner that was killed has left behind. Errors need no answer: what stays is either
// harmless, or listen says what is wrong.
func (o *owner) forget() {
	_ = os.Remove(filepath.Join(o.dir, socketFile))
	old, err := readAddress(o.dir)
	if err != nil {
		return
	}
	_ = os.Remove(old.Socket)
	if folder := filepath.Dir(old.Socket); folder != o.dir {
		_ = os.Remove(folder) // not RemoveAll: a folder that holds anything else is not ours
	}
	_ = os.Remove(filepath.Join(o.dir, addressFile))
}

// accept pipes connections to the server until the listener is closed.
func (o *owner) accept() {
	for {
		conn, err := o.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, for one: others may free some
			o.log.Warn("state: accept a connection", "err", err)
			time.Sleep(retryPause)
			continue
		}
		o.pipes.Go(func() { o.pipe(conn) })
	}
}

// pipe copies both ways between a client and the server until either closes, and closes the other.
func (o *owner) pipe(outside net.Conn) {
	defer o.drop(outside)
	if !o.track(outside) {
		return
	}
	inside, err := o.server.InProcessConn()
	if err != nil {
		o.log.Warn("state: connect a client to the server", "err", err)
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(inside, outside) // an error is a connection's end, which its client sees itself
		inside.Close()
	}()
	_, _ = io.Copy(outside, inside)
	outside.Close()
	<-done
}

// track notes an open connection for cutOff, or refuses it if cutOff was there first.
func (o *owner) track(conn net.Conn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ending {
		o.conns[conn] = struct{}{}
	}
	return !o.ending
}

func (o *owner) drop(conn net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.conns, conn)
	conn.Close()
}

// cutOff closes every connection, which ends its pipe.
func (o *owner) cutOff() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ending = true
	for conn := range o.conns {
		conn.Close()
	}
}
