//go:build linux && (amd64 || arm64)

package jail

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	verdictAllow   = unix.SECCOMP_RET_ALLOW
	verdictDeny    = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	verdictUnknown = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	verdictKill    = unix.SECCOMP_RET_KILL_PROCESS
)

// call is a system call that passes if every condition holds.
type call struct {
	number uint32
	when   []condition
}

// condition is that half an argument, as far as the mask goes, is one of the values.
type condition struct {
	at     uint32
	mask   uint32
	values []uint32
}

// filter lets only the calls of the list pass, on all threads.
func filter(s Spec, r *Report) error {
	switch err := install(assemble(allowed(s, os.Getpid()))); {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL) && !kernelFilters():
		r.missing("system calls are not filtered: the kernel has no seccomp filters")
		return nil
	case err != nil:
		return err
	}
	r.Seccomp = true
	return nil
}

// install sets a filter on all threads, with no_new_privs, that this one must have.
func install(p program) error {
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	if thread != 0 {
		return fmt.Errorf("thread %d has a filter that the others have not", thread)
	}
	return nil
}

func kernelFilters() bool {
	action := uint32(verdictAllow)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	return errno == 0
}

// assemble makes the program that lets the calls pass. Calls without conditions come to their verdict by number
// alone, which the kernel finds out when the filter is installed; for the others, which come first, it is run.
func assemble(calls []call) program {
	slices.SortStableFunc(calls, func(a, b call) int { return len(b.when) - len(a.when) })
	var p program
	p.load(archAt)
	p.ifEqual(auditArch, 1)
	p.ret(verdictKill)
	p.load(numberAt)
	if foreignNumbers != 0 {
		p.unlessAny(foreignNumbers, 1)
		p.ret(verdictUnknown)
	}
	for _, n := range pretendUnknown {
		p.unless(n, 1)
		p.ret(verdictUnknown)
	}
	for _, c := range calls {
		body := c.assemble()
		p.unless(c.number, len(body))
		p = append(p, body...)
	}
	p.ret(verdictDeny)
	return p
}

// assemble makes a part of the program that is run for the call's number and ends in a verdict.
func (c call) assemble() program {
	var p program
	for _, w := range c.when {
		p.load(w.at) // in place of the number, which is found
		p.and(w.mask)
		for i, v := range w.values {
			p.ifEqual(v, len(w.values)-i)
		}
		p.ret(verdictDeny)
	}
	p.ret(verdictAllow)
	return p
}

// arg is that an argument of type int is one of the values.
func arg(i int, values ...int) condition {
	c := condition{at: lowAt(i), mask: ^uint32(0)}
	for _, v := range values {
		c.values = append(c.values, uint32(v))
	}
	return c
}

// only is that an argument of type int has no bits but these, and has all of the ones that must be there.
func only(i int, bits, must uint32) condition {
	return condition{at: lowAt(i), mask: ^bits | must, values: []uint32{must}}
}

// among is that an argument of type int has, among these bits, exactly the ones that must be there.
func among(i int, bits, must uint32) condition {
	return condition{at: lowAt(i), mask: bits, values: []uint32{must}}
}

// null is that an argument is a null pointer.
func null(i int) []condition {
	return []condition{arg(i, 0), {at: highAt(i), mask: ^uint32(0), values: []uint32{0}}}
}
