package wasm

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// goGuest returns testdata/guest compiled as a reactor, goCommand compiled as a command: each is compiled
// once a run.
var (
	goGuest   = sync.OnceValues(func() ([]byte, error) { return buildGuest("-buildmode=c-shared") })
	goCommand = sync.OnceValues(func() ([]byte, error) { return buildGuest("-buildmode=exe") })
)

func buildGuest(mode string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "wasm-test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	build := exec.Command("go", "build", mode, "-trimpath", "-o", out, "./testdata/guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-buildvcs=false", "GOPROXY=off", "GOTOOLCHAIN=local")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the guest: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

func mustBuild(tb testing.TB, build func() ([]byte, error)) []byte {
	tb.Helper()
	data, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestScan_GoGuest(t *testing.T) {
	t.Parallel()
	m, err := Scan(mustBuild(t, goGuest))
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(m); err != nil {
		t.Error(err)
	}
	if got := strings.Join(m.Capabilities(), " "); got != "patchbay.log.v1 patchbay.sys.v1" {
		t.Errorf("capabilities %q", got)
	}
	if !m.IsReactor() || !m.HasInitialize() {
		t.Errorf("reactor %v with _initialize %v, want both", m.IsReactor(), m.HasInitialize())
	}
	if m.Functions < 500 || m.Body < 1000 || m.Memory == nil || m.Tables != 1 || m.Size < 1<<20 {
		t.Errorf("implausible: %+v", *m)
	}
}

// allocated returns how many bytes f allocates: the least of some runs, until one keeps to the limit, since
// the runtime, and the race detector all the more, allocate for themselves now and then. Not for parallel tests.
func allocated(limit int, f func()) int {
	least := math.MaxInt
	for range 30 {
		if least <= limit {
			break
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, int(after.TotalAlloc-before.TotalAlloc))
	}
	return least
}

// TestScan_Truncated cuts a real module at every byte of its first 4 KiB. Four of the cuts fall between two
// sections and leave a module, which Check refuses.
func TestScan_Truncated(t *testing.T) {
	data := mustBuild(t, goGuest)
	whole := 0
	for n := range 4 << 10 {
		var m *Module
		var err error
		limit := 4*n + errorSize
		if got := allocated(limit, func() { m, err = Scan(data[:n]) }); got > limit {
			t.Fatalf("cut at byte %d: allocated %d bytes, want at most %d", n, got, limit)
		}
		if err == nil {
			whole++
			err = Check(m)
		}
		if err == nil {
			t.Errorf("cut at byte %d: accepted", n)
		}
	}
	if whole != 4 {
		t.Errorf("%d cuts left a module, want 4: after header, build id, types and imports", whole)
	}
}

func TestScan_Allocates(t *testing.T) {
	data := mustBuild(t, goGuest)
	if got := allocated(len(data)/10, func() { Scan(data) }); got > len(data)/10 {
		t.Errorf("a scan of %d bytes allocated %d", len(data), got)
	}
}

func BenchmarkScan(b *testing.B) {
	data := mustBuild(b, goGuest)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Scan(data); err != nil {
			b.Fatal(err)
		}
	}
}
