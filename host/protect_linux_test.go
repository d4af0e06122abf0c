package host

import (
	"syscall"
	"testing"
)

func TestProtect(t *testing.T) {
	const getDumpable, setDumpable = 3, 4 // of linux/prctl.h
	dumpable := func() uintptr {
		got, _, errno := syscall.Syscall(syscall.SYS_PRCTL, getDumpable, 0, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		return got
	}
	before := dumpable()
	t.Cleanup(func() { syscall.Syscall(syscall.SYS_PRCTL, setDumpable, before, 0) })
	if err := Protect(); err != nil {
		t.Fatal(err)
	}
	if got := dumpable(); got != 0 {
		t.Errorf("the process can be read by others of its user: dumpable is %d", got)
	}
}
