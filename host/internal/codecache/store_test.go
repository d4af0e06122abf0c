package codecache

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func open(t testing.TB) *Store {
	t.Helper()
	return openIn(t, t.TempDir(), 0)
}

func openIn(t testing.TB, dir string, maxBytes int64) *Store {
	t.Helper()
	s, err := Open(Config{Dir: filepath.Join(dir, "code"), KeyFile: filepath.Join(dir, "private", "key"), MaxBytes: maxBytes})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// name is a digest as callers make it.
func name(what string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(what))) }

func put(t testing.TB, s *Store, name string, blob []byte) (path string) {
	t.Helper()
	if err := s.Put(name, blob); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(s.dir, name)
}

// wantTampered checks that an entry is refused, gone after that, and can be put anew.
func wantTampered(t testing.TB, s *Store, name string) {
	t.Helper()
	if b, err := s.Get(name); b != nil || !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), name) {
		t.Fatalf("got %d bytes, %v; want ErrTampered", len(b), err)
	}
	if _, err := s.Get(name); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("refused once, then: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(s.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("still in the folder: %v", err)
	}
	put(t, s, name, []byte("again"))
	if b, err := s.Get(name); err != nil || string(b) != "again" {
		t.Fatalf("got %q, %v", b, err)
	}
}

func TestStore_keeps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openIn(t, dir, 0)
	if _, err := s.Get(name("x")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrTampered) {
		t.Errorf("nothing there: %v", err)
	}
	for _, blob := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("code"), 1<<20)} {
		path := put(t, s, name("x"), blob)
		for _, s := range []*Store{s, openIn(t, dir, 0)} {
			if got, err := s.Get(name("x")); err != nil || !bytes.Equal(got, blob) {
				t.Errorf("put %d bytes, got %d: %v", len(blob), len(got), err)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if files, err := os.ReadDir(s.dir); err != nil || len(files) != 1 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

// TestStore_format makes an entry by the package's description.
func TestStore_format(t *testing.T) {
	t.Parallel()
	s := open(t)
	path := put(t, s, name("x"), []byte("abc"))
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("patchbay code 1\n" + name("x") + "\x00\x00\x00\x00\x00\x00\x00\x03abc"))
	want := "patchbay code 1\n" + string(h.Sum(nil)) + "abc"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestStore_names(t *testing.T) {
	t.Parallel()
	s := open(t)
	good := name("x")
	for _, bad := range []string{"", "x", good[1:], good + "0", strings.ToUpper(good), "../" + good[3:], good[:63] + "/", good[:63] + "\x00"} {
		if err := s.Put(bad, nil); err == nil {
			t.Errorf("put under %q", bad)
		}
		if _, err := s.Get(bad); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get of %q: %v", bad, err)
		}
	}
}

func TestGet_everyByteCounts(t *testing.T) {
	t.Parallel()
	s := open(t)
	path := put(t, s, name("x"), []byte("some code"))
	entry, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	overwrite := func(b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range entry {
		changed := bytes.Clone(entry)
		changed[i] ^= 1
		overwrite(changed)
		wantTampered(t, s, name("x"))
		overwrite(entry[:i])
		wantTampered(t, s, name("x"))
	}
	overwrite(append(bytes.Clone(entry), 0))
	wantTampered(t, s, name("x"))
	overwrite(entry)
	if got, err := s.Get(name("x")); err != nil || string(got) != "some code" {
		t.Errorf("unchanged: %q, %v", got, err)
	}
}

func TestGet_underAnotherName(t *testing.T) {
	t.Parallel()
	s := open(t)
	x, y := put(t, s, name("x"), []byte("x's")), put(t, s, name("y"), []byte("y's"))
	for _, r := range [][2]string{{x, x + "."}, {y, x}, {x + ".", y}} {
		if err := os.Rename(r[0], r[1]); err != nil {
			t.Fatal(err)
		}
	}
	wantTampered(t, s, name("x"))
	wantTampered(t, s, name("y"))
}

func TestGet_ofAnotherKey(t *testing.T) {
	t.Parallel()
	mine, theirs := open(t), open(t)
	if bytes.Equal(mine.key, theirs.key) {
		t.Fatal("two installations have one key")
	}
	put(t, mine, name("x"), []byte("good"))
	evil := put(t, theirs, name("x"), []byte("evil"))
	if err := os.Rename(evil, filepath.Join(mine.dir, name("x"))); err != nil {
		t.Fatal(err)
	}
	wantTampered(t, mine, name("x"))
}

func TestGet_notAFile(t *testing.T) {
	t.Parallel()
	for what, plant := range map[string]func(s *Store, path string) error{
		"link to a good entry": func(s *Store, path string) error {
			elsewhere := filepath.Join(filepath.Dir(s.dir), "elsewhere")
			return errors.Join(os.Rename(path, elsewhere), os.Symlink(elsewhere, path))
		},
		"link to nothing": func(_ *Store, path string) error {
			return errors.Join(os.Remove(path), os.Symlink("nothing", path))
		},
		"pipe": func(_ *Store, path string) error {
			return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600))
		},
		"folder": func(_ *Store, path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700), os.WriteFile(path+"/x", nil, 0o600))
		},
		"huge file": func(_ *Store, path string) error { return os.Truncate(path, 1<<40) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			path := put(t, s, name("x"), []byte("good"))
			if err := plant(s, path); err != nil {
				t.Fatal(err)
			}
			wantTampered(t, s, name("x"))
			if what == "link to a good entry" {
				if _, err := os.Stat(filepath.Join(filepath.Dir(s.dir), "elsewhere")); err != nil {
					t.Errorf("what the link led to: %v", err)
				}
			}
		})
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		prepare func(dir, key string) error
		want    string
	}{
		"writable by the group": {func(dir, _ string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o770)) }, "others can write"},
		"writable by all":       {func(dir, _ string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o702)) }, "others can write"},
		"a file":                {func(dir, _ string) error { return os.WriteFile(dir, nil, 0o600) }, "is not a folder"},
		"a link":                {func(dir, _ string) error { return os.Symlink(filepath.Dir(dir), dir) }, "is not a folder"},
		"a short key":           {func(_, key string) error { return os.WriteFile(key, make([]byte, 31), 0o600) }, "has 31 bytes, want 32"},
		"a key that others see": {func(_, key string) error { return os.WriteFile(key, make([]byte, 32), 0o644) }, "chmod 600"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cfg := Config{Dir: filepath.Join(dir, "code"), KeyFile: filepath.Join(dir, "key")}
			if err := c.prepare(cfg.Dir, cfg.KeyFile); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	dir := t.TempDir()
	if _, err := Open(Config{Dir: dir, KeyFile: filepath.Join(dir, "sub", "key")}); err == nil {
		t.Error("the key may be in the cache")
	}
}

func TestCheckPrivate_anotherUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPrivate(dir, info, os.Geteuid()); err != nil {
		t.Errorf("this user's own: %v", err)
	}
	if err := checkPrivate(dir, info, os.Geteuid()+1); err == nil || !strings.Contains(err.Error(), "belongs to user") {
		t.Errorf("another user's: %v", err)
	}
}

func TestPut_makesRoom(t *testing.T) {
	t.Parallel()
	const blob = 1000
	dir := t.TempDir()
	s := openIn(t, dir, 3*int64(headerSize+blob))
	now := time.Now()
	foreign := filepath.Join(s.dir, "notes")
	left := filepath.Join(s.dir, tempPrefix+"left")
	fresh := filepath.Join(s.dir, tempPrefix+"fresh")
	for _, path := range []string{foreign, left, fresh} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	age := func(path string, by time.Duration) {
		if err := os.Chtimes(path, now.Add(-by), now.Add(-by)); err != nil {
			t.Fatal(err)
		}
	}
	age(foreign, 100*time.Hour)
	age(left, abandoned+time.Minute)
	age(fresh, abandoned-time.Minute)
	for i, n := range []string{"a", "b", "c"} {
		age(put(t, s, name(n), make([]byte, blob)), time.Duration(40-i)*time.Hour)
	}
	if _, err := s.Get(name("a")); err != nil { // is now the one used last
		t.Fatal(err)
	}
	put(t, s, name("d"), make([]byte, blob))
	for n, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if _, err := s.Get(name(n)); (err == nil) != want {
			t.Errorf("entry %s: %v", n, err)
		}
	}
	for path, want := range map[string]bool{foreign: true, left: false, fresh: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := s.Put(name("e"), make([]byte, 3*blob+3*headerSize)); err == nil {
		t.Error("an entry larger than the store was taken")
	}
}

func TestPut_keepsTheNewest(t *testing.T) {
	t.Parallel()
	s := openIn(t, t.TempDir(), int64(headerSize+100))
	future := time.Now().Add(time.Hour) // of a clock that was wrong
	if err := os.Chtimes(put(t, s, name("a"), make([]byte, 100)), future, future); err != nil {
		t.Fatal(err)
	}
	put(t, s, name("b"), make([]byte, 100))
	if _, err := s.Get(name("b")); err != nil {
		t.Errorf("what was just put: %v", err)
	}
	if _, err := s.Get(name("a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what had to make room: %v", err)
	}
}

// use puts and gets entries of which every version is one byte, repeated.
func use(s *Store, rounds int, seed byte) error {
	for i := range rounds {
		n := name(fmt.Sprint(i % 3))
		if err := s.Put(n, bytes.Repeat([]byte{seed + byte(i)}, 20000+i)); err != nil {
			return err
		}
		got, err := s.Get(n)
		if err != nil {
			return err
		}
		if len(got) < 20000 || !bytes.Equal(got, bytes.Repeat(got[:1], len(got))) {
			return fmt.Errorf("got a mix of %d bytes", len(got))
		}
	}
	return nil
}

func TestStore_manyGoroutines(t *testing.T) {
	t.Parallel()
	s := open(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			if err := use(s, 50, byte(g)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func BenchmarkGet(b *testing.B) {
	const size = 12 << 20
	s := open(b)
	put(b, s, name("x"), bytes.Repeat([]byte("machine code"), size/12))
	b.SetBytes(size)
	for b.Loop() {
		if _, err := s.Get(name("x")); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzGet plants bytes: they come back only if they are what Put would have written.
func FuzzGet(f *testing.F) {
	s := &Store{dir: f.TempDir(), key: make([]byte, keySize), max: 1 << 30}
	n := name("x")
	f.Add(append(s.header(n, []byte("code")), "code"...))
	f.Add(s.header(n, nil))
	f.Add([]byte(version))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, planted []byte) {
		s := &Store{dir: t.TempDir(), key: s.key, max: s.max}
		if err := os.WriteFile(filepath.Join(s.dir, n), planted, 0o600); err != nil {
			t.Fatal(err)
		}
		switch got, err := s.Get(n); {
		case err != nil && !errors.Is(err, ErrTampered):
			t.Fatal(err)
		case err == nil && !bytes.Equal(planted, append(s.header(n, got), got...)):
			t.Fatalf("planted %x, got %x", planted, got)
		}
	})
}
