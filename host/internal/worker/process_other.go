//go:build unix && !linux

package worker

import "syscall"

// attributes set the process apart: a session of its own, so that a terminal's Ctrl-C reaches only the host.
// A host that is killed leaves it until it finds its connection gone.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
