package host

import (
	"context"
	"errors"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/worker"
	"patchbay/manifest"
	"patchbay/wasm"
)

// opened is an installed connector whose bundle was checked in this process.
type opened struct {
	rec Installed
	m   *manifest.Manifest

	schemas sync.Map // compiled, by their text: string to *manifest.Schema

	module []byte

	mu   sync.Mutex // guards load
	load *load      // of its guest; nil before the first call
}

// load is one attempt to load a guest. Calls that come meanwhile wait for it.
type load struct {
	done    chan struct{} // closed when the rest is set
	program guest.Program
	err     error
}

// loadTime bounds a load, which no call is in a position to end: others may wait for it too.
const loadTime = compilePatience + 3*time.Minute

// open finds an installed connector and reads its bundle, once for each digest and ring. What was open of another
// version goes when its calls have ended.
func (h *Host) open(ctx context.Context, connector string) (*opened, error) {
	rec, err := h.Installed(ctx, connector)
	if err != nil {
		return nil, err
	}
	if o := h.current(rec); o != nil {
		return o, nil
	}
	b, err := h.Bundle(rec)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.opened[rec.Connector]
	if old.serves(h, rec) {
		return old, nil // another call was quicker
	}
	h.retireLocked(rec.Connector)
	o := &opened{rec: rec, m: b.Manifest(), module: b.Contents().Module}
	h.opened[rec.Connector] = o
	return o, nil
}

func (h *Host) current(rec Installed) *opened {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.opened[rec.Connector]; o.serves(h, rec) {
		return o
	}
	return nil
}

// serves reports whether o is what is installed now.
func (o *opened) serves(h *Host, rec Installed) bool {
	return o != nil && o.rec.Digest == rec.Digest && h.ring(o.rec) == h.ring(rec)
}

// retire closes what is open of a connector, as soon as its calls have ended.
func (h *Host) retire(connector string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.retireLocked(connector)
}

func (h *Host) retireLocked(connector string) {
	o := h.opened[connector]
	if o == nil {
		return
	}
	delete(h.opened, connector)
	h.retiring.Go(func() {
		if err := o.close(context.Background()); err != nil {
			h.cfg.Logger.Warn("a guest was not closed", "connector", connector, "version", o.rec.Version, "err", err)
		}
	})
}

// guest returns a connector's guest, and loads it if need be. A load that failed is tried again by the next call,
// unless it was the module that was refused.
func (h *Host) guest(ctx context.Context, o *opened) (guest.Program, error) {
	l := h.loading(o)
	select {
	case <-l.done:
		return l.program, loadError(l.err)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, abi.Faultf(abi.Timeout, "the connector was still being loaded when the call's time was up")
		}
		return nil, abi.Faultf(abi.Canceled, "the call was cancelled by its caller")
	}
}

func (h *Host) loading(o *opened) *load {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.load == nil || o.load.failed() {
		o.load = &load{done: make(chan struct{})}
		go h.loadGuest(o, o.load)
	}
	return o.load
}

// failed reports whether it makes sense to try again.
func (l *load) failed() bool {
	select {
	case <-l.done:
		var refused *wasm.Error
		return l.err != nil && !errors.As(l.err, &refused)
	default:
		return false
	}
}

func (h *Host) loadGuest(o *opened, l *load) {
	defer close(l.done)
	ctx, cancel := context.WithTimeout(context.Background(), loadTime)
	defer cancel()
	m := guest.Module{Code: o.module, Limits: o.m.Limits.Apply(abi.Limits{}), WarmUp: warmUp(), World: h.cfg.World}
	l.program, l.err = h.guests.load(ctx, h.ring(o.rec), m)
}

// loadError makes a fault of what went wrong with a process. A module that is refused stays a [*wasm.Error].
func loadError(err error) error {
	var start *worker.StartError
	if errors.As(err, &start) {
		return abi.Faultf(abi.Unavailable, "the connector's process did not start: %s", start.Problem)
	}
	if errors.Is(err, errBusy) {
		return abi.Faultf(abi.Unavailable, "%v", err)
	}
	return err
}

// close waits for a load that is under way and then for the calls.
func (o *opened) close(ctx context.Context) error {
	o.mu.Lock()
	l := o.load
	o.mu.Unlock()
	if l == nil {
		return nil
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.program == nil {
		return nil
	}
	return l.program.Close(ctx)
}
