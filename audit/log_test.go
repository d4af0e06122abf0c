package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memory is a store that forgets.
type memory struct {
	mu     sync.Mutex
	chunks map[string][]byte
	create func(key string) error // may fail a Create before it takes place
	after  func(key string) error // may fail it after that
}

func newMemory() *memory { return &memory{chunks: map[string][]byte{}} }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.chunks[key]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

func (m *memory) Create(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.create != nil {
		if err := m.create(key); err != nil {
			return err
		}
	}
	if _, ok := m.chunks[key]; ok {
		return fs.ErrExist
	}
	m.chunks[key] = bytes.Clone(value)
	if m.after != nil {
		return m.after(key)
	}
	return nil
}

func (m *memory) Keys(_ context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.chunks)), func(k string) bool { return !strings.HasPrefix(k, prefix) }), nil
}

// config returns the configuration of a log in a folder of its own.
func config(t testing.TB, store Store) Config {
	dir := t.TempDir()
	return Config{Store: store, KeyFile: filepath.Join(dir, "audit.key"), Checkpoint: filepath.Join(dir, "audit.checkpoint"), Actor: "ada"}
}

func open(t testing.TB, cfg Config) *Log {
	t.Helper()
	l, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// fill appends n entries, in chunks of one to five, and closes the log.
func fill(t testing.TB, cfg Config, n int) *Log {
	t.Helper()
	l := open(t, cfg)
	w := &writer{Log: l}
	for i, size := 0, 1; i < n; i, size = i+size, size%5+1 {
		size = min(size, n-i)
		var group []*pending
		for k := range size {
			e := Entry{Time: start.Add(time.Duration(i+k) * time.Second), Kind: Kinds[(i+k)%len(Kinds)], Actor: "ada",
				Connector: "tallyfy", Connection: fmt.Sprintf("acme%d", (i+k)%3), Operation: "launch_process", Call: fmt.Sprintf("c%d", i+k)}
			group = append(group, &pending{entry: e})
		}
		if err := w.append(group); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.save(); err != nil {
		t.Fatal(err)
	}
	return l
}

var start = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

func mustVerify(t *testing.T, l *Log, copies ...*Copy) Report {
	t.Helper()
	r, err := l.Verify(t.Context(), copies...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLog(t *testing.T) {
	t.Parallel()
	cfg := config(t, newMemory())
	l := open(t, cfg)
	entries := []Entry{
		{Kind: Install, Connector: "tallyfy", Version: "0.1.0", Digest: "sha256:abc"},
		{Kind: Run, Actor: "host", Connector: "tallyfy", Connection: "acme", Operation: "launch_process", Call: "c1", Code: "timeout",
			Egress: []Egress{{Grant: "api", Method: "POST", Host: "api.example.com", Status: 201, Count: 1, Authorized: true}, {Method: "GET", Host: "evil.example.com:8443", Code: "forbidden", Count: 2}}},
		{Kind: Rename, Connection: "acme", Detail: map[string]string{"to": "<b>", "from": "beta"}},
	}
	for _, e := range entries {
		if err := l.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.List(t.Context(), Query{})
	if err != nil || len(got) != 3 || got[1].Egress[1] != entries[1].Egress[1] || got[2].Detail["to"] != "<b>" {
		t.Fatalf("List = %+v, %v", got, err)
	}
	for i, e := range got {
		if e.Number != int64(i) || time.Since(e.Time) > time.Minute || e.Time.Location() != time.UTC {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
	if got[0].Actor != "ada" || got[1].Actor != "host" {
		t.Errorf("actors %q, %q; want the configured one where none is given", got[0].Actor, got[1].Actor)
	}
	if r := mustVerify(t, l); !r.OK() || r.Entries != 3 || r.Unsealed != 3 {
		t.Errorf("before Close: %+v", r)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), entries[0]); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	again := open(t, cfg)
	if r := mustVerify(t, again); !r.OK() || r.Entries != 3 || r.Unsealed != 0 {
		t.Errorf("after Close: %+v", r)
	}
	if err := again.Append(t.Context(), entries[0]); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, again); !r.OK() || r.Entries != 4 {
		t.Errorf("opened again: %+v", r)
	}
	for _, path := range []string{cfg.KeyFile, cfg.Checkpoint} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAppend_Refuses(t *testing.T) {
	t.Parallel()
	l := open(t, config(t, newMemory()))
	for name, e := range map[string]Entry{
		"no kind":          {},
		"unknown kind":     {Kind: "lunch"},
		"query in host":    {Kind: Run, Egress: []Egress{{Method: "GET", Host: "example.com?token=x"}}},
		"path in host":     {Kind: Run, Egress: []Egress{{Method: "GET", Host: "example.com/secret"}}},
		"user in host":     {Kind: Run, Egress: []Egress{{Method: "GET", Host: "me:pw@example.com"}}},
		"target in method": {Kind: Run, Egress: []Egress{{Method: "GET /x", Host: "example.com"}}},
		"too much egress":  {Kind: Run, Egress: make([]Egress, maxEgress+1)},
		"too long":         {Kind: Run, Call: strings.Repeat("x", maxEntry)},
	} {
		if err := l.Append(t.Context(), e); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if r := mustVerify(t, l); r.Entries != 0 || !r.OK() {
		t.Errorf("%+v", r)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	l := fill(t, config(t, newMemory()), 40)
	for name, tt := range map[string]struct {
		q    Query
		want []int64
	}{
		"newest":     {Query{Limit: 3}, []int64{37, 38, 39}},
		"kind":       {Query{Kind: Upgrade}, []int64{1, 16, 31}},
		"connection": {Query{Connection: "acme1", Limit: 2}, []int64{34, 37}},
		"connector":  {Query{Connector: "netsuite"}, nil},
		"time":       {Query{After: start.Add(5 * time.Second), Before: start.Add(8 * time.Second)}, []int64{5, 6, 7}},
		"after":      {Query{After: start.Add(38 * time.Second)}, []int64{38, 39}},
	} {
		entries, err := l.List(t.Context(), tt.q)
		var got []int64
		for _, e := range entries {
			got = append(got, e.Number)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

// TestCheckpoint_Interval: the checkpoint follows an append by itself, and not before its time.
func TestCheckpoint_Interval(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(t.Context(), Config{Store: newMemory(), KeyFile: dir + "/key", Checkpoint: dir + "/checkpoint"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		unsealed := func() int64 { synctest.Wait(); return mustVerify(t, l).Unsealed }
		for range 2 {
			if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(Interval - 1)
		if got := unsealed(); got != 2 {
			t.Errorf("before the interval is over, %d entries are beyond the checkpoint", got)
		}
		time.Sleep(time.Nanosecond)
		if got := unsealed(); got != 0 {
			t.Errorf("after it, %d entries are beyond the checkpoint", got)
		}
	})
}

func TestAppend_StoreFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	m := newMemory()
	l := open(t, config(t, m))
	m.create = func(string) error { return broken }
	if err := l.Append(t.Context(), Entry{Kind: Run}); !errors.Is(err, broken) {
		t.Errorf("not written: %v", err)
	}
	m.create, m.after = nil, func(string) error { return broken }
	if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
		t.Errorf("written, though the answer was lost: %v", err)
	}
	m.after = nil
	if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
		t.Error(err)
	}
	if r := mustVerify(t, l); !r.OK() || r.Entries != 2 {
		t.Errorf("%+v", r)
	}
}

// TestCheckpoint_Overtaken: who writes the checkpoint last has covered what others appended in the meantime.
func TestCheckpoint_Overtaken(t *testing.T) {
	t.Parallel()
	cfg := config(t, newMemory())
	slow, fast := open(t, cfg), open(t, cfg)
	for _, l := range []*Log{slow, fast, fast} {
		if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(fast.Close(), slow.Close()); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, slow); !r.OK() || r.Entries != 3 || r.Unsealed != 0 {
		t.Errorf("%+v", r)
	}
}

func TestCheckpoint_CannotBeWritten(t *testing.T) {
	t.Parallel()
	cfg := config(t, newMemory())
	l := open(t, cfg)
	if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Dir(cfg.Checkpoint)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Close: %v", err)
		}
	}
}

// TestAppend_Together: entries that come while a write is under way share the next one.
func TestAppend_Together(t *testing.T) {
	t.Parallel()
	m := newMemory()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := Open(t.Context(), Config{Store: m, KeyFile: dir + "/key", Checkpoint: dir + "/checkpoint"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		writes := 0
		m.create = func(string) error { // slow, as a disk is
			writes++
			time.Sleep(time.Millisecond)
			return nil
		}
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if i > 0 {
					time.Sleep(time.Microsecond) // behind the first
				}
				if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if want := 1 + 4; writes != want {
			t.Errorf("%d writes, want %d: one for the first, and one for each %d that waited", writes, want, maxChunkEntries)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		if err := l.Append(ctx, Entry{Kind: Run}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that does not wait: %v", err)
		}
		time.Sleep(2 * time.Millisecond) // until it is written
		if r := mustVerify(t, l); !r.OK() || r.Entries != 1001 {
			t.Errorf("%+v; the entry of a caller that gave up is written all the same", r)
		}
	})
}

// Ready gives the error that Append would give, and adds nothing.
func TestLog_Ready(t *testing.T) {
	m := &memory{chunks: map[string][]byte{}}
	cfg := config(t, m)
	l := open(t, cfg)
	for range 2 {
		if err := l.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if r := mustVerify(t, l); r.Entries != 0 {
		t.Errorf("%d entries, want none", r.Entries)
	}
	if err := l.Append(t.Context(), Entry{Kind: Run}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Ready(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	clear(m.chunks) // the log was cut off
	if err := open(t, cfg).Ready(t.Context()); !errors.Is(err, ErrTampered) {
		t.Errorf("Ready = %v of a log that was cut off", err)
	}
	if err := l.Ready(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Ready = %v after Close", err)
	}
}
