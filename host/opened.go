package host

import (
	"context"
	"errors"
	"sync"

	"patchbay/abi"
	"patchbay/manifest"
)

// opened is an installed connector whose bundle was checked in this process. Its guest is loaded by the first
// call; calls that come meanwhile wait for that one load.
type opened struct {
	rec Installed
	m   *manifest.Manifest

	schemas sync.Map // compiled, by their text: string to *manifest.Schema

	module []byte

	mu       sync.Mutex // guards programs; held while loading
	programs map[abi.Limits]Program
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
	o = &opened{rec: rec, m: b.Manifest(), module: b.Contents().Module, programs: map[abi.Limits]Program{}}
	h.opened[rec.Digest] = o
	return o, nil
}

// load returns the guest for calls with the given limits: an engine holds every call of a program to one set of
// them, and few operations have their own. A load that failed is tried again by the next call.
func (o *opened) load(ctx context.Context, e Engine, limits abi.Limits) (Program, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.programs[limits]; ok {
		return p, nil
	}
	p, err := e.Load(ctx, o.module, limits)
	if err != nil {
		return nil, err
	}
	o.programs[limits] = p
	return p, nil
}

func (o *opened) close(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, p := range o.programs {
		errs = append(errs, p.Close(ctx))
	}
	return errors.Join(errs...)
}
