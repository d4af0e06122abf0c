package host

import (
	"fmt"

	"patchbay/host/internal/jail"
	"patchbay/host/internal/linear"
)

// Protect keeps other processes of this user, such as a worker that has broken out, from reading this one's memory,
// and its memory out of core files. It is for commands: afterwards a process that is not root cannot open some files
// about itself in /proc, of which package host has opened those that it needs.
func Protect() error {
	linear.Probe() // opens them; what it finds is asked for again
	if err := jail.Undumpable(); err != nil {
		return fmt.Errorf("protect this process's memory: %w", err)
	}
	return nil
}
