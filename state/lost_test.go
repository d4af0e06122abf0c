package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// A cutter stands between a joined State and the owner, and loses one write: the request itself, or the
// answer to it.
type cutter struct {
	listener net.Listener
	owner    string // the owner's socket
	wg       sync.WaitGroup

	mu        sync.Mutex // guards the fields below
	armed     bool
	loseWrite bool          // lose the request, not the answer
	lost      chan struct{} // closed when the write was lost
	release   chan struct{} // the connection ends when this is closed
	conns     []net.Conn
}

func newCutter(t *testing.T, dir string) *cutter {
	t.Helper()
	real, err := readAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(dir), "cutter")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, owner: real.Socket}
	if err := writeAddress(dir, address{PID: real.PID, Socket: path}); err != nil {
		t.Fatal(err)
	}
	c.wg.Go(c.accept)
	t.Cleanup(func() {
		listener.Close()
		c.mu.Lock()
		for _, conn := range c.conns {
			conn.Close()
		}
		c.mu.Unlock()
		c.wg.Wait()
	})
	return c
}

// arm makes the cutter lose the next write. The first channel says that it has; closing the second ends the
// connection.
func (c *cutter) arm(loseWrite bool) (lost <-chan struct{}, release chan<- struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.loseWrite = true, loseWrite
	c.lost, c.release = make(chan struct{}), make(chan struct{})
	return c.lost, c.release
}

func (c *cutter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", c.owner)
		if err != nil {
			client.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, client, server)
		c.mu.Unlock()
		cut := make(chan struct{})
		c.wg.Go(func() { c.requests(client, server, cut) })
		c.wg.Go(func() { c.answers(client, server, cut) })
	}
}

// requests copies what the client sends. Its writes are small and alone, so one read holds one whole write.
func (c *cutter) requests(client, server net.Conn, cut chan struct{}) {
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		lose := c.armed && bytes.Contains(buf[:n], []byte("HPUB $KV."))
		if lose {
			c.armed = false
			close(cut)
		}
		loseWrite, lost, release := c.loseWrite, c.lost, c.release
		c.mu.Unlock()
		if !lose || !loseWrite {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if lose {
			close(lost)
			<-release
			client.Close()
			return
		}
	}
}

// answers copies what the server sends, until the connection is cut.
func (c *cutter) answers(client, server net.Conn, cut chan struct{}) {
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-cut:
			_, _ = io.Copy(io.Discard, server) // until requests closes it
			return
		default:
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// What a write says when its answer was lost, and others wrote before it could ask again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	owner := open(t, dir)
	c := newCutter(t, dir)
	joined := open(t, dir)
	if joined.owns() {
		t.Fatal("the joined state is the owner")
	}
	mine, others := bucket(t, joined, "b"), bucket(t, owner, "b")

	put := func(b *Bucket, key string, _ uint64) error { return b.Put(t.Context(), key, []byte("mine")) }
	create := func(b *Bucket, key string, _ uint64) error { return b.Create(t.Context(), key, []byte("mine")) }
	update := func(b *Bucket, key string, rev uint64) error { return b.Update(t.Context(), key, []byte("mine"), rev) }
	remove := func(b *Bucket, key string, _ uint64) error { return b.Delete(t.Context(), key) }
	for _, test := range []struct {
		name      string
		write     func(b *Bucket, key string, revision uint64) error
		before    int  // writes of the key before
		loseWrite bool // the write itself is lost, not only its answer
		others    int  // writes of others before the connection ends
		want      error
		value     string // of the key at the end; empty for none
	}{
		{name: "create, taken place", write: create, value: "mine"},
		{name: "create, lost", write: create, loseWrite: true, value: "mine"},
		{name: "create, taken place, then others", write: create, others: 3, value: "other 2"},
		{name: "create, lost, others first", write: create, loseWrite: true, others: 1, want: fs.ErrExist, value: "other 0"},
		{name: "update, taken place", write: update, before: 1, value: "mine"},
		{name: "update, lost", write: update, before: 1, loseWrite: true, value: "mine"},
		{name: "update, taken place, then others", write: update, before: 1, others: 5, value: "other 4"},
		{name: "update, lost, others first", write: update, before: 1, loseWrite: true, others: 5, want: ErrConflict, value: "other 4"},
		{name: "update, taken place, then very many", write: update, before: 1, others: maxWriters + 1, want: ErrInDoubt, value: "other 64"},
		{name: "update, lost, very many first", write: update, before: 1, loseWrite: true, others: maxWriters + 1, want: ErrInDoubt, value: "other 64"},
		{name: "update, lost, after very many", write: update, before: maxWriters + 2, loseWrite: true, value: "mine"},
		{name: "update, lost after very many, others first", write: update, before: maxWriters + 2, loseWrite: true, others: 1, want: ErrConflict, value: "other 0"},
		{name: "put, taken place", write: put, before: 1, value: "mine"},
		{name: "put, lost", write: put, before: 1, loseWrite: true, value: "mine"},
		{name: "put, taken place, then others", write: put, before: 1, others: 2, value: "other 1"},
		{name: "put, lost, others first", write: put, before: 1, loseWrite: true, others: 2, value: "mine"},
		{name: "delete, taken place", write: remove, before: 1},
		{name: "delete, lost", write: remove, before: 1, loseWrite: true},
		{name: "delete, taken place, then others", write: remove, before: 1, others: 1, value: "other 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var revision uint64
			for range test.before {
				if err := others.Put(t.Context(), test.name, []byte("before")); err != nil {
					t.Fatal(err)
				}
				var err error
				if _, revision, err = others.GetRevision(t.Context(), test.name); err != nil {
					t.Fatal(err)
				}
			}
			lost, release := c.arm(test.loseWrite)
			result := make(chan error, 1)
			go func() { result <- test.write(mine, test.name, revision) }()
			<-lost
			if !test.loseWrite {
				eventually(t, "the write takes place", func() bool {
					last, err := others.read(t.Context(), test.name)
					return err == nil && last.revision > revision
				})
			}
			for i := range test.others {
				if err := others.Put(t.Context(), test.name, fmt.Appendf(nil, "other %d", i)); err != nil {
					t.Error(err)
				}
			}
			close(release)
			if err := <-result; !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
			got, err := others.Get(t.Context(), test.name)
			if test.value == "" && errors.Is(err, fs.ErrNotExist) {
				return
			}
			if err != nil || string(got) != test.value {
				t.Errorf("value at the end is %q, %v; want %q", got, err, test.value)
			}
		})
	}
}

// A write whose answer never came before its State was closed says that it is in doubt.
func TestLostAnswer_closed(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	owner := open(t, dir)
	c := newCutter(t, dir)
	joined := open(t, dir)
	b := bucket(t, joined, "b")
	lost, release := c.arm(false)
	result := make(chan error, 1)
	go func() { result <- b.Put(t.Context(), "k", []byte("mine")) }()
	<-lost
	if err := joined.Close(); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := <-result; !errors.Is(err, ErrInDoubt) || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error is %v, want ErrInDoubt and fs.ErrClosed", err)
	}
	check := bucket(t, owner, "b")
	eventually(t, "the write takes place", func() bool {
		got, err := check.Get(t.Context(), "k")
		return err == nil && string(got) == "mine"
	})
}

// A write whose answer does not come before its context ends says so, and that it is in doubt.
func TestLostAnswer_deadline(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	open(t, dir)
	c := newCutter(t, dir)
	b := bucket(t, open(t, dir), "b")
	lost, release := c.arm(true)
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- b.Put(ctx, "k", []byte("mine")) }()
	<-lost
	cancel()
	if err := <-result; !errors.Is(err, ErrInDoubt) || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want ErrInDoubt and context.Canceled", err)
	}
}
