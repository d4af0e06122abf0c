//go:build !unix

package registry

import (
	"context"
	"errors"
	"os"
)

// lock refuses: without flock two publishers could lose each other's versions.
func lock(context.Context, *os.Root) (func() error, error) { return nil, errors.ErrUnsupported }
