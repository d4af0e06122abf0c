package codecache

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// A process of the test's own does what childVar says in the folder dirVar.
const (
	childVar = "CODECACHE_TEST_CHILD"
	dirVar   = "CODECACHE_TEST_DIR"
)

func TestMain(m *testing.M) {
	what := os.Getenv(childVar)
	if what == "" {
		os.Exit(m.Run())
	}
	if err := child(what, os.Getenv(dirVar)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(what, dir string) error {
	s, err := Open(Config{Dir: filepath.Join(dir, "code"), KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		return err
	}
	if what == "full" {
		return putOnFullDisk(s)
	}
	seed, err := strconv.Atoi(what)
	if err != nil {
		return err
	}
	return use(s, 100, byte(seed))
}

// putOnFullDisk has no disk of its own to fill: its files may not grow beyond 100 KiB, which writes see alike.
func putOnFullDisk(s *Store) error {
	if err := s.Put(name("x"), []byte("small")); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100 << 10, Max: 100 << 10}); err != nil {
		return err
	}
	if err := s.Put(name("x"), bytes.Repeat([]byte("large"), 100<<10)); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("put of 500 KiB: %v", err)
	}
	if got, err := s.Get(name("x")); err != nil || string(got) != "small" {
		return fmt.Errorf("what was there before: %q, %v", got, err)
	}
	if files, err := os.ReadDir(s.dir); err != nil || len(files) != 1 {
		return fmt.Errorf("the folder has %v, %v", files, err)
	}
	return nil
}

func run(t *testing.T, what, dir string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+what, dirVar+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestPut_diskFull(t *testing.T) {
	t.Parallel()
	run(t, "full", t.TempDir())
}

// TestStore_manyProcesses has processes that all begin with an empty folder and no key.
func TestStore_manyProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { run(t, strconv.Itoa(i), dir) })
	}
	wg.Wait()
	if files, err := os.ReadDir(filepath.Join(dir, "code")); err != nil || len(files) != 3 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}
