package jail

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const landlockThreads = 8 // from this version on, the kernel itself restricts all threads

// Rights in a folder. None runs a program or makes a device, a socket or a link.
const (
	readFolder  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writeFolder = readFolder | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR
)

// restrict denies everything that the kernel's Landlock knows of, except in the folders of the spec.
func restrict(s Spec, r *Report) error {
	version, err := landlockVersion()
	if err == nil {
		err = restrictTo(s, version)
	}
	switch {
	case version == 0, errors.Is(err, errThreads):
		r.missing("files, TCP and signals are not confined by Landlock: %v", err)
		return nil
	case err != nil:
		return err
	}
	r.Landlock = version
	return nil
}

func restrictTo(s Spec, version int) error {
	all := everything(version)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&all)), unsafe.Sizeof(all), 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	defer unix.Close(int(fd))
	for rights, folders := range map[uint64][]string{readFolder: s.Read, writeFolder: s.Write} {
		for _, f := range folders {
			if err := allowBelow(int(fd), f, rights&all.Handled_access_fs); err != nil {
				return fmt.Errorf("allow %s: %w", f, err)
			}
		}
	}
	return restrictThreads(fd, version)
}

// landlockVersion returns 0 and the reason if the kernel has no Landlock or was started without it.
func landlockVersion() (int, error) {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, os.NewSyscallError("landlock_create_ruleset", errno)
	}
	return int(v), nil
}

// everything returns the set of all that a version can deny. The kernel refuses bits that it does not know.
func everything(version int) unix.LandlockRulesetAttr {
	var a unix.LandlockRulesetAttr
	for _, since := range []struct {
		version           int
		files, net, scope uint64
	}{
		{1, unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1, 0, 0},
		{2, unix.LANDLOCK_ACCESS_FS_REFER, 0, 0},
		{3, unix.LANDLOCK_ACCESS_FS_TRUNCATE, 0, 0},
		{4, 0, unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, 0},
		{5, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV, 0, 0},
		{6, 0, 0, unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL},
		{9, unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX, 0, 0},
		{10, 0, unix.LANDLOCK_ACCESS_NET_BIND_UDP | unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP, 0},
	} {
		if version >= since.version {
			a.Handled_access_fs |= since.files
			a.Handled_access_net |= since.net
			a.Scoped |= since.scope
		}
	}
	return a
}

func allowBelow(ruleset int, folder string, rights uint64) error {
	fd, err := unix.Open(folder, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	defer unix.Close(fd)
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_add_rule", errno)
	}
	return nil
}

func restrictThreads(ruleset uintptr, version int) error {
	if version < landlockThreads {
		return everyThread(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0)
	}
	_, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, unix.LANDLOCK_RESTRICT_SELF_TSYNC, 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}
