//go:build linux && (amd64 || arm64)

package jail

import "golang.org/x/sys/unix"

// A program of the kernel's packet filter machine, which seccomp runs at every system call. It has one register,
// constants, and jumps forward; its input is the kernel's struct seccomp_data: the call's number, the
// architecture, and six arguments of 64 bits, here little-endian.
type program []unix.SockFilter

const (
	numberAt = 0
	archAt   = 4
)

// lowAt and highAt are the places of an argument's halves. An argument of C's type int has only the low one: the
// kernel drops the other.
func lowAt(arg int) uint32  { return 16 + 8*uint32(arg) }
func highAt(arg int) uint32 { return lowAt(arg) + 4 }

func (p *program) load(at uint32) {
	*p = append(*p, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at})
}

func (p *program) and(mask uint32) {
	*p = append(*p, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: mask})
}

func (p *program) ret(verdict uint32) {
	*p = append(*p, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict})
}

// ifEqual skips the next n instructions if the register is the value.
func (p *program) ifEqual(value uint32, n int) { p.jump(unix.BPF_JEQ, value, n, 0) }

// unless skips the next n instructions if the register is not the value.
func (p *program) unless(value uint32, n int) { p.jump(unix.BPF_JEQ, value, 0, n) }

// unlessAny skips the next n instructions if the register has none of the bits.
func (p *program) unlessAny(bits uint32, n int) { p.jump(unix.BPF_JSET, bits, 0, n) }

func (p *program) jump(test uint16, k uint32, ifTrue, ifFalse int) {
	*p = append(*p, unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: uint8(ifTrue), Jf: uint8(ifFalse), K: k})
}
