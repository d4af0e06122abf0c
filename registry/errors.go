package registry

import (
	"fmt"
	"io/fs"
)

// ErrVersionExists is matched when another bundle is published under the same version. It matches fs.ErrExist.
var ErrVersionExists = fmt.Errorf("version is taken: %w", fs.ErrExist)

// notFound matches fs.ErrNotExist and reads as its text alone.
type notFound string

func (e notFound) Error() string { return string(e) }

func (notFound) Is(target error) bool { return target == fs.ErrNotExist }
