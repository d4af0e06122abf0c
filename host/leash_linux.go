package host

import "syscall"

// leash ends a child with its parent, and keeps the terminal's Ctrl-C from it.
func leash() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
