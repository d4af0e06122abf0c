package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestCreate_isPrivateAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "key")
	got, err := Create(path, []byte("first"))
	if err != nil || string(got) != "first" {
		t.Fatalf("Create = %q, %v", got, err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %#o, want %#o", name, info.Mode().Perm(), want)
		}
	}
	if got, err = Create(path, []byte("second")); err != nil || string(got) != "first" {
		t.Errorf("second Create = %q, %v; want what the first wrote", got, err)
	}
	if got, err = Read(path); err != nil || string(got) != "first" {
		t.Errorf("Read = %q, %v", got, err)
	}
}

func TestCreate_oneOfManyWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	got := make([]string, 32)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			data, err := Create(path, fmt.Appendf(nil, "key of %d", i))
			if err != nil {
				t.Error(err)
			}
			got[i] = string(data)
		})
	}
	wg.Wait()
	for i := range got {
		if got[i] != got[0] || got[i] == "" {
			t.Errorf("creator %d has %q, creator 0 has %q", i, got[i], got[0])
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("folder holds %v, %v; want the key file alone", left, err)
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v, want fs.ErrNotExist", err)
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("a folder was read as a key file")
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(big); err == nil {
		t.Error("a file over the limit was read")
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o610} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte("canary"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) || strings.Contains(err.Error(), "canary") {
			t.Errorf("mode %#o: %v, want an error that names the fix", mode, err)
		}
	}
}
