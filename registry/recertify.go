package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"patchbay/bundle"
	"patchbay/testkit/report"
)

// Certifier runs a certification: every rule but those that are skipped, on b, which is compared with the version
// previous unless that is nil. The same bundles and skips give the same bytes.
type Certifier interface {
	Certify(ctx context.Context, b, previous *bundle.Bundle, skips []report.Skip) ([]byte, error)
}

// ErrReportDiffers is matched when the registry's own run gives another report than the one that was certified.
var ErrReportDiffers = errors.New("certifying the bundle again gives another report")

// ErrNotCompared is matched when a report was made without a look at the version that b comes after.
var ErrNotCompared = errors.New("the report does not compare with the version that is published")

// Before returns the newest published version that is older than b, and nil if there is none.
func (r *Registry) Before(ctx context.Context, b *bundle.Bundle) (*bundle.Bundle, error) {
	m := b.Manifest()
	before, _, err := r.Pull(ctx, m.Ref()+"@<"+m.Version)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return before, err
}

// recertify demands that c says about b what certified says.
func recertify(ctx context.Context, r *Registry, c Certifier, b *bundle.Bundle, certified []byte) error {
	var old report.Report
	if err := json.Unmarshal(certified, &old); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	previous, err := r.previous(ctx, b, old.Previous)
	if err != nil {
		return err
	}
	before, err := r.Before(ctx, b)
	if err != nil {
		return err
	}
	if before != nil && before.Digest() != old.Previous {
		return fmt.Errorf("%w: certify it again with --previous %s", ErrNotCompared, before.Ref())
	}
	got, err := c.Certify(ctx, b, previous, old.Skipped)
	if err != nil {
		return fmt.Errorf("certify again: %w", err)
	}
	if !bytes.Equal(got, certified) {
		return fmt.Errorf("%w:\n%s", ErrReportDiffers, difference(certified, got))
	}
	return nil
}

// previous finds the version that b was compared with, nil if it was with none.
func (r *Registry) previous(ctx context.Context, b *bundle.Bundle, digest string) (*bundle.Bundle, error) {
	if digest == "" {
		return nil, nil
	}
	previous, _, err := r.Pull(ctx, b.Manifest().Ref()+"@"+digest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the report compares with the version %s: %w", digest, err)
	}
	return previous, err
}
