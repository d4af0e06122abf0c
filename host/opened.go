package host

import (
	"context"
	"sync"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/manifest"
)

// opened is an installed connector whose bundle was checked in this process. Its guest is loaded by the first
// call; calls that come meanwhile wait for that one load.
type opened struct {
	rec Installed
	m   *manifest.Manifest

	schemas sync.Map // compiled, by their text: string to *manifest.Schema

	bundle *bundle.Bundle // nil once the guest is loaded

	mu      sync.Mutex // guards program and bundle; held while loading
	program Program
}

// open finds an installed connector and reads its bundle, once for each digest.
func (h *Host) open(ctx context.Context, connector string) (*opened, error) {
	rec, err := h.Installed(ctx, connector)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	o, ok := h.opened[rec.Digest]
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
	if o, ok := h.opened[rec.Digest]; ok {
		return o, nil // another call was quicker
	}
	o = &opened{rec: rec, m: b.Manifest(), bundle: b}
	h.opened[rec.Digest] = o
	return o, nil
}

// load returns the guest, compiled for the connector's limits; an operation's own are tighter. A load that
// failed is tried again by the next call.
func (o *opened) load(ctx context.Context, e Engine) (Program, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.program != nil {
		return o.program, nil
	}
	p, err := e.Load(ctx, o.bundle.Contents().Module, o.m.Limits.Apply(abi.Limits{}.WithDefaults()))
	if err != nil {
		return nil, err
	}
	o.program, o.bundle = p, nil
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
