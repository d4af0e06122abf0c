//go:build unix

package registry

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lock waits for the registry's lock, which the kernel takes back when the process ends in whatever way.
func lock(ctx context.Context, root *os.Root) (unlock func() error, err error) {
	f, err := root.OpenFile(".lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(5 * time.Millisecond) // flock itself cannot be cancelled
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-tick.C:
		}
	}
}
