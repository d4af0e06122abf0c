//go:build linux && (amd64 || arm64)

package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	children["threads"] = func() error { return threadsOf(walls{true, true}, "operation not permitted") }
	children["threads, landlock"] = func() error { return threadsOf(walls{landlock: true}, "permission denied") }
	children["stages"] = stages
	children["cgo"] = func() error {
		r, err := Enter(Spec{})
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	children["old kernel"] = func() error { return oldKernel(os.Getenv("JAIL_LACKS")) }
	children["descriptors"] = func() error {
		spec := Spec{Files: true, Read: []string{"/proc", "/usr"}}
		before := openDescriptors()
		if _, err := Enter(spec); err != nil {
			return err
		}
		if after := openDescriptors(); before == 0 || after != before {
			return fmt.Errorf("%d descriptors are open, %d were", after, before)
		}
		return nil
	}
	children["old Landlock"] = func() error {
		if err := errors.Join(noNewPrivs(), restrictTo(Spec{Files: true, Write: []string{os.TempDir()}}, 1)); err != nil {
			return err
		}
		return expect(map[string]error{"outside": second(os.ReadDir("/"))}, fs.ErrPermission)
	}
	children["divided"] = divided
	children["no folder"] = func() error {
		_, err := Enter(Spec{Files: true, Read: []string{"/no/such/folder"}})
		return err
	}
}

// threadsOf enters while threads wait that were there before, and lets each try to open a file.
func threadsOf(w walls, want string) error {
	entered, waiting := make(chan struct{}), make(chan struct{})
	errs := make(chan error)
	const n = 8
	for range n {
		go func() {
			runtime.LockOSThread()
			waiting <- struct{}{}
			<-entered
			errs <- unprivileged(w)
		}()
	}
	for range n {
		<-waiting
	}
	if _, err := enter(Spec{}, w); err != nil {
		return err
	}
	close(entered)
	for range n {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("a thread got: %v; want: %s", err, want)
		}
	}
	return nil
}

// unprivileged says what a thread is denied: all that it should be, or nil.
func unprivileged(w walls) error {
	if !w.seccomp { // which would not let us ask
		if nnp, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); nnp != 1 {
			return fmt.Errorf("no_new_privs is %d: %v", nnp, err)
		}
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var caps [2]unix.CapUserData
		if err := unix.Capget(&header, &caps[0]); err != nil || caps != [2]unix.CapUserData{} {
			return fmt.Errorf("capabilities are %v: %v", caps, err)
		}
	}
	_, err := os.Open("/")
	return err
}

func TestEnter_AllThreads(t *testing.T) {
	landlocked(t)
	run(t, jailed(t, "threads"))
	run(t, jailed(t, "threads, landlock"))
	if err := everyThread(unix.SYS_GETPID, 0, 0); errors.Is(err, errThreads) {
		run(t, child("threads")) // the filter needs no help of the runtime
	}
}

// stages loads code from a folder, keeps something in another, and then gives files up.
func stages() error {
	code, kept, other := os.Getenv("JAIL_CODE"), os.Getenv("JAIL_KEPT"), os.Getenv("JAIL_OTHER")
	r, err := Enter(Spec{Files: true, Read: []string{code}, Write: []string{kept}, FileSize: 1 << 20})
	if err != nil || !r.Files || r.Tier() != TierA {
		return fmt.Errorf("first stage: %+v, %w", r, err)
	}
	rename := func(from, to string) error { return os.Rename(filepath.Join(kept, from), filepath.Join(kept, to)) }
	if err := expect(map[string]error{
		"read":        read(code, "module"),
		"list":        second(os.ReadDir(code)),
		"write":       os.WriteFile(filepath.Join(kept, "a"), []byte("x"), 0o600),
		"write again": os.WriteFile(filepath.Join(kept, "a"), []byte("y"), 0o600),
		"rename":      rename("a", "b"),
		"make folder": os.Mkdir(filepath.Join(kept, "d"), 0o700),
		"into it":     rename("b", "d/b"),
		"remove":      os.RemoveAll(filepath.Join(kept, "d")),
	}, nil); err != nil {
		return err
	}
	if err := expect(map[string]error{
		"read outside":   read(other, "secret"),
		"list outside":   second(os.ReadDir(other)),
		"write outside":  os.WriteFile(filepath.Join(other, "a"), nil, 0o600),
		"write code":     os.WriteFile(filepath.Join(code, "module"), nil, 0o600),
		"remove code":    os.Remove(filepath.Join(code, "module")),
		"link":           os.Symlink("/", filepath.Join(kept, "link")),
		"process":        exec.Command("/proc/self/exe").Run(),
		"out of the way": read(code, "../other/secret"),
	}, fs.ErrPermission); err != nil {
		return err
	}
	r, err = Enter(Spec{})
	if err != nil || r.Files || r.Tier() != TierA {
		return fmt.Errorf("second stage: %+v, %w", r, err)
	}
	if err := expect(map[string]error{
		"read": read(code, "module"), "write": os.WriteFile(filepath.Join(kept, "a"), nil, 0o600),
		"stat": second(os.Stat(code)), "raise": unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{}),
	}, fs.ErrPermission); err != nil {
		return err
	}
	if _, err := Enter(Spec{}); err == nil || !strings.Contains(err.Error(), "nothing more") {
		return fmt.Errorf("third stage: %v", err)
	}
	return nil
}

func read(folder, file string) error {
	_, err := os.ReadFile(folder + "/" + file)
	return err
}

func second[T any](_ T, err error) error { return err }

func expect(got map[string]error, want error) error {
	var all []error
	for name, err := range got {
		if !errors.Is(err, want) {
			all = append(all, fmt.Errorf("%s: %v; want %v", name, err, want))
		}
	}
	return errors.Join(all...)
}

func TestEnter_Stages(t *testing.T) {
	landlocked(t)
	for _, uid := range []int{0, nobody} {
		t.Run(fmt.Sprint(uid), func(t *testing.T) {
			top, err := os.MkdirTemp("", "jail-test-") // where nobody gets to, unlike t.TempDir
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(top) })
			extra := []string{"JAIL_CODE=" + top + "/code", "JAIL_KEPT=" + top + "/kept", "JAIL_OTHER=" + top + "/other"}
			cmd := as(t, jailed(t, "stages", extra...), uid)
			for _, f := range []string{"", "code/", "code/module", "kept/", "other/", "other/secret"} {
				name := filepath.Join(top, f)
				if strings.HasSuffix(f, "/") {
					err = os.Mkdir(name, 0o700)
				} else if f != "" {
					err = os.WriteFile(name, []byte("x"), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				if os.Getuid() == 0 {
					if err := os.Chown(name, uid, uid); err != nil {
						t.Fatal(err)
					}
				}
			}
			run(t, cmd)
		})
	}
}

func TestEnter_Errors(t *testing.T) {
	for name, s := range map[string]Spec{
		"folders without Files": {Read: []string{"/"}},
		"a negative limit":      {Data: -1},
	} {
		if _, err := Enter(s); err == nil {
			t.Fatalf("%s: entered, and so do all tests from here", name)
		}
	}
	if out, err := jailed(t, "no folder").CombinedOutput(); err == nil || !strings.Contains(string(out), "allow /no/such/folder") {
		t.Errorf("error %v: %s", err, out)
	}
}

// divided has a thread with a filter of its own, which keeps it from taking another along with all.
func divided() error {
	var p program
	p.ret(verdictAllow)
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	if err := noNewPrivs(); err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
		if errno != 0 {
			done <- errno
		}
		close(done)
		select {}
	}()
	if err := <-done; err != nil {
		return err
	}
	if _, err := enter(Spec{}, walls{seccomp: true}); err == nil || !strings.Contains(err.Error(), "the others have not") {
		return fmt.Errorf("entered with a thread left out: %v", err)
	}
	return nil
}

func TestEnter_LeavesNoThreadOut(t *testing.T) {
	run(t, jailed(t, "divided"))
}

func TestEnter_ClosesWhatItOpens(t *testing.T) {
	run(t, jailed(t, "descriptors"))
}

// TestEnter_Cgo: a binary with cgo says what it cannot do.
func TestEnter_Cgo(t *testing.T) {
	if err := everyThread(unix.SYS_GETPID, 0, 0); !errors.Is(err, errThreads) {
		t.Skip("this test binary is not linked with cgo")
	}
	if v, err := landlockVersion(); v == 0 || v >= landlockThreads {
		t.Skipf("Landlock has version %d (%v), and the runtime has no part in it", v, err)
	}
	for uid, missing := range map[int]int{0: 2, nobody: 1} { // root has capabilities besides
		t.Run(fmt.Sprint(uid), func(t *testing.T) {
			var r Report
			if err := json.Unmarshal([]byte(run(t, as(t, child("cgo"), uid))), &r); err != nil {
				t.Fatal(err)
			}
			if r.Tier() != TierB || len(r.Missing) != missing || !strings.Contains(r.Missing[0], "CGO_ENABLED=0") {
				t.Errorf("got %+v, want %d missing", r, missing)
			}
		})
	}
}

// oldKernel enters with a filter before that answers as a kernel without some calls.
func oldKernel(lacks string) error {
	var p program
	p.load(numberAt)
	for _, c := range []struct {
		name   string
		number uint32
		answer unix.Errno
	}{
		{"landlock", unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOSYS},
		{"seccomp", unix.SYS_SECCOMP, unix.ENOSYS},
		{"filters", unix.SYS_SECCOMP, unix.EINVAL}, // built with seccomp's strict mode alone
	} {
		if strings.Contains(lacks, c.name) {
			p.unless(c.number, 1)
			p.ret(unix.SECCOMP_RET_ERRNO | uint32(c.answer))
		}
	}
	p.ret(verdictAllow)
	if err := noNewPrivs(); err != nil {
		return err
	}
	if err := install(p); err != nil {
		return err
	}
	r, err := Enter(Spec{})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func TestEnter_OldKernel(t *testing.T) {
	landlocked(t)
	for _, c := range []struct {
		lacks   string
		tier    Tier
		missing int
	}{
		{"nothing", TierA, 0},
		{"landlock", TierB, 1},
		{"seccomp", TierC, 1},
		{"filters", TierC, 1},
		{"landlock and seccomp", TierC, 2},
	} {
		t.Run(c.lacks, func(t *testing.T) {
			var r Report
			if err := json.Unmarshal([]byte(run(t, jailed(t, "old kernel", "JAIL_LACKS="+c.lacks))), &r); err != nil {
				t.Fatal(err)
			}
			if r.Tier() != c.tier || len(r.Missing) != c.missing || !r.Limits || r.Files == r.Seccomp {
				t.Errorf("tier %v, %+v; want %v and %d missing", r.Tier(), r, c.tier, c.missing)
			}
		})
	}
}

// TestRestrictTo_OldVersion: an older Landlock, which this kernel still has, is not told of what it does not know.
func TestRestrictTo_OldVersion(t *testing.T) {
	landlocked(t)
	run(t, jailed(t, "old Landlock", "TMPDIR="+t.TempDir()))
}
