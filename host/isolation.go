package host

import (
	"context"
	"fmt"

	"patchbay/audit"
)

// Isolation says where the guest of a connector runs.
type Isolation string

// The two rings that a guest can run in. What it may do is the same in both. A process of its own also contains
// defects of the WebAssembly engine, and holds no credential that such a defect could reach.
const (
	Process   Isolation = "process"    // in a locked-down process of its own; the default
	InProcess Isolation = "in-process" // in the host's process, which saves each call some tenths of a millisecond
)

// ParseIsolation reads an isolation as people write it.
func ParseIsolation(s string) (Isolation, error) {
	switch i := Isolation(s); i {
	case Process, InProcess:
		return i, nil
	}
	return "", fmt.Errorf("isolation %q is not known, want %s or %s", s, Process, InProcess)
}

// Isolate says where the guest of an installed connector runs from the next call on. Upgrades keep it. Without force
// only a certified connector may run in the host's process; the error else matches bundle.ErrUncertified or
// bundle.ErrExpired.
func (h *Host) Isolate(ctx context.Context, connector string, i Isolation, force bool) (Installed, error) {
	if err := h.recorder.settle(ctx); err != nil {
		return Installed{}, err
	}
	rec, err := h.Installed(ctx, connector)
	if err != nil {
		return Installed{}, err
	}
	if err := h.certification(rec); err != nil && i == InProcess && !force {
		return Installed{}, fmt.Errorf("isolate %s: %w: it runs in a process of its own", rec.Connector, err)
	}
	rec.Isolation = i
	if err := h.put(ctx, h.key("connector", rec.Connector), rec); err != nil {
		return Installed{}, fmt.Errorf("isolate %s: %w", rec.Connector, err)
	}
	h.recordConnector(ctx, audit.Isolate, rec, map[string]string{"isolation": string(i)})
	h.cfg.Logger.Info("isolated", "connector", rec.Connector, "isolation", i)
	return rec, nil
}

// keptIsolation is where the guest of a connector runs after an upgrade from old to rec: as before, unless it was let
// into the host's process for a certificate and has none now. Whoever forced it there meant every version.
func (h *Host) keptIsolation(old, rec Installed) Isolation {
	if old.Isolation == InProcess && old.Certificate != nil && h.certification(rec) != nil {
		return Process
	}
	return old.Isolation
}

// ring is where the guest of an installed connector runs.
func (h *Host) ring(rec Installed) Isolation {
	if rec.Isolation == "" {
		return h.cfg.Isolation
	}
	return rec.Isolation
}
