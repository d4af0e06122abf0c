//go:build linux && (amd64 || arm64)

package jail

import (
	"slices"

	"golang.org/x/sys/unix"
)

// pretendUnknown are calls that are answered as by an old kernel, because whoever makes them then falls back on
// another: clone3, whose flags a filter cannot see, and copies between descriptors that Go does by hand instead.
var pretendUnknown = []uint32{
	unix.SYS_CLONE3, unix.SYS_COPY_FILE_RANGE, unix.SYS_SENDFILE, unix.SYS_SPLICE,
}

// threadFlags are those with which Go's runtime makes a thread, and what the C library adds.
const (
	threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM
	cgoFlags    = unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID
)

// What memories of instances are managed with, on descriptors that were opened before.
const (
	pagemapScan  = 0xc0606610 // PAGEMAP_SCAN of linux/fs.h, lists pages: _IOWR('f', 16, struct pm_scan_arg)
	uffdRegister = 0xc020aa00 // UFFDIO_REGISTER of linux/userfaultfd.h, for a range of memory: _IOWR(0xAA, 0, ...)
)

// allowed returns the calls that pass in the process pid.
func allowed(s Spec, pid int) []call {
	// A signal may go to the process itself: Go interrupts its threads so, and ends itself so when it crashes.
	self := []condition{arg(0, pid)}
	calls := append(slices.Concat(memory, threads, events, descriptors, sockets, identity),
		call{unix.SYS_TGKILL, self}, call{unix.SYS_KILL, self})
	switch {
	case !s.Files:
		return append(calls, last...)
	case len(s.Write) == 0:
		return slices.Concat(calls, again, files, readOnly)
	default:
		return slices.Concat(calls, again, files, changes)
	}
}

func plain(numbers ...uint32) []call {
	var calls []call
	for _, n := range numbers {
		calls = append(calls, call{number: n})
	}
	return calls
}

// memory: Go's heap and stacks, the memories of guests, and their compiled code, which is made executable. brk, and
// a few of the calls below, are the C library's, which test binaries are linked with. All of it is private: what is
// shared, or grows like a stack, does not count towards the limit on data, and huge pages are the machine's.
var memory = append(plain(
	unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_BRK,
), call{unix.SYS_MMAP, []condition{among(3, unix.MAP_SHARED|unix.MAP_PRIVATE|unix.MAP_GROWSDOWN|unix.MAP_HUGETLB, unix.MAP_PRIVATE)}})

// threads: Go's runtime makes one whenever it has need, and never a process.
var threads = append(plain(
	unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK,
	unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
), call{unix.SYS_CLONE, []condition{only(0, threadFlags|cgoFlags, threadFlags)}})

// events: timers, randomness, and waiting for descriptors.
var events = plain(
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETRANDOM, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EVENTFD2,
)

// descriptors: those that are open, pipes within the process, and memory files, in which images of guests are kept.
// Not among fcntl's commands is F_SETOWN, with which a descriptor sends signals to another process.
var descriptors = append(plain(
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_PREAD64, unix.SYS_PWRITE64,
	unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_LSEEK, unix.SYS_FTRUNCATE, unix.SYS_PIPE2,
), []call{
	{unix.SYS_FCNTL, []condition{arg(1, unix.F_DUPFD, unix.F_DUPFD_CLOEXEC, unix.F_GETFD, unix.F_SETFD,
		unix.F_GETFL, unix.F_SETFL, unix.F_ADD_SEALS, unix.F_GET_SEALS)}},
	{unix.SYS_MEMFD_CREATE, []condition{only(1, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL, 0)}},
	{unix.SYS_IOCTL, []condition{arg(1, pagemapScan, uffdRegister)}},
}...)

// sockets: connections are accepted on a listener that is open; no socket is made, bound or connected, and none
// takes or passes descriptors, which recvmsg and sendmsg do.
var sockets = append(plain(
	unix.SYS_ACCEPT4, unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_SHUTDOWN,
), call{unix.SYS_SETSOCKOPT, []condition{
	arg(1, unix.SOL_SOCKET), arg(2, unix.SO_RCVBUF, unix.SO_SNDBUF, unix.SO_LINGER, unix.SO_KEEPALIVE),
}})

// identity: who and where the process is, and within which limits.
var identity = plain(
	unix.SYS_GETPID, unix.SYS_GETPPID, unix.SYS_GETTID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
	unix.SYS_UNAME, unix.SYS_GETRLIMIT,
)

// last: once no file can be opened, nothing more can be given up. Go names its mappings with prctl.
var last = []call{
	{unix.SYS_PRCTL, []condition{arg(0, unix.PR_SET_VMA)}},
	{unix.SYS_PRLIMIT64, null(2)}, // asks, does not set
}

// again: what a second Enter needs besides. None of it gives anything back.
var again = append([]call{
	{unix.SYS_PRCTL, []condition{arg(0, unix.PR_SET_VMA, unix.PR_SET_NO_NEW_PRIVS)}},
	{unix.SYS_PRLIMIT64, []condition{arg(0, 0)}}, // of this process
	{unix.SYS_SECCOMP, []condition{arg(0, unix.SECCOMP_SET_MODE_FILTER), arg(1, unix.SECCOMP_FILTER_FLAG_TSYNC)}},
}, plain(
	unix.SYS_CAPGET, unix.SYS_CAPSET,
	unix.SYS_LANDLOCK_CREATE_RULESET, unix.SYS_LANDLOCK_ADD_RULE, unix.SYS_LANDLOCK_RESTRICT_SELF,
)...)

// files: looking them up. Landlock says which can be read.
var files = plain(unix.SYS_NEWFSTATAT, unix.SYS_READLINKAT, unix.SYS_GETDENTS64)

// readOnly: opening files, but not so that they are made or cut short.
var readOnly = []call{{unix.SYS_OPENAT, []condition{only(2, unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_DIRECTORY|
	unix.O_NOFOLLOW|unix.O_LARGEFILE|unix.O_PATH, 0)}}}

// changes: making, writing and removing files. Landlock says where.
var changes = plain(
	unix.SYS_OPENAT, unix.SYS_MKDIRAT, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINKAT,
	unix.SYS_FCHMOD, unix.SYS_FSYNC, unix.SYS_FDATASYNC,
)
