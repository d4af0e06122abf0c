package registry

import "io/fs"

// ErrVersionExists is matched when another bundle is published under the same version. It matches fs.ErrExist.
var ErrVersionExists error = taken{}

// taken matches fs.ErrExist without its words, which speak of a file.
type taken struct{}

func (taken) Error() string { return "the version is taken" }

func (taken) Is(target error) bool { return target == fs.ErrExist }

// notFound matches fs.ErrNotExist and reads as its text alone.
type notFound string

func (e notFound) Error() string { return string(e) }

func (notFound) Is(target error) bool { return target == fs.ErrNotExist }
