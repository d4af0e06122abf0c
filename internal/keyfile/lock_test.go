package keyfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	var sharing, alone atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				mode := Shared
				if i%4 == 0 {
					mode = Exclusive
				}
				unlock, err := Lock(t.Context(), path, mode)
				if err != nil {
					t.Error(err)
					return
				}
				if mode == Shared {
					sharing.Add(1)
					if alone.Load() != 0 {
						t.Error("shared while somebody has it alone")
					}
					sharing.Add(-1)
				} else {
					if alone.Add(1) != 1 || sharing.Load() != 0 {
						t.Error("exclusive, and not alone")
					}
					alone.Add(-1)
				}
				unlock()
			}
		})
	}
	wg.Wait()
}

// Whoever waits for the exclusive lock gets it, also when others share the lock without a break.
func TestLock_exclusiveIsNotStarved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	held, err := Lock(t.Context(), path, Shared)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { // takes the next before it gives up the last, until it has to wait
		for {
			brief, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			next, err := Lock(brief, path, Shared)
			cancel()
			held()
			if err != nil {
				return
			}
			held = next
		}
	})
	patient, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	unlock, err := Lock(patient, path, Exclusive)
	stop()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestLock_ends(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	unlock, err := Lock(t.Context(), path, Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, path, Shared); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock of a locked file: %v, want the context's error", err)
	}
	unlock()
	unlock, err = Lock(t.Context(), path, Shared)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if _, err := Lock(t.Context(), filepath.Join(path, "missing", "key"), Shared); err == nil {
		t.Errorf("Lock in a folder that is missing: %v", err)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if _, err := Create(path, []byte("first, and longer")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".next", []byte("what a killed process left, which is longer still"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("second")); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || string(got) != "second" {
		t.Errorf("Read = %q, %v", got, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("folder holds %v, %v; want the key file alone", left, err)
	}
}
