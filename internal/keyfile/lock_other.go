//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package keyfile

import (
	"errors"
	"os"
	"runtime"
)

func tryLock(*os.File, Mode) (bool, error) {
	return false, errors.New("a key file needs flock, which " + runtime.GOOS + " does not have")
}
