//go:build linux && (amd64 || arm64)

package jail

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// verdict runs a program on a call as the kernel does.
func verdict(t interface{ Fatalf(string, ...any) }, p program, arch, number uint32, args ...uint64) uint32 {
	data := make([]byte, 64)
	binary.LittleEndian.PutUint32(data, number)
	binary.LittleEndian.PutUint32(data[archAt:], arch)
	for i, a := range args {
		binary.LittleEndian.PutUint64(data[16+8*i:], a)
	}
	var register uint32
	for at := 0; at < len(p); at++ {
		switch in := p[at]; in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			register = binary.LittleEndian.Uint32(data[in.K:])
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			register &= in.K
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			at += int(either(register == in.K, in.Jt, in.Jf))
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			at += int(either(register&in.K != 0, in.Jt, in.Jf))
		default:
			t.Fatalf("instruction %d has the code %#x", at, in.Code)
		}
	}
	t.Fatalf("the program has no verdict on call %d of %#x", number, arch)
	return 0
}

func either(which bool, a, b uint8) uint8 {
	if which {
		return a
	}
	return b
}

const testPID = 4711

var specs = map[string]Spec{
	"nothing": {},
	"read":    {Files: true, Read: []string{"/r"}},
	"write":   {Files: true, Write: []string{"/w"}},
}

func TestFilter(t *testing.T) {
	const goThread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD
	const high = 1 << 40
	for _, c := range []struct {
		name   string
		spec   string
		number uint32
		args   []uint64
		want   uint32
	}{
		{"map executable memory", "nothing", unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_EXEC, unix.MAP_PRIVATE | unix.MAP_ANON}, verdictAllow},
		{"map memory of a file", "nothing", unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_FIXED}, verdictAllow},
		{"map shared memory", "nothing", unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ, unix.MAP_SHARED | unix.MAP_ANON}, verdictDeny},
		{"map shared memory in another way", "write", unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ, unix.MAP_SHARED_VALIDATE}, verdictDeny},
		{"map memory that grows", "nothing", unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ, unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_GROWSDOWN}, verdictDeny},
		{"map huge pages", "nothing", unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ, unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_HUGETLB}, verdictDeny},
		{"thread", "nothing", unix.SYS_CLONE, []uint64{goThread}, verdictAllow},
		{"thread of the C library", "nothing", unix.SYS_CLONE, []uint64{0x3d0f00}, verdictAllow},
		{"process", "nothing", unix.SYS_CLONE, []uint64{uint64(unix.SIGCHLD)}, verdictDeny},
		{"process with the memory of its parent", "nothing", unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_VFORK | uint64(unix.SIGCHLD)}, verdictDeny},
		{"thread in a namespace", "nothing", unix.SYS_CLONE, []uint64{goThread | unix.CLONE_NEWNET}, verdictDeny},
		{"thread that is traced along", "nothing", unix.SYS_CLONE, []uint64{goThread | unix.CLONE_PTRACE}, verdictDeny},
		{"clone3", "nothing", unix.SYS_CLONE3, nil, verdictUnknown},
		{"sendfile", "write", unix.SYS_SENDFILE, nil, verdictUnknown},
		{"interrupt a thread", "nothing", unix.SYS_TGKILL, []uint64{testPID, testPID + 1, 23}, verdictAllow},
		{"interrupt another's thread", "nothing", unix.SYS_TGKILL, []uint64{testPID + 1, testPID + 1, 23}, verdictDeny},
		{"end itself", "nothing", unix.SYS_KILL, []uint64{testPID, 6}, verdictAllow},
		{"end all", "nothing", unix.SYS_KILL, []uint64{^uint64(0), 6}, verdictDeny},
		{"end its group", "nothing", unix.SYS_KILL, []uint64{0, 6}, verdictDeny},
		{"nonblocking", "nothing", unix.SYS_FCNTL, []uint64{3, unix.F_SETFL, unix.O_NONBLOCK}, verdictAllow},
		{"nonblocking, with what the kernel drops", "nothing", unix.SYS_FCNTL, []uint64{3, high | unix.F_SETFL}, verdictAllow},
		{"signals of a descriptor", "nothing", unix.SYS_FCNTL, []uint64{3, unix.F_SETOWN, 1}, verdictDeny},
		{"signals of a descriptor, with what the kernel drops", "nothing", unix.SYS_FCNTL, []uint64{3, high | unix.F_SETOWN, 1}, verdictDeny},
		{"scan of the page map", "nothing", unix.SYS_IOCTL, []uint64{3, 0xc0606610}, verdictAllow},
		{"memory by itself", "nothing", unix.SYS_IOCTL, []uint64{3, 0xc020aa00}, verdictAllow},
		{"a page of it", "nothing", unix.SYS_IOCTL, []uint64{3, 0xc028aa03}, verdictDeny}, // UFFDIO_COPY
		{"terminal", "nothing", unix.SYS_IOCTL, []uint64{0, unix.TIOCSTI}, verdictDeny},
		{"memory file", "nothing", unix.SYS_MEMFD_CREATE, []uint64{1, unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING | unix.MFD_NOEXEC_SEAL}, verdictAllow},
		{"memory file to execute", "nothing", unix.SYS_MEMFD_CREATE, []uint64{1, unix.MFD_EXEC}, verdictDeny},
		{"memory file of huge pages", "nothing", unix.SYS_MEMFD_CREATE, []uint64{1, unix.MFD_CLOEXEC | unix.MFD_HUGETLB}, verdictDeny},
		{"buffer of a socket", "nothing", unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_SOCKET, unix.SO_SNDBUF}, verdictAllow},
		{"program in a socket", "nothing", unix.SYS_SETSOCKOPT, []uint64{3, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER}, verdictDeny},
		{"option of TCP", "nothing", unix.SYS_SETSOCKOPT, []uint64{3, unix.IPPROTO_TCP, unix.SO_SNDBUF}, verdictDeny},
		{"accept", "nothing", unix.SYS_ACCEPT4, nil, verdictAllow},
		{"connect", "write", unix.SYS_CONNECT, nil, verdictDeny},
		{"descriptors by socket", "write", unix.SYS_RECVMSG, nil, verdictDeny},
		{"name of a mapping", "nothing", unix.SYS_PRCTL, []uint64{unix.PR_SET_VMA}, verdictAllow},
		{"end with the parent", "write", unix.SYS_PRCTL, []uint64{unix.PR_SET_PDEATHSIG}, verdictDeny},
		{"ask a limit", "nothing", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_CPU, 0, 1}, verdictAllow},
		{"set a limit", "nothing", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_CPU, 1, 0}, verdictDeny},
		{"set a limit, low half of the pointer zero", "nothing", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_CPU, high, 0}, verdictDeny},
		{"set a limit in the first stage", "read", unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_CPU, 1, 0}, verdictAllow},
		{"set another's limit", "read", unix.SYS_PRLIMIT64, []uint64{testPID + 1, unix.RLIMIT_CPU, 1, 0}, verdictDeny},
		{"second filter", "read", unix.SYS_SECCOMP, []uint64{unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC}, verdictAllow},
		{"second filter that asks us", "read", unix.SYS_SECCOMP, []uint64{unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER}, verdictDeny},
		{"third filter", "nothing", unix.SYS_SECCOMP, []uint64{unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC}, verdictDeny},
		{"open without files", "nothing", unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY}, verdictDeny},
		{"open to read", "read", unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY | unix.O_CLOEXEC}, verdictAllow},
		{"open to write", "read", unix.SYS_OPENAT, []uint64{0, 0, unix.O_WRONLY}, verdictDeny},
		{"truncate what is open to read", "read", unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY | unix.O_TRUNC}, verdictDeny},
		{"make to read", "read", unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY | unix.O_CREAT}, verdictDeny},
		{"make", "write", unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDWR | unix.O_CREAT | unix.O_EXCL}, verdictAllow},
		{"remove where nothing is written", "read", unix.SYS_UNLINKAT, nil, verdictDeny},
		{"remove", "write", unix.SYS_UNLINKAT, nil, verdictAllow},
		{"execute", "write", unix.SYS_EXECVE, nil, verdictDeny},
		{"handle page faults", "write", unix.SYS_USERFAULTFD, nil, verdictDeny},
		{"a call of tomorrow", "write", 4000, nil, verdictDeny},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := assemble(allowed(specs[c.spec], testPID))
			if got := verdict(t, p, auditArch, c.number, c.args...); got != c.want {
				t.Errorf("verdict %#x, want %#x", got, c.want)
			}
			if got := verdict(t, p, auditArch^1, c.number, c.args...); got != verdictKill {
				t.Errorf("verdict %#x on a foreign architecture, want %#x", got, verdictKill)
			}
			if foreignNumbers != 0 {
				if got := verdict(t, p, auditArch, c.number|foreignNumbers, c.args...); got != verdictUnknown {
					t.Errorf("verdict %#x on a foreign interface, want %#x", got, verdictUnknown)
				}
			}
		})
	}
}

// TestFilter_IsItsList: the program says of every call what the list says.
func TestFilter_IsItsList(t *testing.T) {
	for name, s := range specs {
		t.Run(name, func(t *testing.T) {
			calls := allowed(s, testPID)
			p := assemble(calls)
			listed := map[uint32]call{}
			for _, c := range calls {
				if _, twice := listed[c.number]; twice {
					t.Errorf("call %d is listed twice, of which the first counts", c.number)
				}
				listed[c.number] = c
			}
			if len(p) > 4096 {
				t.Errorf("the program has %d instructions, the kernel takes 4096", len(p))
			}
			rapid.Check(t, func(t *rapid.T) {
				number := rapid.Uint32Range(0, 500).Draw(t, "number")
				args := rapid.SliceOfN(rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 64)), 6, 6).Draw(t, "args")
				c, ok := listed[number]
				want := ok && meets(c, args)
				if got := verdict(t, p, auditArch, number, args...) == verdictAllow; got != want {
					t.Fatalf("allowed: %v, listed: %v", got, want)
				}
			})
		})
	}
}

func meets(c call, args []uint64) bool {
	for _, w := range c.when {
		half := uint32(args[(w.at-16)/8] >> (8 * ((w.at - 16) % 8)))
		met := false
		for _, v := range w.values {
			met = met || half&w.mask == v
		}
		if !met {
			return false
		}
	}
	return true
}
