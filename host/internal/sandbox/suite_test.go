package sandbox_test

import (
	"context"
	"io/fs"
	"sync"
	"testing"

	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
	"patchbay/host/internal/sandbox"
)

// compiled keeps what the tests of this package compile.
var compiled = &blobs{data: map[string][]byte{}}

type blobs struct {
	mu   sync.Mutex // guards data
	data map[string][]byte
}

func (b *blobs) Get(name string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if blob, ok := b.data[name]; ok {
		return blob, nil
	}
	return nil, fs.ErrNotExist
}

func (b *blobs) Put(name string, blob []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data[name] = blob
	return nil
}

func open(tb testing.TB) guest.Engine {
	tb.Helper()
	e := sandbox.New(sandbox.Config{Cache: compiled, Concurrency: guesttest.Concurrency})
	tb.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return e
}

func TestSuite(t *testing.T) { guesttest.Suite(t, open) }

func TestIsolation(t *testing.T) { guesttest.Isolation(t, open(t), 0) }

func TestAttacks(t *testing.T) { guesttest.RunAttacks(t, open(t)) }
