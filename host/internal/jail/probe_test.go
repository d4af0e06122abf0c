//go:build linux && (amd64 || arm64)

package jail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

const testData = 512 << 20

func init() {
	for name, w := range map[string]walls{"both": {true, true}, "landlock": {landlock: true}, "seccomp": {seccomp: true}, "limits": {}} {
		children[name] = func() error {
			return answer(Spec{Data: testData}, os.Stdin, os.Stdout, func(s Spec) (Report, error) { return enter(s, w) })
		}
	}
	children["free"] = func() error {
		err := answer(Spec{Data: testData}, os.Stdin, os.Stdout, func(Spec) (Report, error) { return Report{}, nil })
		if _, left := unix.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil); !errors.Is(left, unix.ECHILD) {
			return fmt.Errorf("a process is left, or is traced: %v", left)
		}
		return err
	}
	children["answer"] = func() error { return Answer(Spec{Data: testData}, os.Stdin, os.Stdout) }
	children["in folders"] = func() error {
		return Answer(Spec{Data: testData, Files: true, Read: []string{"/usr"}}, os.Stdin, os.Stdout)
	}
	children["garbage"] = func() error { fmt.Println("no JSON"); return nil }
	children["broken"] = func() error { return errors.New("the reason") }
	children["endless"] = func() error {
		os.NewFile(3, "started").WriteString("x")
		for {
			time.Sleep(time.Hour)
		}
	}
	children["leaves"] = func() error {
		cmd := child("left")
		cmd.Stdout, cmd.ExtraFiles = os.Stdout, []*os.File{os.NewFile(3, "end")}
		return cmd.Start()
	}
	children["left"] = func() error {
		_, err := io.ReadAll(os.NewFile(3, "end"))
		return err
	}
	// A parent that is somebody else than this process, and the parent of a child as above.
	children["parent"] = func() error {
		if os.Getenv("JAIL_UNDUMPABLE") != "" {
			if err := Undumpable(); err != nil {
				return err
			}
			var core unix.Rlimit
			if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core != (unix.Rlimit{}) {
				return fmt.Errorf("core files may have %v: %v", core, err)
			}
		}
		f, err := Probe(context.Background(), child(os.Getenv("JAIL_INNER")))
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(f)
	}
}

// probe probes with a parent that is the given user.
func probe(t *testing.T, uid int, inner string, extra ...string) Finding {
	t.Helper()
	var f Finding
	out := run(t, as(t, jailed(t, "parent", append(extra, "JAIL_INNER="+inner)...), uid))
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// passLandlock are the attacks that Landlock, in version 7, and limits leave possible.
var passLandlock = []string{
	"send by UDP", "connect to a Unix socket by path", "signal the parent through a descriptor",
	"open the parent as a process", "start a process", "set the user", "leave a namespace", "enter a namespace",
	"set up io_uring", "open a performance event", "use the kernel's keys", "push input into a terminal",
	"open a file by handle", "change a file's mode", "change the root", "connect by Multipath TCP",
	"make a netlink socket", "handle page faults", "take memory that is shared", "take memory that grows",
}

// onMachines are the attacks that a machine may deny by its own settings, also to who is in no jail.
var onMachines = []string{
	"mount", "load a BPF program", "set up io_uring", "open a performance event", "use the kernel's keys",
	"handle page faults", "open a file by handle", "leave a namespace", "enter a namespace", "raise a limit",
}

// Attacks that take capabilities, in the parent's case because this one has them.
var (
	onMachine = []string{"mount", "load a BPF program"}
	onParent  = []string{"read the parent's environment", "open the parent's memory", "read the parent's memory", "trace the parent"}
	overLimit = []string{"raise a limit", "take memory over the limit"}
)

func TestAttacks(t *testing.T) {
	landlocked(t)
	var all []string
	for _, a := range append(portable(), native(Spec{Data: testData})...) {
		all = append(all, a.name)
	}
	for _, c := range []struct {
		walls  string
		uid    int
		tier   Tier
		passed []string
	}{
		{"both", 0, TierA, nil},
		{"both", nobody, TierA, nil},
		{"in folders", 0, TierA, nil},
		{"in folders", nobody, TierA, nil},
		{"seccomp", 0, TierB, nil},
		{"seccomp", nobody, TierB, nil},
		{"landlock", 0, TierC, passLandlock},
		{"landlock", nobody, TierC, passLandlock},
		{"limits", 0, TierC, without(all, onMachine, onParent, overLimit)},
		{"limits", nobody, TierC, without(all, onMachine, overLimit)},
		{"free", 0, TierC, all},
		{"free", nobody, TierC, without(all, onMachine)},
	} {
		t.Run(fmt.Sprintf("%s as %d", c.walls, c.uid), func(t *testing.T) {
			t.Parallel()
			f := probe(t, c.uid, c.walls)
			got, want := names(f.Passed()), slices.Sorted(slices.Values(c.passed))
			if diff := cmp.Diff(without(want, onMachines), without(got, onMachines)); diff != "" {
				t.Errorf("attacks that passed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got); len(without(got, want)) > 0 {
				t.Errorf("attacks that passed (-want +got):\n%s", diff)
			} else if diff != "" {
				t.Logf("this machine itself denies some (-want +got):\n%s", diff)
			}
			if f.Tier() != c.tier || len(f.Report.Missing) > 0 || len(f.Attempts) != len(all) {
				t.Errorf("%d attempts, tier %v, missing %q; want %d, %v", len(f.Attempts), f.Tier(), f.Report.Missing, len(all), c.tier)
			}
			for _, a := range f.Attempts {
				reasoned(t, a, c.walls)
			}
		})
	}
}

// reasoned checks that an attempt was denied by the wall that was to deny it, or else succeeded.
func reasoned(t *testing.T, a Attempt, walls string) {
	t.Helper()
	want := "operation not permitted" // what the filter says
	switch {
	case !a.Denied:
		want = succeeded
	case strings.Contains(a.Name, "memory over"):
		want = "over the limit"
	case walls != "both" && walls != "seccomp":
		return // EPERM or EACCES
	}
	if !strings.Contains(a.Detail, want) {
		t.Errorf("%s: %s; want: %s", a.Name, a.Detail, want)
	}
}

func names(attempts []Attempt) []string {
	var n []string
	for _, a := range attempts {
		n = append(n, a.Name)
	}
	return slices.Sorted(slices.Values(n))
}

func without(all []string, some ...[]string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(slices.Concat(some...), n) })
}

// TestUndumpable: what a child of the same user can do to its parent without a jail, it cannot to one that is
// undumpable.
func TestUndumpable(t *testing.T) {
	if got := names(probe(t, nobody, "free").Passed()); !slices.Contains(got, onParent[0]) {
		t.Fatalf("the control passed only %v", got)
	}
	got := names(probe(t, nobody, "free", "JAIL_UNDUMPABLE=1").Passed())
	for _, name := range onParent {
		if slices.Contains(got, name) {
			t.Errorf("%s: %s", name, succeeded)
		}
	}
}

func TestProbe_Errors(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	missing := child("answer")
	missing.Path = "/no/such/file"
	for _, c := range []struct {
		name string
		cmd  *exec.Cmd
		want string
	}{
		{"no command", missing, "start the probe"},
		{"no answer", child("garbage"), "the probe's answer: invalid character"},
		{"a failure", child("broken"), "exit status 1\nthe reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := openDescriptors()
			if f, err := Probe(t.Context(), c.cmd); err == nil || !strings.Contains(err.Error(), c.want) || f.Tier() != TierC {
				t.Errorf("tier %v, error %v; want %q", f.Tier(), err, c.want)
			}
			empty(t, os.TempDir())
			if after := openDescriptors(); after != before {
				t.Errorf("%d descriptors are open, %d were", after, before)
			}
		})
	}
}

// TestProbe_Stops: a probe that does not end is killed, and Probe waits until it is.
func TestProbe_Stops(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cmd := child("endless")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{w} // where the child says that it has started
	go func() {
		r.Read(make([]byte, 1))
		cancel()
	}()
	_, err = Probe(ctx, cmd)
	w.Close()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one of the context", err)
	}
	if err := unix.Kill(cmd.Process.Pid, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("the child is still there: %v", err)
	}
	empty(t, os.TempDir())
}

// TestProbe_Waits: a process that a probe leaves behind does not hold Probe up by holding the probe's output.
func TestProbe_Waits(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close() // whereupon the process ends
	cmd := child("leaves")
	cmd.ExtraFiles = []*os.File{r}
	if _, err := Probe(t.Context(), cmd); !errors.Is(err, exec.ErrWaitDelay) {
		t.Errorf("error %v, want %v", err, exec.ErrWaitDelay)
	}
}

func TestCapped(t *testing.T) {
	c := &capped{max: 5}
	for _, s := range []string{"abc", "def", "ghi"} {
		if n, err := c.Write([]byte(s)); n != 3 || err != nil {
			t.Errorf("wrote %d bytes of %q, %v", n, s, err)
		}
	}
	if c.String() != "abcde" {
		t.Errorf("kept %q", c)
	}
}

func empty(t *testing.T, folder string) {
	t.Helper()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%s has %v, %v; want nothing left", folder, left, err)
	}
}
