package host

import "syscall"

// leash ends a child with its parent, and keeps the terminal's Ctrl-C from it.
func leash() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// ownBinary is this program, also when another has taken its place on disk meanwhile: both ends of what a process and
// its children say to each other are of one version.
func ownBinary() string { return "/proc/self/exe" }
