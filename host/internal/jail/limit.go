//go:build linux || darwin

package jail

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// limit sets the resource limits. There is none on addresses: Go reserves far more of them than it uses, and does
// not start below 1 GiB. Nor is there one on processes, which counts those of the user and not of the process.
func limit(s Spec) error {
	for _, l := range []struct {
		what     string
		resource int
		value    uint64
	}{
		{"core files", unix.RLIMIT_CORE, 0},
		{"locked memory", unix.RLIMIT_MEMLOCK, 0},
		{"file size", unix.RLIMIT_FSIZE, uint64(s.FileSize)},
		{"data", unix.RLIMIT_DATA, orNone(s.Data)},
		{"processor time", unix.RLIMIT_CPU, orNone(int64((s.CPU + time.Second - 1) / time.Second))},
		{"open files", unix.RLIMIT_NOFILE, orNone(int64(s.OpenFiles))},
	} {
		if err := lower(l.resource, l.value); err != nil {
			return fmt.Errorf("limit %s to %d: %w", l.what, l.value, err)
		}
	}
	return nil
}

func orNone(v int64) uint64 {
	if v == 0 {
		return math.MaxUint64
	}
	return uint64(v)
}

// lower sets a limit and its ceiling, which a process may lower but not raise.
func lower(resource int, to uint64) error {
	var have unix.Rlimit
	if err := unix.Getrlimit(resource, &have); err != nil {
		return err
	}
	want := unix.Rlimit{Cur: min(have.Cur, to), Max: min(have.Max, to)}
	return unix.Setrlimit(resource, &want)
}
