package jail

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// native are the attacks by system calls of Linux. Where one that succeeds would do harm it is made with arguments
// that the kernel refuses only after it has looked whether the caller may.
func native(spec Spec) []attack {
	all := slices.Concat(onProcesses(), onMemory(), onKernel(), onFiles(), onSockets())
	if spec.Data > 0 {
		all = append(all, attack{"take memory over the limit", func(targets) error { return overData(spec.Data) }})
	}
	return all
}

func onProcesses() []attack {
	return []attack{
		{"read the parent's environment", func(t targets) error { return open("/proc/%d/environ", t.Parent) }},
		{"open the parent's memory", func(t targets) error { return open("/proc/%d/mem", t.Parent) }},
		{"signal the parent", func(t targets) error { return unix.Kill(t.Parent, 0) }},
		{"signal a thread of the parent", func(t targets) error { return unix.Tgkill(t.Parent, t.Parent, 0) }},
		{"signal the parent through a descriptor", func(t targets) error { return ownDescriptor(t.Parent) }},
		{"trace the parent", func(t targets) error { return trace(t.Parent) }},
		{"read the parent's memory", func(t targets) error {
			return reached(unix.EFAULT, readMemory(t.Parent))
		}},
		{"open the parent as a process", func(t targets) error {
			return closing(unix.PidfdOpen(t.Parent, 0))
		}},
		{"execute a file", func(t targets) error { return execute(filepath.Join(t.Folder, "bait")) }},
		{"start a process", func(targets) error { return fork() }},
		{"set the user", func(targets) error { return call6(unix.SYS_SETUID, os.Getuid(), 0, 0, 0, 0, 0) }},
		{"raise a limit", func(targets) error {
			return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1})
		}},
	}
}

// onMemory takes memory that no limit counts. A flood of threads is not here: no right of a process bounds them,
// whoever started it has to count.
func onMemory() []attack {
	return []attack{
		{"take memory that is shared", func(targets) error { return anonymous(unix.MAP_SHARED) }},
		{"take memory that grows", func(targets) error { return anonymous(unix.MAP_PRIVATE | unix.MAP_GROWSDOWN) }},
	}
}

func anonymous(flags int) error {
	b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|flags)
	if err != nil {
		return err
	}
	return unix.Munmap(b)
}

func onKernel() []attack {
	return []attack{
		{"leave a namespace", func(targets) error { return reached(unix.EINVAL, unix.Unshare(1)) }},
		{"enter a namespace", func(targets) error { return reached(unix.EBADF, unix.Setns(-1, 0)) }},
		{"mount", func(t targets) error {
			return reached(unix.ENODEV, unix.Mount("none", t.Folder, "no-such-filesystem", 0, ""))
		}},
		{"load a BPF program", func(targets) error {
			return reached(unix.E2BIG, call6(unix.SYS_BPF, unix.BPF_PROG_LOAD, 0, 0, 0, 0, 0))
		}},
		{"set up io_uring", func(targets) error {
			return reached(unix.EFAULT, call6(unix.SYS_IO_URING_SETUP, 1, 0, 0, 0, 0, 0))
		}},
		{"handle page faults", func(targets) error { // of user mode, which needs no capability, and a flag that is not
			return reached(unix.EINVAL, call6(unix.SYS_USERFAULTFD, 1|2, 0, 0, 0, 0, 0))
		}},
		{"open a performance event", func(targets) error {
			return reached(unix.EFAULT, call6(unix.SYS_PERF_EVENT_OPEN, 0, 0, -1, -1, 0, 0))
		}},
		{"use the kernel's keys", func(targets) error {
			return reached(unix.EOPNOTSUPP, call6(unix.SYS_KEYCTL, -1, 0, 0, 0, 0, 0))
		}},
		{"push input into a terminal", func(targets) error {
			return reached(unix.ENOTTY, call6(unix.SYS_IOCTL, 0, unix.TIOCSTI, 0, 0, 0, 0))
		}},
	}
}

func onFiles() []attack {
	return []attack{
		{"open a file by handle", func(targets) error {
			return reached(unix.EFAULT, call6(unix.SYS_OPEN_BY_HANDLE_AT, unix.AT_FDCWD, 0, unix.O_RDONLY, 0, 0, 0))
		}},
		{"truncate a file", func(t targets) error { return unix.Truncate(filepath.Join(t.Folder, "bait"), 1) }},
		{"change a file's mode", func(t targets) error { return os.Chmod(filepath.Join(t.Folder, "bait"), 0o700) }},
		{"change the root", func(t targets) error {
			return reached(unix.ENOTDIR, unix.Chroot(filepath.Join(t.Folder, "bait")))
		}},
	}
}

func onSockets() []attack {
	return []attack{
		{"connect to an abstract Unix socket", func(t targets) error { return dial("unix", t.Abstract) }},
		{"connect by Multipath TCP", func(t targets) error { return multipath(t.TCP) }},
		{"make a netlink socket", func(targets) error {
			return closing(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE))
		}},
	}
}

// reached turns the error that the kernel gives to a caller who may, for the arguments, into none.
func reached(bad unix.Errno, err error) error {
	if errors.Is(err, bad) {
		return nil
	}
	return err
}

func call6(trap uintptr, a ...int) error {
	if _, _, errno := unix.RawSyscall6(trap, uintptr(a[0]), uintptr(a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(a[4]), uintptr(a[5])); errno != 0 {
		return errno
	}
	return nil
}

func closing(fd int, err error) error {
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func open(format string, pid int) error {
	f, err := os.Open(fmt.Sprintf(format, pid))
	if err != nil {
		return err
	}
	return f.Close()
}

// ownDescriptor makes another process the one that hears of a pipe: it would be sent a signal of our choice.
func ownDescriptor(pid int) error {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	_, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETOWN, pid)
	return err
}

// readMemory reads from an address where there is nothing.
func readMemory(pid int) error {
	var b [1]byte
	local, remote := []unix.Iovec{{Base: &b[0]}}, []unix.RemoteIovec{{Base: 1, Len: 1}}
	local[0].SetLen(1)
	_, err := unix.ProcessVMReadv(pid, local, remote, 0)
	return err
}

// trace attaches to a process and lets go of it. It must not end before: the process would wait for us.
func trace(pid int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := call6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, pid, 0, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.PtraceInterrupt(pid); err != nil {
		return fmt.Errorf("after tracing: %v", err)
	}
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return fmt.Errorf("after tracing: %v", err)
	}
	return unix.PtraceDetach(pid)
}

// fork starts a process that ends at once. It makes no other call: of Go's runtime it has but one thread.
//
//go:norace
func fork() error {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	_, err := unix.Wait4(int(pid), nil, 0, nil)
	return err
}

// execute runs a file that may be executed but is no program.
func execute(path string) error {
	return reached(unix.ENOEXEC, unix.Exec(path, []string{path}, nil))
}

func multipath(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
	if err != nil {
		return &net.OpError{Op: "socket", Net: "mptcp", Err: err}
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
}

// overData maps as much private memory as there may be at all.
func overData(limit int64) error {
	b, err := unix.Mmap(-1, 0, int(limit), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w of %d bytes: %v", errExhausted, limit, err)
	}
	if err != nil {
		return err
	}
	return unix.Munmap(b)
}
