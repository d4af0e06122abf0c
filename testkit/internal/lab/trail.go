package lab

import (
	"context"
	"slices"
	"sync"

	"patchbay/abi"
	"patchbay/audit"
)

// trail keeps what the host refused to send for the guest. It is a host's audit log.
type trail struct {
	mu      sync.Mutex // guards refused
	refused []audit.Egress
}

// Ready is always nil: a trail takes everything.
func (t *trail) Ready(context.Context) error { return nil }

// Append keeps the requests of a call that had no answer because they must not be made.
func (t *trail) Append(_ context.Context, e audit.Entry) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range e.Egress {
		if r.Status == 0 && slices.Contains([]string{string(abi.Forbidden), string(abi.InvalidInput)}, r.Code) {
			t.refused = append(t.refused, r)
		}
	}
	return nil
}

// take returns what was refused since the last time.
func (t *trail) take() []audit.Egress {
	t.mu.Lock()
	defer t.mu.Unlock()
	refused := t.refused
	t.refused = nil
	return refused
}
