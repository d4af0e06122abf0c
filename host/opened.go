package host

import (
	"context"
	"sync"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/manifest"
)

// opened is an installed connector whose bundle was checked in this process. Its guest is loaded by the first
// call; calls that come meanwhile wait for that one load.
type opened struct {
	rec Installed
	m   *manifest.Manifest

	schemas sync.Map // compiled, by their text: string to *manifest.Schema

	module []byte

	mu      sync.Mutex // guards program; held while loading
	program guest.Program
}

// open finds an installed connector and reads its bundle, once for each digest and ring.
func (h *Host) open(ctx context.Context, connector string) (*opened, error) {
	rec, err := h.Installed(ctx, connector)
	if err != nil {
		return nil, err
	}
	key := rec.Digest + " " + string(h.ring(rec))
	h.mu.Lock()
	o, ok := h.opened[key]
	h.mu.Unlock()
	if ok {
		return o, nil
	}
	b, err := h.Bundle(rec)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if o, ok := h.opened[key]; ok {
		return o, nil // another call was quicker
	}
	o = &opened{rec: rec, m: b.Manifest(), module: b.Contents().Module}
	h.opened[key] = o
	return o, nil
}

// load returns the guest. A load that failed is tried again by the next call.
func (h *Host) load(ctx context.Context, o *opened) (guest.Program, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.program != nil {
		return o.program, nil
	}
	limits := o.m.Limits.Apply(abi.Limits{})
	p, err := h.guests.load(ctx, h.ring(o.rec), guest.Module{Code: o.module, Limits: limits, WarmUp: warmUp(o.m)})
	if err != nil {
		return nil, err
	}
	o.program = p
	return p, nil
}

func (o *opened) close(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.program == nil {
		return nil
	}
	return o.program.Close(ctx)
}
