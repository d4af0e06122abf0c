//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package state

import (
	"errors"
	"os"
	"runtime"
)

func tryLock(string) (*os.File, error) {
	return nil, errors.New("the state needs flock, which " + runtime.GOOS + " does not have")
}
