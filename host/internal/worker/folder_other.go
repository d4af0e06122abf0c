//go:build !unix || solaris || illumos || aix

package worker

import (
	"errors"
	"os"
)

// Without flock nobody can tell what is left over from what is in use.

func lockFolder(string) (*os.File, error) { return nil, nil }

func relock(string) (*os.File, error) { return nil, errors.ErrUnsupported }
