//go:build !linux

package host

import (
	"os"
	"syscall"
)

// leash has nothing to hold a child by here: it ends when its standard input does.
func leash() *syscall.SysProcAttr { return nil }

// ownBinary is this program, or what has taken its place on disk.
func ownBinary() string {
	self, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return self
}
