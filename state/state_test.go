package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestOpen_files(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.Mkdir(dir, 0o755); err != nil { // too open: to be narrowed
		t.Fatal(err)
	}
	s := open(t, dir)
	if s.owner.server.Addr() != nil {
		t.Errorf("the server listens on %v", s.owner.server.Addr())
	}
	if !s.owner.server.JetStreamConfig().SyncAlways {
		t.Error("the server answers before a write is on disk")
	}
	for name, want := range map[string]fs.FileMode{
		".": fs.ModeDir | 0o700, "secret": 0o600, "lock": 0o600, "owner.json": 0o600, "socket": fs.ModeSocket | 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
	if got, want := len(s.secret), 64; got != want {
		t.Errorf("the secret has %d characters, want %d", got, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"owner.json", "socket"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left after Close: %v", name, err)
		}
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), Config{}); err == nil || !strings.Contains(err.Error(), "Config.Dir") {
		t.Errorf("no folder: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: file}); err == nil {
		t.Error("a file was opened as a folder")
	}
	dir := newDir(t)
	open(t, dir)
	if err := os.Chmod(filepath.Join(dir, "secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a secret that all may read: %v", err)
	}
}

func TestOpen_longPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), strings.Repeat("long/", 30))
	s := open(t, dir)
	if err := bucket(t, s, "b").Put(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	address, err := readAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(address.Socket))
	if err != nil || info.Mode().Perm() != 0o700 || len(address.Socket) > maxSocketPath {
		t.Errorf("socket %s in a folder of mode %v, %v", address.Socket, info.Mode(), err)
	}
	joined := open(t, dir)
	if joined.owns() {
		t.Error("two owners")
	}
	if got, err := bucket(t, joined, "b").Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if err := errors.Join(s.Close(), joined.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(address.Socket)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary folder is left: %v", err)
	}
}

func TestOpen_together(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	states := make([]*State, 20)
	var wg sync.WaitGroup
	for i := range states {
		wg.Go(func() {
			s, err := Open(t.Context(), Config{Dir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			b, err := s.Bucket(t.Context(), "b") // the first use of the bucket, too
			if err == nil {
				err = b.Put(t.Context(), fmt.Sprint(i), nil)
			}
			if err != nil {
				t.Error(err)
			}
			states[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	owners := 0
	for _, s := range states {
		if s.owns() {
			owners++
		}
	}
	if owners != 1 {
		t.Errorf("%d owners, want 1", owners)
	}
	keys, err := bucket(t, states[0], "b").Keys(t.Context(), "")
	if err != nil || len(keys) != len(states) {
		t.Errorf("%d keys, %v; want %d", len(keys), err, len(states))
	}
	for _, s := range states {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpen_noOwnerAnswers(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := tryLock(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Open(ctx, Config{Dir: dir})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errNoOwner) {
		t.Errorf("Open = %v, want a deadline that says what it waited for", err)
	}
}

func TestJoin_needsTheSecret(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := open(t, dir)
	for name, option := range map[string]nats.Option{
		"none":  nats.Name("stranger"),
		"wrong": nats.UserInfo(user, strings.Repeat("0", 64)),
		"token": nats.Token(s.secret),
	} {
		stranger := &State{dir: dir}
		eventually(t, name+": a refusal", func() bool { // the connection may end before the refusal is read
			conn, err := nats.Connect("nats://127.0.0.1", nats.SetCustomDialer(dialer{stranger}), option)
			if err == nil {
				conn.Close()
				t.Fatalf("%s: let in", name)
			}
			return errors.Is(err, nats.ErrAuthorization)
		})
	}
	path := filepath.Join(dir, secretFile)
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir})
	if !errors.Is(err, nats.ErrAuthorization) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "another") {
		t.Errorf("Open with a changed secret: %v, want a refusal that names the file", err)
	}
}

func TestOpen_log(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s, err := Open(t.Context(), Config{
		Dir:    newDir(t),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "state opened as its owner") || !strings.Contains(log.String(), "state server") {
		t.Errorf("log lacks the server's start:\n%s", log.String())
	}
	if strings.Contains(log.String(), s.secret) || strings.Contains(log.String(), "level=WARN") {
		t.Errorf("log of an ordinary life holds the secret, or a warning:\n%s", log.String())
	}
}

// JetStream starts without what it cannot read; the state must not.
func TestOpen_damaged(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := open(t, dir)
	if err := bucket(t, s, "b").Put(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stream := filepath.Join(dir, "jetstream", "$G", "streams", "KV_b")
	if err := os.WriteFile(filepath.Join(stream, "meta.inf"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), stream+" is damaged") {
		t.Fatalf("Open = %v, want an error that names %s", err, stream)
	}
	if err := os.RemoveAll(stream); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(stream, "msgs"), 0o700); err != nil { // killed while creating it
		t.Fatal(err)
	}
	if _, err := bucket(t, open(t, dir), "b").Get(t.Context(), "k"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get after the damage was moved away: %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := open(t, newDir(t))
	b := bucket(t, s, "b")
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(t.Context(), "k"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Get after Close: %v, want fs.ErrClosed", err)
	}
	if err := b.Put(t.Context(), "k", nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Put after Close: %v, want fs.ErrClosed", err)
	}
}

// Not parallel: it counts the goroutines of the whole process.
func TestClose_leavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	dir := newDir(t)
	for range 3 {
		s, joined := open(t, dir), open(t, dir)
		if err := bucket(t, joined, "b").Put(t.Context(), "k", nil); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Close(), joined.Close()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// A child that outlives its parent must not keep the lock.
func TestLock_isNotInherited(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := open(t, dir)
	child := helper(t, "idle", dir, "")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stdin.Close()
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	}()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !open(t, dir).owns() {
		t.Error("the lock is still held after Close")
	}
}

func BenchmarkOpen_empty(b *testing.B) {
	for b.Loop() {
		s, err := Open(b.Context(), Config{Dir: filepath.Join(b.TempDir(), "s")})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(b.Context(), Config{Dir: filepath.Join(b.TempDir(), "s")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	bucket, err := s.Bucket(b.Context(), "b")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := bucket.Put(b.Context(), "k", make([]byte, 256)); err != nil {
			b.Fatal(err)
		}
	}
}
