//go:build linux

package worker

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"patchbay/host/internal/guest"
)

// ring is an engine and one program of it.
type ring struct {
	*Program
	engine *Engine
	temp   string
	logs   *logBook
}

// logBook keeps what an engine logs.
type logBook struct{ lines chan string }

func (b *logBook) Write(p []byte) (int, error) {
	select {
	case b.lines <- string(p):
	default:
	}
	return len(p), nil
}

func (b *logBook) text() (all string) {
	for {
		select {
		case line := <-b.lines:
			all += line
		default:
			return all
		}
	}
}

func newEngine(t testing.TB, mode string, adjust func(*Engine)) (*Engine, string, *logBook) {
	t.Helper()
	temp, err := os.MkdirTemp("", "w") // t.TempDir has a path too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	logs := &logBook{lines: make(chan string, 4096)}
	e, err := New(Config{
		Prepare: prepareFake,
		Command: func() *exec.Cmd { return exec.Command(self, mode) },
		TempDir: temp,
		Logger:  slog.New(slog.NewTextHandler(logs, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.policy.deaths = 1 << 20 // tests of the breaker lower it
	e.policy.first, e.policy.most = time.Millisecond, time.Millisecond
	if adjust != nil {
		adjust(e)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Errorf("close engine: %v", err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left in the temporary folder: %v (%v)", left, err)
		}
	})
	return e, temp, logs
}

func load1(t testing.TB, mode string, m module, adjust func(*Engine)) *ring {
	t.Helper()
	e, temp, logs := newEngine(t, mode, adjust)
	p, err := e.Load(context.Background(), guest.Module{Code: encode(m)})
	if err != nil {
		t.Fatal(err)
	}
	return &ring{Program: p.(*Program), engine: e, temp: temp, logs: logs}
}

func newRing(t testing.TB) *ring { return load1(t, "child", module{}, nil) }

// footprint is what a leak would make larger.
type footprint struct{ goroutines, files, children int }

func measure(t testing.TB) (f footprint) {
	t.Helper()
	f.goroutines = runtime.NumGoroutine()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	f.files = len(files)
	f.children = len(children(t))
	return f
}

// children lists the processes that this one has started, zombies too.
func children(t testing.TB) (pids []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Fatalf("no processes: %v", err)
	}
	for _, stat := range stats {
		data, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		rest := string(data[strings.LastIndexByte(string(data), ')')+1:])
		var state string
		var parent int
		if _, err := fmt.Sscan(rest, &state, &parent); err == nil && parent == os.Getpid() {
			pids = append(pids, filepath.Base(filepath.Dir(stat)))
		}
	}
	return pids
}

// settled waits until nothing is larger than it was.
func settled(t testing.TB, before footprint) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for {
		now := measure(t)
		if now.goroutines <= before.goroutines && now.files <= before.files && now.children <= before.children {
			return
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("before %+v, now %+v\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
		}
		pause()
	}
}

// pause is for what no channel tells.
func pause() { <-time.After(time.Millisecond) }
