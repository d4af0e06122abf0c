package keyfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Mode is how a key file is locked.
type Mode int

const (
	Shared    Mode = iota // by any number at a time, who rely on what the file holds
	Exclusive             // by one alone, who may replace it
)

// lockPause is how long one waits before asking for a taken lock again. The system call that waits could not be
// called off when the context ends.
const lockPause = time.Millisecond

// Lock locks the key file at path among all processes, and waits for its turn until ctx ends. Everyone keeps to
// it of their own will. The lock ends with the process, however that ends, and is for one use: it may not be
// taken again by who has it.
//
// The lock lies on a file beside the key file, path.lock, since the key file itself changes its identity. A
// second one, path.gate, is passed on the way: who waits there for the exclusive lock holds up those who come
// later, and would otherwise wait for ever while others share the lock by turns.
func Lock(ctx context.Context, path string, mode Mode) (unlock func(), err error) {
	gate, err := acquire(ctx, path+".gate", Exclusive)
	if err != nil {
		return nil, fmt.Errorf("lock key file: %w", err)
	}
	defer gate.Close()
	lock, err := acquire(ctx, path+".lock", mode)
	if err != nil {
		return nil, fmt.Errorf("lock key file: %w", err)
	}
	return func() { lock.Close() }, nil
}

// acquire opens the file at path and locks it; closing it gives the lock back.
func acquire(ctx context.Context, path string, mode Mode) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // closed in children: none keeps the lock alive
	if err != nil {
		return nil, err
	}
	for {
		ok, err := tryLock(f, mode)
		if ok {
			return f, nil
		}
		if err == nil {
			err = pause(ctx)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
		}
	}
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(lockPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
