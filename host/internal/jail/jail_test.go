//go:build linux && (amd64 || arm64)

package jail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	childVariable = "JAIL_CHILD"
	nobody        = 65534
)

// TestMain makes the test binary the child that the tests put into jail: the variable says which.
func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := children[name](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	os.RemoveAll(builds)
	os.Exit(code)
}

// children are what the test binary does instead of its tests.
var children = map[string]func() error{}

func child(name string, extra ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append([]string{childVariable + "=" + name}, extra...)
	return cmd
}

// run runs a child to its end and returns its output. It must leave no process behind.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Env[0], err, stderr.Bytes())
	}
	return out.String()
}

var builds string // folder of what withoutCgo has built

// withoutCgo returns a test binary that is not linked with cgo, as our commands are not: this one, or one that it builds.
var withoutCgo = sync.OnceValues(func() (string, error) {
	if err := everyThread(unix.SYS_GETPID, 0, 0); !errors.Is(err, errThreads) {
		return "/proc/self/exe", nil
	}
	var err error
	if builds, err = os.MkdirTemp("", "jail-test-"); err != nil {
		return "", err
	}
	if err := os.Chmod(builds, 0o755); err != nil { // for the children that are nobody
		return "", err
	}
	file := filepath.Join(builds, "jail.test")
	build := exec.CommandContext(context.Background(), "go", "test", "-c", "-o", file, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build without cgo: %w\n%s", err, out)
	}
	return file, nil
})

// jailed is a child without cgo.
func jailed(t *testing.T, name string, extra ...string) *exec.Cmd {
	t.Helper()
	file, err := withoutCgo()
	if err != nil {
		t.Fatal(err)
	}
	cmd := child(name, extra...)
	cmd.Path, cmd.Args = file, []string{file}
	return cmd
}

// as makes a command run as root, or as nobody, for whom any other user stands in if these tests are not root's.
func as(t *testing.T, cmd *exec.Cmd, uid int) *exec.Cmd {
	t.Helper()
	switch self := os.Getuid(); {
	case self != 0 && uid == 0:
		t.Skipf("these tests run as %d, and only root can run a child as root", self)
	case self != 0 || uid == 0:
		return cmd
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd
}

// openDescriptors counts those that are open.
func openDescriptors() int {
	open, _ := os.ReadDir("/proc/self/fd")
	return len(open)
}

// landlocked skips a test on a kernel without Landlock.
func landlocked(t *testing.T) {
	t.Helper()
	if v, err := landlockVersion(); v < landlockScopes {
		t.Skipf("Landlock has version %d here (%v), this test needs %d", v, err, landlockScopes)
	}
}
