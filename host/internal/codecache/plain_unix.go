//go:build unix

package codecache

import (
	"errors"
	"io/fs"
	"syscall"
)

// plainOnly opens no link, and does not wait for a pipe that nobody writes to.
const plainOnly = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func notPlain(err error) bool { return errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) }

// owner is the user that a file belongs to.
func owner(info fs.FileInfo) (user int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
