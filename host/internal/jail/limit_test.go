//go:build linux && (amd64 || arm64)

package jail

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	children["heap"] = func() error {
		if _, err := Enter(Spec{Data: 256 << 20}); err != nil {
			return err
		}
		debug.SetGCPercent(-1)
		var kept [][]byte
		for range 1024 {
			kept = append(kept, make([]byte, 1<<20))
		}
		return fmt.Errorf("the heap took %d MiB", len(kept))
	}
	children["processor time"] = func() error {
		if _, err := Enter(Spec{CPU: time.Millisecond}); err != nil {
			return err
		}
		for {
			runtime.Gosched()
		}
	}
	children["files"] = fileLimits
	children["never raised"] = neverRaised
}

// fileLimits goes over those of files.
func fileLimits() error {
	big, err := os.CreateTemp("", "")
	if err != nil {
		return err
	}
	defer big.Close()
	if _, err := Enter(Spec{FileSize: 1 << 20, OpenFiles: 32}); err != nil {
		return err
	}
	if _, err := big.WriteAt([]byte("x"), 1<<20-1); err != nil {
		return err
	}
	if _, err := big.WriteAt([]byte("x"), 1<<20); !errors.Is(err, unix.EFBIG) {
		return fmt.Errorf("write over the limit: %v", err)
	}
	if err := memoryFile(1 << 20); err != nil {
		return err
	}
	if err := memoryFile(2 << 20); !errors.Is(err, unix.EFBIG) {
		return fmt.Errorf("memory file over the limit: %v", err)
	}
	for n := 0; ; n++ {
		switch fd, err := unix.MemfdCreate("", 0); {
		case errors.Is(err, unix.EMFILE) && fd < 0 && n > 10:
			return nil
		case err != nil || n > 32:
			return fmt.Errorf("descriptor %d: %v", n, err)
		}
	}
}

// neverRaised enters with limits that are wider than those in force.
func neverRaised() error {
	if _, err := Enter(Spec{Files: true, Data: 1 << 30, FileSize: 1 << 20, OpenFiles: 64}); err != nil {
		return err
	}
	if _, err := Enter(Spec{Files: true, Data: 2 << 30, FileSize: 1 << 10}); err != nil {
		return err
	}
	for resource, want := range map[int]uint64{
		unix.RLIMIT_DATA: 1 << 30, unix.RLIMIT_FSIZE: 1 << 10, unix.RLIMIT_NOFILE: 64, unix.RLIMIT_CORE: 0, unix.RLIMIT_MEMLOCK: 0,
	} {
		var got unix.Rlimit
		if err := unix.Getrlimit(resource, &got); err != nil || got != (unix.Rlimit{Cur: want, Max: want}) {
			return fmt.Errorf("limit %d is %v, want %d: %v", resource, got, want, err)
		}
	}
	return nil
}

func TestLimits(t *testing.T) {
	run(t, jailed(t, "files", "TMPDIR="+t.TempDir()))
	run(t, jailed(t, "never raised"))
}

// TestLimits_Death: who takes more memory or time than there is dies, and only he.
func TestLimits_Death(t *testing.T) {
	out, err := jailed(t, "heap").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "out of memory") {
		t.Errorf("heap: %v\n%.400s", err, out)
	}
	var exit *exec.ExitError
	err = jailed(t, "processor time").Run()
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("processor time: %v, want it killed", err)
	}
}
