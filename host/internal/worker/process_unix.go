//go:build unix

package worker

import "syscall"

// killGroup ends all of a session's only group.
func killGroup(pid int) { syscall.Kill(-pid, syscall.SIGKILL) }
