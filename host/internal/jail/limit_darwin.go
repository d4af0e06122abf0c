package jail

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func limited(s Spec, r *Report) error {
	if err := limit(s); err != nil {
		return fmt.Errorf("jail: %w", err)
	}
	r.Limits = true
	return nil
}

func noCore() error { return lower(unix.RLIMIT_CORE, 0) }
