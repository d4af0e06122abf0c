//go:build linux

package jail

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"
)

var (
	machineReturn  = []byte{0xc3}                                // ret
	machineForeign = []byte{0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3} // mov eax, 20 (getpid); int 0x80; ret
)

func init() {
	children["foreign"] = func() error {
		if _, err := Enter(Spec{}); err != nil {
			return err
		}
		return execMemory(machineForeign)
	}
	children["foreign, free"] = func() error { return execMemory(machineForeign) }
}

// TestForeignCalls: numbers of the 32-bit interface mean other calls, so that who uses it dies.
func TestForeignCalls(t *testing.T) {
	if err := child("foreign, free").Run(); err != nil {
		t.Skipf("this kernel has no 32-bit interface: %v", err)
	}
	var exit *exec.ExitError
	if err := child("foreign").Run(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS {
		t.Errorf("ended with %v, want %v", err, syscall.SIGSYS)
	}
}
