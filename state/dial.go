package state

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"
)

// dialer makes every connection of the client: the first one, and each after a loss.
type dialer struct{ s *State }

// Dial implements the client library's dialer; it does not look at the address.
func (d dialer) Dial(_, _ string) (net.Conn, error) {
	s := d.s
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, err := s.dial()
	s.dialErr.Store(dialResult{err})
	return conn, err
}

// dialResult is what became of a dial, for the operations that wait for one.
type dialResult struct{ err error }

func (s *State) lastDial() error {
	result, _ := s.dialErr.Load().(dialResult)
	return result.err
}

// dial becomes the owner if there is none, and else joins the owner. The caller holds s.mu.
func (s *State) dial() (net.Conn, error) {
	if s.closed {
		return nil, errClosed
	}
	if s.owner == nil {
		lock, err := tryLock(filepath.Join(s.dir, "lock"))
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", filepath.Join(s.dir, "lock"), err)
		}
		if lock == nil {
			return join(s.dir)
		}
		if s.owner, err = newOwner(s.dir, s.secret, lock, s.log); err != nil {
			return nil, err
		}
	}
	return s.owner.server.InProcessConn()
}

// join connects to the owner's socket.
func join(dir string) (net.Conn, error) {
	address, err := readAddress(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoOwner, err)
	}
	conn, err := net.Dial("unix", address.Socket)
	if err != nil {
		return nil, fmt.Errorf("%w: process %d: %w", errNoOwner, address.PID, err)
	}
	return conn, nil
}

// reconnectDelay is how long the client waits before its nth dial after a loss. The first is almost at once;
// the jitter keeps many processes from dialling in step.
func reconnectDelay(n int) time.Duration {
	longest := min(time.Duration(n)*retryPause, maxRetryPause)
	return rand.N(longest)
}

// address is the content of owner.json.
type address struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket"`
}

func readAddress(dir string) (address, error) {
	var a address
	data, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("read %s: %w", addressFile, err)
	}
	return a, nil
}

// writeAddress replaces owner.json in one step, so that nobody reads half of it. Only the owner calls it, so
// one name for the new file is enough.
func writeAddress(dir string, a address) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	next := filepath.Join(dir, addressFile+".new")
	if err := os.WriteFile(next, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(dir, addressFile))
}
