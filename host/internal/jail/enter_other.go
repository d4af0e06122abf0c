//go:build !linux

package jail

import "runtime"

// Enter takes away from this process what this operating system lets it give up: on macOS its resource limits are
// set, elsewhere nothing is. The report says what is missing.
func Enter(spec Spec) (Report, error) {
	if err := spec.check(); err != nil {
		return Report{}, err
	}
	r := Report{Files: true}
	r.missing("files, network and system calls: %s has nothing that jail knows to confine them with", runtime.GOOS)
	err := limited(spec, &r)
	return r, err
}

// Undumpable keeps this process from leaving a core file, where that can be said.
func Undumpable() error { return noCore() }
