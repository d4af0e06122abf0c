//go:build linux

package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// TestDeath has the ways in which a process can end, and what its call is told.
func TestDeath(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	for i, c := range []struct{ operation, message, stderr string }{
		{"exit", "the connector's process died: exit status 3", ""},
		{"killed", "the connector's process died: signal: killed", ""},
		{"panic", "the connector's process died: exit status 2: panic: boom [31m", "goroutine "},
		{"memory", "the connector's process died: exit status ", "memory"}, // 2, but for the race detector's own
		{"shout", "the connector's process died: signal: killed: aaaa", "aaaa"},
	} {
		start := time.Now()
		_, err := p.Call(t.Context(), guesttest.Action(c.operation, 1))
		f := guesttest.WantFault(t, err, abi.Unavailable, c.message)
		if !f.Code.Temporary() || time.Since(start) > 10*time.Second {
			t.Errorf("%s: %v after %v", c.operation, f, time.Since(start))
		}
		var details struct{ Stderr string }
		if len(f.Details) > 0 {
			if err := json.Unmarshal(f.Details, &details); err != nil {
				t.Error(err)
			}
		}
		if !strings.Contains(details.Stderr, c.stderr) || len(details.Stderr) > maxKept || strings.ContainsRune(f.Message+details.Stderr, 0x1b) {
			t.Errorf("%s: stderr %q", c.operation, details.Stderr)
		}
		if s := p.status(); s.Deaths != i+1 || !strings.HasPrefix(f.Message, "the connector's process "+s.LastDeath) {
			t.Errorf("%s: %+v", c.operation, s)
		}
	}
	if got := guesttest.Output[int](t, p, guesttest.Action("echo", 1)); got != 1 {
		t.Errorf("got %d", got)
	}
	if text := p.logs.text(); strings.Count(text, "worker process died") != 5 || !strings.Contains(text, "boom") {
		t.Errorf("log: %s", text)
	}
}

// TestDeath_All: every call in flight hears of it at once, also one whose request is under way.
func TestDeath_All(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	begun, ended := make(chan bool, 4), make(chan error, 4)
	for range 4 {
		go func() {
			c := guesttest.Action("http", 1)
			c.HTTP = func(ctx context.Context, _ abi.Request) abi.Response {
				begun <- true
				<-ctx.Done()
				return abi.Response{Fault: abi.Faultf(abi.Canceled, "%v", ctx.Err())}
			}
			_, err := p.Call(context.Background(), c)
			ended <- err
		}()
	}
	for range 4 {
		<-begun
	}
	start := time.Now()
	if err := syscall.Kill(p.status().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		guesttest.WantFault(t, <-ended, abi.Unavailable, "died: signal: killed")
	}
	took(t, start, 0)
}

// TestDeath_Grandchild: what a process has started does not keep it from being reaped, nor outlive its end by us.
func TestDeath_Grandchild(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	pid := guesttest.Output[int](t, p, guesttest.Action("fork", 1))
	start := time.Now()
	_, err := p.Call(t.Context(), guesttest.Action("exit", 1))
	guesttest.WantFault(t, err, abi.Unavailable, "exit status 3")
	took(t, start, 0)
	syscall.Kill(pid, syscall.SIGKILL)

	pid = guesttest.Output[int](t, p, guesttest.Action("fork", 1))
	c := guesttest.Action("hang", 1)
	c.Limits.Wall = 50 * time.Millisecond
	_, err = p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Timeout)
	waitDeath(t, p.Program, 2)
	for end := time.Now().Add(10 * time.Second); !dead(pid); {
		if time.Now().After(end) {
			t.Fatal("what the process had started is alive")
		}
		pause()
	}
}

// beHost is a host that tells of its child and then does nothing.
func beHost() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	e, err := New(Config{Prepare: prepareFake, Command: func() *exec.Cmd { return exec.Command(self, "hostile") }, TempDir: os.Args[2]})
	if err != nil {
		return err
	}
	if _, err := e.Load(context.Background(), guest.Module{Code: encode(module{})}); err != nil {
		return err
	}
	fmt.Println(e.Status()[0].PID)
	select {}
}

// TestDeath_Host: a child ends with its host, however that ended and whatever the child makes of it.
func TestDeath_Host(t *testing.T) {
	t.Parallel()
	temp, err := os.MkdirTemp("", "w")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)
	host := exec.Command("/proc/self/exe", "host", temp)
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil || dead(pid) {
		t.Errorf("no child: %v", err)
	}
	host.Process.Kill()
	host.Wait()
	for end := time.Now().Add(10 * time.Second); !dead(pid); {
		if time.Now().After(end) {
			t.Fatal("the child is alive")
		}
		pause()
	}
}

func dead(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestDeath_BackOff: the first restart is at once, the next is waited for, and who cannot wait is told how long.
func TestDeath_BackOff(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) { e.policy.first, e.policy.most = 5*time.Second, 5*time.Second })
	p.Call(t.Context(), guesttest.Action("exit", 1))
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
	p.Call(t.Context(), guesttest.Action("exit", 1))
	c := guesttest.Action("echo", 1)
	c.Limits.Wall = time.Second
	_, err := p.Call(t.Context(), c)
	f := guesttest.WantFault(t, err, abi.Unavailable, "the connector's process died: exit status 3, and is not started again at once")
	if f.RetryAfter < 1 || f.RetryAfter > 5 {
		t.Errorf("retry after %v, want what is left of 5 s", f.RetryAfter)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = p.Call(ctx, guesttest.Action("echo", 1))
	guesttest.WantFault(t, err, abi.Canceled)
}

func TestDeath_BackOffIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) { e.policy.first, e.policy.most = 200*time.Millisecond, time.Second })
	p.Call(t.Context(), guesttest.Action("exit", 1))
	p.Call(t.Context(), guesttest.Action("exit", 1))
	start := time.Now()
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
	if d := time.Since(start); d < 150*time.Millisecond {
		t.Errorf("started again after %v, want 200 ms", d)
	}
}

func TestDeath_Breaker(t *testing.T) {
	t.Parallel()
	p := load1(t, "child", module{}, func(e *Engine) { e.policy.deaths, e.policy.open = 3, time.Second })
	for range 3 {
		_, err := p.Call(t.Context(), guesttest.Action("exit", 1))
		guesttest.WantFault(t, err, abi.Unavailable, "exit status 3")
	}
	start := time.Now()
	_, err := p.Call(t.Context(), guesttest.Action("echo", 1))
	f := guesttest.WantFault(t, err, abi.Unavailable, "dies again and again", "last time it died: exit status 3")
	if f.RetryAfter <= 0 || f.RetryAfter > 1 || time.Since(start) > time.Second {
		t.Errorf("retry after %v, told after %v", f.RetryAfter, time.Since(start))
	}
	s := p.engine.Status()
	if len(s) != 1 || s[0].PID != 0 || s[0].OpenUntil.IsZero() || s[0].Deaths != 3 || !strings.HasPrefix(s[0].Module, "sha256:") {
		t.Errorf("status %+v", s)
	}
	<-time.After(time.Until(s[0].OpenUntil))
	_, err = p.Call(t.Context(), guesttest.Action("exit", 1)) // the one that is tried
	guesttest.WantFault(t, err, abi.Unavailable, "exit status 3")
	_, err = p.Call(t.Context(), guesttest.Action("echo", 1))
	guesttest.WantFault(t, err, abi.Unavailable, "dies again and again")
	<-time.After(time.Until(p.status().OpenUntil))
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
	if s := p.status(); !s.OpenUntil.IsZero() || s.PID == 0 {
		t.Errorf("status %+v", s)
	}
	p.Call(t.Context(), guesttest.Action("exit", 1)) // the count begins anew
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
}

// TestDeath_NoRestart: a process that cannot be started again is a fault and counts as a death.
func TestDeath_NoRestart(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad")
	p := load1(t, "child", module{ExitIf: bad}, nil)
	if err := os.WriteFile(bad, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Call(t.Context(), guesttest.Action("exit", 1))
	_, err := p.Call(t.Context(), guesttest.Action("echo", 1))
	guesttest.WantFault(t, err, abi.Unavailable, "cannot be started again", "exit status 7: no luck today")
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
	if s := p.status(); s.Deaths != 2 {
		t.Errorf("%+v", s)
	}
}

// TestKills kills the process under load, 30 times; a thousand with PATCHBAY_TRIALS=full. Every call is answered,
// with its result or with a fault that may be tried again, and nothing is left.
func TestKills(t *testing.T) {
	kills := 30
	if os.Getenv("PATCHBAY_TRIALS") == "full" {
		kills = 1000
	}
	before := measure(t)
	p := newRing(t)
	stop := make(chan bool)
	var callers sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for i := range 4 {
		callers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				answer := ask1(p, n%3+i)
				mu.Lock()
				answers[answer]++
				mu.Unlock()
			}
		})
	}
	for killed := 0; killed < kills; {
		if pid := p.status().PID; pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
			waitDeath(t, p.Program, killed)
		}
		pause() // some calls are to end well
	}
	close(stop)
	callers.Wait()
	t.Logf("%d kills: %v", kills, answers)
	for answer := range answers {
		if answer != "done" && answer != "died: signal: killed" {
			t.Errorf("answered %q", answer)
		}
	}
	if answers["done"] == 0 || answers["died: signal: killed"] == 0 {
		t.Errorf("%v: want both", answers)
	}
	if err := p.engine.Close(context.Background()); err != nil {
		t.Error(err)
	}
	settled(t, before)
}

// ask1 makes one call of several sorts and says how it was answered.
func ask1(p *ring, sort int) string {
	c := guesttest.Action("echo", strings.Repeat("x", 1<<(4*sort)))
	if sort == 2 {
		c = guesttest.Action("http", 2)
		c.HTTP = func(context.Context, abi.Request) abi.Response { return abi.Response{Status: 200} }
	}
	_, err := p.Call(context.Background(), c)
	if err == nil {
		return "done"
	}
	f := abi.AsFault(err)
	if f.Code != abi.Unavailable {
		return f.Error()
	}
	return strings.TrimPrefix(f.Message, "the connector's process ")
}
