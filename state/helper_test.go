package state

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// The test binary runs itself again as the other processes of a test.
const (
	helperEnv = "PATCHBAY_STATE_HELPER"
	dirEnv    = "PATCHBAY_STATE_DIR"
	nameEnv   = "PATCHBAY_STATE_NAME"
)

func TestMain(m *testing.M) {
	run := map[string]func() error{"write": helperWrite, "idle": helperIdle}[os.Getenv(helperEnv)]
	if run == nil {
		os.Exit(m.Run())
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(nameEnv)+":", err)
		os.Exit(1)
	}
}

// helperWrite writes keys of its own and adds to a counter that it shares with all others. It says "ack <key>"
// after each write that succeeded, and "add" after each addition. It goes on until its standard input ends, and
// makes a few writes at least.
func helperWrite() error {
	s, err := Open(context.Background(), Config{Dir: os.Getenv(dirEnv)})
	if err != nil {
		return err
	}
	b, err := s.Bucket(context.Background(), "shared")
	if err != nil {
		return err
	}
	var dismissed atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		dismissed.Store(true)
	}()
	for i := 0; i < helperWrites || !dismissed.Load(); i++ {
		key := fmt.Sprintf("%s/%d", os.Getenv(nameEnv), i)
		if err := b.Create(context.Background(), key, []byte(key)); err != nil {
			return err
		}
		fmt.Println("ack", key)
		if i%5 == 0 {
			if err := add(b, "counter"); err != nil {
				return err
			}
			fmt.Println("add")
		}
	}
	return s.Close()
}

const helperWrites = 20

// helperIdle holds on to what it has inherited until its standard input ends.
func helperIdle() error {
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// add increments a counter under compare-and-set, as a lease or a token refresh would.
func add(b *Bucket, key string) error {
	for {
		value, revision, err := b.GetRevision(context.Background(), key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = b.Create(context.Background(), key, counter(1))
			if errors.Is(err, fs.ErrExist) {
				continue
			}
			return err
		case err != nil:
			return err
		}
		err = b.Update(context.Background(), key, counter(binary.BigEndian.Uint64(value)+1), revision)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

func counter(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func helper(t *testing.T, mode, dir, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+mode, dirEnv+"="+dir, nameEnv+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// newDir returns a path for a state. It is short, as t.TempDir would not be for a long test name.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "state")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "s")
}

func open(t *testing.T, dir string) *State {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func bucket(t *testing.T, s *State, name string) *Bucket {
	t.Helper()
	b, err := s.Bucket(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *State) owns() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil
}

// eventually polls a condition that another process or goroutine brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), operationTimeout)
	defer cancel()
	for !condition() {
		if pause(ctx) != nil {
			t.Fatal("waited in vain: ", what)
		}
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
