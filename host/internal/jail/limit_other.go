//go:build !linux && !darwin

package jail

func limited(_ Spec, r *Report) error {
	r.missing("memory, processor time and files: their limits are not set on this operating system")
	return nil
}

func noCore() error { return nil }
