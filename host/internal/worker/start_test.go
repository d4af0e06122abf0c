//go:build linux

package worker

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// TestStart_Given: what a child sees of its host.
func TestStart_Given(t *testing.T) {
	t.Parallel()
	e, temp, _ := newEngine(t, "child", nil)
	m := guest.Module{
		Code: encode(module{}), Limits: abi.Limits{Fuel: 9}, World: &guest.World{Seed: 3},
		WarmUp: []abi.Envelope{{ABI: 1, Call: "w", Kind: abi.KindDescribe, Attempt: 1}},
	}
	p, err := e.Load(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	s := guesttest.Output[self](t, p, guesttest.Action("self", nil))
	m.Code = nil
	if diff := cmp.Diff(m, s.Module); diff != "" || s.Concurrency != 8 {
		t.Errorf("concurrency %d; %s", s.Concurrency, diff)
	}
	if diff := cmp.Diff([]string{"enter", "open", "sealed", "start"}, s.Order); diff != "" {
		t.Error(diff)
	}
	if s.SID != s.PID || s.Dir != "/" {
		t.Errorf("session %d of process %d, in %s", s.SID, s.PID, s.Dir)
	}
	var names []string
	for _, v := range s.Env {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"PATCHBAY_WORKER", "PLUGIN_MAX_PORT", "PLUGIN_MIN_PORT", "PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_UNIX_SOCKET_DIR"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	ours := []string{"/dev/null", "pipe:", "socket:", "anon_inode:", "/proc/", "/sys/fs/cgroup/"} // the last are the Go runtime's
	for _, file := range s.Files {
		if !slices.ContainsFunc(ours, func(prefix string) bool { return strings.HasPrefix(file, prefix) }) {
			t.Errorf("the child has %s open", file)
		}
	}
	if len(s.Files) < 5 || len(s.Sockets) > 0 {
		t.Errorf("files %v, sockets %v; want none that anybody could still connect to", s.Files, s.Sockets)
	}
	roots, _ := filepath.Glob(filepath.Join(temp, "*"))
	info, err := os.Stat(roots[0])
	if len(roots) != 1 || err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v: mode %v (%v), want one of 0700", roots, info.Mode(), err)
	}
}

// TestStart_Output: standard output and error are not go-plugin's pipes, which nobody reads.
func TestStart_Output(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	for range 3 {
		guesttest.Output[any](t, p, guesttest.Action("print", nil))
	}
	_, err := p.Call(t.Context(), guesttest.Action("exit", nil))
	guesttest.WantFault(t, err, abi.Unavailable, "exit status 3")
}

func TestLoad_Refused(t *testing.T) {
	t.Parallel()
	e, temp, _ := newEngine(t, "child", nil)
	for _, c := range []struct {
		module module
		want   string
	}{
		{module{Enter: "no landlock"}, "start worker: no landlock"},
		{module{Open: "bad \x1b[31mmodule"}, "start worker: bad [31mmodule"},
		{module{Sealed: "not closed"}, "start worker: not closed"},
		{module{Start: "guest trapped"}, "start worker: guest trapped"},
		{module{Sealed: "not closed", Exit: true}, "start worker: not closed"}, // and nothing has run
		{module{Exit: true}, "exit status 7: no luck today"},
	} {
		p, err := e.Load(t.Context(), guest.Module{Code: encode(c.module)})
		var start *StartError
		if p != nil || !errors.As(err, &start) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, %v; want %q", p, err, c.want)
		}
	}
	if left := programFolders(t, temp); len(left) > 0 || len(e.Status()) > 0 {
		t.Errorf("left: %v, %v", left, e.Status())
	}
}

// TestLoad_Weak: what could not be enforced is logged, once.
func TestLoad_Weak(t *testing.T) {
	t.Parallel()
	e, _, logs := newEngine(t, "child", nil)
	for _, weak := range []string{"", "no \x1b[31mLandlock", "no Landlock"} {
		if _, err := e.Load(t.Context(), guest.Module{Code: encode(module{Weak: weak})}); err != nil {
			t.Fatal(err)
		}
		text := logs.text()
		if logged := strings.Contains(text, `level=WARN msg="connectors' processes are confined less than they could be" missing="no [31mLandlock"`); logged != strings.Contains(weak, "31m") {
			t.Errorf("%q: logged %q", weak, text)
		}
	}
}

func TestLoad_PrepareFails(t *testing.T) {
	t.Parallel()
	refused := errors.New("no module")
	e, temp, _ := newEngine(t, "child", func(e *Engine) {
		e.cfg.Prepare = func(context.Context, guest.Module, string) error { return refused }
	})
	if _, err := e.Load(t.Context(), guest.Module{}); err == nil || err.Error() != refused.Error() || !errors.Is(err, refused) {
		t.Errorf("got %v, want the error of Prepare as it is", err)
	}
	if left := programFolders(t, temp); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// programFolders are what programs have below an engine's TempDir.
func programFolders(t *testing.T, temp string) []string {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(temp, "*", lockFile))
	if err != nil || len(locks) != 1 {
		t.Fatalf("%d engines have a folder (%v), want 1", len(locks), err)
	}
	folders, err := filepath.Glob(filepath.Join(temp, "*", "p*"))
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

func TestLoad_NoBinary(t *testing.T) {
	t.Parallel()
	e, _, _ := newEngine(t, "child", nil)
	command := e.cfg.Command
	e.cfg.Command = func() *exec.Cmd { c := command(); c.Path = "/nowhere"; return c }
	_, err := e.Load(t.Context(), guest.Module{})
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
	e.cfg.Command = func() *exec.Cmd { c := command(); c.Path = "/bin/false"; return c }
	_, err = e.Load(t.Context(), guest.Module{})
	if err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("got %v", err)
	}
}

// TestLoad_Canceled: who gives up loading leaves no process.
func TestLoad_Canceled(t *testing.T) {
	t.Parallel()
	e, _, _ := newEngine(t, "child", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := e.Load(ctx, guest.Module{Code: encode(module{Hang: true})})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestClose(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it closes files that nobody did
	before := measure(t)
	p := newRing(t)
	begun, ended := make(chan bool), make(chan error)
	go func() {
		c := guesttest.Action("http", 1)
		c.HTTP = func(context.Context, abi.Request) abi.Response {
			begun <- true
			<-begun
			return abi.Response{Status: 200}
		}
		_, err := p.Call(context.Background(), c)
		ended <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v while a call runs", err)
	}
	for range 20 { // there is a slot as well
		_, err := p.Call(t.Context(), guesttest.Action("echo", 1))
		guesttest.WantFault(t, err, abi.Unavailable, "the program is closed, load it again")
	}
	begun <- true
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := len(children(t)); n > before.children {
		t.Errorf("%d processes after Close, %d before", n, before.children)
	}
	if s := p.status(); s.Deaths > 0 {
		t.Errorf("a close counts as a death: %+v", s)
	}
	if err := p.engine.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := p.engine.Load(t.Context(), guest.Module{Code: encode(module{})}); !errors.Is(err, guest.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	settled(t, before)
}

// TestClose_Rude: a process that does not go when it should is killed.
func TestClose_Rude(t *testing.T) {
	before := measure(t)
	p := load1(t, "hostile", module{}, nil)
	start := time.Now()
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	took(t, start, time.Second)
	if err := p.engine.Close(t.Context()); err != nil {
		t.Error(err)
	}
	settled(t, before)
}

// TestClose_WhileStarting ends an attempt that a call has begun and no call waits for any more.
func TestClose_WhileStarting(t *testing.T) {
	before := measure(t)
	slow := filepath.Join(t.TempDir(), "slow")
	p := load1(t, "child", module{HangIf: slow}, nil)
	if err := os.WriteFile(slow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Call(t.Context(), guesttest.Action("exit", 1))
	c := guesttest.Action("echo", 1)
	c.Limits.Wall = 300 * time.Millisecond
	_, err := p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Timeout, "within its wall limit of 300ms")
	if err := p.engine.Close(t.Context()); err != nil {
		t.Error(err)
	}
	settled(t, before)
}

// TestLogger: no line of a child's standard error becomes one of our log.
func TestLogger(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	l := newLogger(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
	l.Error("plugin process exited", "id", 7)
	stderr := l.Named("worker")
	stderr.Error("long line")
	if got := text.String(); !strings.Contains(got, `level=DEBUG msg="plugin process exited" id=7`) || strings.Contains(got, "long") {
		t.Errorf("logged %q", got)
	}
	if stderr.GetLevel() != hclog.Off {
		t.Errorf("level %v, at which go-plugin reads lines of standard error as log lines", stderr.GetLevel())
	}
}

func TestServe_ByHand(t *testing.T) {
	if err := Serve(ServeConfig{}); err == nil || !strings.Contains(err.Error(), "not by hand") {
		t.Errorf("got %v", err)
	}
	t.Setenv(handshake.MagicCookieKey, handshake.MagicCookieValue)
	if err := Serve(ServeConfig{}); err == nil || !strings.Contains(err.Error(), "needs Enter, Open and Sealed") {
		t.Errorf("got %v", err)
	}
}

func TestNew_Config(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil || !strings.Contains(err.Error(), "Prepare and Command") {
		t.Errorf("got %v", err)
	}
}
