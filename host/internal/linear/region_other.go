//go:build !linux

package linear

import (
	"errors"
	"fmt"
)

func newRegion(_ int, s Strategy) (pages, error) {
	return nil, fmt.Errorf("strategy %s: %w", s, errors.ErrUnsupported)
}

func seal([]byte) ([]byte, int, error) { return nil, -1, errors.ErrUnsupported }

func unseal([]byte, int) error { return nil }
