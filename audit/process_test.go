package audit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/audit"
	"patchbay/state"
)

// The test binary runs itself again as the other processes of a test.
const (
	nameEnv  = "PATCHBAY_AUDIT_NAME"
	dirEnv   = "PATCHBAY_AUDIT_DIR"
	countEnv = "PATCHBAY_AUDIT_COUNT"
)

func TestMain(m *testing.M) {
	if os.Getenv(nameEnv) == "" {
		os.Exit(m.Run())
	}
	if err := appendAll(os.Getenv(nameEnv), os.Getenv(dirEnv)); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(nameEnv)+":", err)
		os.Exit(1)
	}
}

// appendAll appends entries from five goroutines, and says "ack CALL" after each that is durable.
func appendAll(name, dir string) error {
	var count int
	if _, err := fmt.Sscan(os.Getenv(countEnv), &count); err != nil {
		return err
	}
	h, err := openHome(dir)
	if err != nil {
		return err
	}
	errs := make([]error, 5)
	var wg sync.WaitGroup
	for g := range errs {
		wg.Go(func() {
			for i := g; i < count && errs[g] == nil; i += len(errs) {
				call := fmt.Sprintf("%s-%d", name, i)
				if errs[g] = h.log.Append(context.Background(), audit.Entry{Kind: audit.Run, Call: call}); errs[g] == nil {
					fmt.Println("ack", call)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errors.Join(errs...), h.close())
}

// home is a log over a real state.
type home struct {
	state *state.State
	log   *audit.Log
}

func openHome(dir string) (*home, error) {
	s, err := state.Open(context.Background(), state.Config{Dir: filepath.Join(dir, "state")})
	if err != nil {
		return nil, err
	}
	b, err := s.Bucket(context.Background(), "audit")
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l, err := audit.Open(context.Background(), audit.Config{
		Store: b, KeyFile: filepath.Join(dir, "audit.key"), Checkpoint: filepath.Join(dir, "audit.checkpoint"),
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &home{s, l}, nil
}

func (h *home) close() error { return errors.Join(h.log.Close(), h.state.Close()) }

func mustOpen(t testing.TB, dir string) *home {
	t.Helper()
	h, err := openHome(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.close() })
	return h
}

// newDir returns a folder whose path is short enough for a socket in it.
func newDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func process(t *testing.T, dir, name string, count int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nameEnv+"="+name, dirEnv+"="+dir, fmt.Sprint(countEnv, "=", count))
	cmd.Stderr = os.Stderr
	return cmd
}

// calls verifies the log and returns its entries' calls, sorted, and how many lie beyond the checkpoint.
func calls(t *testing.T, dir string) (calls []string, unsealed int64) {
	t.Helper()
	h := mustOpen(t, dir)
	r, err := h.log.Verify(t.Context())
	if err != nil || !r.OK() {
		t.Fatalf("Verify: %+v %v, %v", r, r.Findings, err)
	}
	entries, err := h.log.List(t.Context(), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Number != int64(i) {
			t.Fatalf("entry %d is in place %d", e.Number, i)
		}
		calls = append(calls, e.Call)
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(calls)
	return calls, r.Unsealed
}

// TestProcesses: what several processes append at once is all there, and nothing is there twice.
func TestProcesses(t *testing.T) {
	t.Parallel()
	const processes, entries = 20, 50
	dir := newDir(t)
	var want []string
	var wg sync.WaitGroup
	for p := range processes {
		name := fmt.Sprint("p", p)
		for i := range entries {
			want = append(want, fmt.Sprintf("%s-%d", name, i))
		}
		cmd := process(t, dir, name, entries)
		wg.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	slices.Sort(want)
	got, unsealed := calls(t, dir)
	if !slices.Equal(got, want) {
		t.Errorf("%d entries are not the %d that were appended", len(got), len(want))
	}
	if unsealed != 0 {
		t.Errorf("%d entries are beyond the checkpoint, though all have closed", unsealed)
	}
}

// TestKilled: processes that are killed while they append leave a log that verifies and has all they acknowledged.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	var acknowledged []string
	for round := range 4 {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for p := range 3 {
			cmd := process(t, dir, fmt.Sprintf("r%dp%d", round, p), 1<<30)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				lines := bufio.NewScanner(out)
				for n := 0; lines.Scan(); n++ {
					if n == 20+17*p+5*round {
						_ = cmd.Process.Kill()
					}
					if call, ok := strings.CutPrefix(lines.Text(), "ack "); ok {
						mu.Lock()
						acknowledged = append(acknowledged, call)
						mu.Unlock()
					}
				}
				_ = cmd.Wait()
			})
		}
		wg.Wait()
		got, _ := calls(t, dir)
		if len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("round %d: an entry is there twice", round)
		}
		for _, call := range acknowledged {
			if _, ok := slices.BinarySearch(got, call); !ok {
				t.Errorf("round %d: %s was acknowledged and is lost", round, call)
			}
		}
	}
	if len(acknowledged) < 4*3*20 {
		t.Errorf("only %d entries were acknowledged", len(acknowledged))
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 32} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			h := mustOpen(b, newDir(b))
			e := audit.Entry{Kind: audit.Run, Connector: "tallyfy", Version: "0.1.0", Operation: "launch_process", Connection: "acme", Call: "0123456789abcdef",
				Egress: []audit.Egress{{Grant: "api", Method: "POST", Host: "api.tallyfy.com", Status: 201, Count: 1, Authorized: true}}}
			if err := h.log.Append(b.Context(), e); err != nil {
				b.Fatal(err)
			}
			took := make([][]time.Duration, goroutines)
			var wg sync.WaitGroup
			b.ResetTimer()
			for g := range goroutines {
				wg.Go(func() {
					for i := g; i < b.N; i += goroutines {
						begin := time.Now()
						if err := h.log.Append(b.Context(), e); err != nil {
							b.Error(err)
						}
						took[g] = append(took[g], time.Since(begin))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			all := slices.Sorted(slices.Values(slices.Concat(took...)))
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}
