package host

import (
	"context"
	"fmt"
	"runtime"

	"patchbay/host/internal/jail"
	"patchbay/host/internal/linear"
	"patchbay/host/internal/sandbox"
)

// Health says what this machine can enforce on guests.
type Health struct {
	Platform string   `json:"platform"`
	Tier     string   `json:"tier"`              // A, B or C: how far the process of a guest is confined
	Confined string   `json:"confined"`          // the same in words
	Attacks  int      `json:"attacks"`           // that such a process has tried
	Passed   []string `json:"passed"`            // those that were not denied
	Missing  []string `json:"missing,omitempty"` // what the kernel could not enforce, and why
	Reset    string   `json:"reset"`             // how used instances are put back to their first state
	Slower   string   `json:"slower,omitempty"`  // why not in a faster way
}

// Sound reports whether guests are confined as far as this host can confine them anywhere.
func (h Health) Sound() bool { return h.Tier == "A" && len(h.Passed) == 0 && h.Slower == "" }

// Examine starts a process as it would for a guest, lets it attack what holds it, and tries the ways to reset an
// instance. It takes some tens of milliseconds.
func Examine(ctx context.Context) (Health, error) {
	found, err := jail.Probe(ctx, childCommand(ctx, roleProbe))
	if err != nil {
		return Health{}, err
	}
	if err := sandbox.SelfTest(); err != nil {
		return Health{}, fmt.Errorf("the WebAssembly compiler does not work here: %w", err)
	}
	tier := found.Tier()
	h := Health{
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Tier: tier.String()[:1], Confined: tier.String(),
		Attacks: len(found.Attempts), Passed: []string{}, Missing: found.Report.Missing,
	}
	for _, a := range found.Passed() {
		h.Passed = append(h.Passed, a.Name+": "+a.Detail)
	}
	strategy, err := linear.Probe()
	h.Reset = strategy.String()
	if err != nil {
		h.Slower = err.Error()
	}
	return h, nil
}
