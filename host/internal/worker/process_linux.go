package worker

import "syscall"

// attributes set the process apart: a session of its own, so that a terminal's Ctrl-C reaches only the host,
// and the kernel kills it when the host is gone, however it went.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
