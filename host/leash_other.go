//go:build !linux

package host

import "syscall"

// leash has nothing to hold a child by here: it ends when its standard input does.
func leash() *syscall.SysProcAttr { return nil }
