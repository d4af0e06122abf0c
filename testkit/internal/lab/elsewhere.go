package lab

import (
	"context"
	"time"

	"patchbay/host"
)

// Elsewhere is a lab of the same bundle at another moment, years later, and with other random numbers. It is opened when it is asked
// for and closed with l.
func (l *Lab) Elsewhere(ctx context.Context) (*Lab, error) {
	if l.kept.elsewhere != nil {
		return l.kept.elsewhere, nil
	}
	opts := l.opts
	opts.world = &host.World{Now: epoch.AddDate(11, 1, 5).Add(5*time.Hour + 7*time.Minute), Seed: 2}
	other, err := Open(ctx, l.b, opts)
	l.kept.elsewhere = other
	return other, err
}
