package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/internal/keyfile"
)

func TestVault_revisions(t *testing.T) {
	t.Parallel()
	v := open(t, &memory{})
	if err := v.Update(t.Context(), "acme", nil, 1); !errors.Is(err, ErrConflict) || !errors.Is(err, errStale) {
		t.Errorf("Update of what is not there: %v, want ErrConflict and the store's error", err)
	}
	if err := v.Create(t.Context(), "acme", map[string]string{"token": "first"}); err != nil {
		t.Fatal(err)
	}
	_, revision, err := v.GetRevision(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Update(t.Context(), "acme", map[string]string{"token": "second"}, revision); err != nil {
		t.Fatal(err)
	}
	if err := v.Update(t.Context(), "acme", map[string]string{"token": "late"}, revision); !errors.Is(err, ErrConflict) {
		t.Errorf("Update of an old revision: %v, want ErrConflict", err)
	}
	if got, next, err := v.GetRevision(t.Context(), "acme"); err != nil || got["token"] != "second" || next == revision {
		t.Errorf("GetRevision = %v, %d, %v", got, next, err)
	}
}

// keyLines returns the keys in a key file.
func keyLines(t *testing.T, path string) (lines []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "AGE-SECRET-KEY-PQ-1") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestRotate(t *testing.T) {
	t.Parallel()
	store, path := &memory{}, filepath.Join(t.TempDir(), "master.key")
	vaults := map[string]*Vault{}
	for _, workspace := range []string{"red", "blue"} {
		v, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path, Workspace: workspace})
		if err != nil {
			t.Fatal(err)
		}
		vaults[workspace] = v
		for _, connection := range []string{"acme", "a/b", "x"} {
			if err := v.Put(t.Context(), connection, map[string]string{"token": workspace + connection}); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := keyLines(t, path)
	done, err := vaults["red"].Rotate(t.Context())
	if err != nil || done.Records != 6 || done.Replaced != 1 || !done.Destroyed || len(done.Unreadable) != 0 {
		t.Errorf("Rotate = %+v, %v", done, err)
	}
	after := keyLines(t, path)
	if len(after) != 1 || after[0] == before[0] {
		t.Errorf("the key file had %d keys and has %d, or the same", len(before), len(after))
	}
	old, _ := parseMasters([]byte(before[0]))
	for key, record := range store.records {
		p, err := parsePlace(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openWith(old[0], p, record); !errors.Is(err, errOtherKey) {
			t.Errorf("%s opens with the old key: %v", key, err)
		}
	}
	for workspace, v := range vaults { // blue has not heard of the rotation
		for _, connection := range []string{"acme", "a/b", "x"} {
			if got, err := v.Get(t.Context(), connection); err != nil || got["token"] != workspace+connection {
				t.Errorf("%s %s: %v, %v", workspace, connection, got, err)
			}
		}
	}
	if err := vaults["blue"].Put(t.Context(), "late", map[string]string{"token": "late"}); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path, Workspace: "blue"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Get(t.Context(), "late"); err != nil || got["token"] != "late" {
		t.Errorf("what was written after the rotation: %v, %v", got, err)
	}
}

// slow is a memory in which a Put waits until it is released, and which tells of every Keys.
type slow struct {
	memory
	started, release chan bool
	onKeys           func()
}

func (s *slow) Put(ctx context.Context, key string, value []byte) error {
	if s.started != nil {
		s.started <- true
		<-s.release
	}
	return s.memory.Put(ctx, key, value)
}

func (s *slow) Keys(ctx context.Context, prefix string) ([]string, error) {
	if s.onKeys != nil {
		s.onKeys()
	}
	return s.memory.Keys(ctx, prefix)
}

// A record that is under way when a rotation begins is sealed with the old key: the rotation waits for it.
func TestRotate_waitsForWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store, path := &slow{}, filepath.Join(dir, "master.key")
		cfg := Config{Store: store, IsConflict: isStale, KeyFile: path}
		writer, rotator := openConfig(t, cfg), openConfig(t, cfg)
		store.started, store.release = make(chan bool), make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := writer.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
				t.Error(err)
			}
		})
		<-store.started
		wg.Go(func() {
			if done, err := rotator.Rotate(t.Context()); err != nil || done.Records != 1 {
				t.Errorf("Rotate = %+v, %v", done, err)
			}
		})
		time.Sleep(time.Minute) // of the bubble's clock: the rotation has asked for the lock many times
		if keys := keyLines(t, path); len(keys) != 1 {
			t.Errorf("the key file has %d keys while a record is under way", len(keys))
		}
		store.release <- true
		wg.Wait()
		if got, err := openConfig(t, cfg).Get(t.Context(), "acme"); err != nil || got["token"] != canary {
			t.Errorf("Get = %v, %v", got, err)
		}
	})
}

// While a rotation looks for records on the old key for the last time, nobody writes.
func TestRotate_dropsAlone(t *testing.T) {
	t.Parallel()
	store, path := &slow{}, filepath.Join(t.TempDir(), "master.key")
	v := openConfig(t, Config{Store: store, IsConflict: isStale, KeyFile: path})
	var free []bool
	store.onKeys = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		unlock, err := keyfile.Lock(ctx, path, keyfile.Shared)
		if err == nil {
			unlock()
		}
		free = append(free, err == nil)
	}
	if _, err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []bool{false, true, false}; !slices.Equal(free, want) { // adding, sealing anew, dropping
		t.Errorf("others may write while the records are listed: %v, want %v", free, want)
	}
}

// A process that has not looked since before a rotation seals with the new key all the same.
func TestRotate_writerThatSleptThroughIt(t *testing.T) {
	t.Parallel()
	cfg := Config{Store: &memory{}, IsConflict: isStale, KeyFile: filepath.Join(t.TempDir(), "master.key")}
	writer := openConfig(t, cfg)
	if _, err := openConfig(t, cfg).Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := writer.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	if got, err := openConfig(t, cfg).Get(t.Context(), "acme"); err != nil || got["token"] != canary {
		t.Errorf("Get = %v, %v", got, err)
	}
}

// A record that no key opens keeps the old key in the file, and a store that fails does too.
func TestRotate_keepsTheOldKey(t *testing.T) {
	t.Parallel()
	store, path := &memory{}, filepath.Join(t.TempDir(), "master.key")
	v := openConfig(t, Config{Store: store, IsConflict: isStale, KeyFile: path})
	for _, connection := range []string{"acme", "broken"} {
		if err := v.Put(t.Context(), connection, map[string]string{"token": canary}); err != nil {
			t.Fatal(err)
		}
	}
	record := store.records["default/broken/secrets"]
	record[len(record)-1] ^= 1
	done, err := v.Rotate(t.Context())
	if err != nil || done.Destroyed || done.Records != 1 || !slices.Equal(done.Unreadable, []string{"broken"}) {
		t.Errorf("Rotate = %+v, %v", done, err)
	}
	if n := len(keyLines(t, path)); n != 2 {
		t.Errorf("the key file has %d keys, want the new one and the old one", n)
	}
	if err := v.Delete(t.Context(), "broken"); err != nil {
		t.Fatal(err)
	}
	done, err = v.Rotate(t.Context())
	if err != nil || !done.Destroyed || done.Replaced != 2 || len(keyLines(t, path)) != 1 {
		t.Errorf("Rotate without it = %+v, %v", done, err)
	}
	store.err = errors.New("the disk is gone")
	if _, err := v.Rotate(t.Context()); !errors.Is(err, store.err) {
		t.Errorf("Rotate = %v, want the store's error", err)
	}
	store.err = nil
	if got, err := v.Get(t.Context(), "acme"); err != nil || got["token"] != canary {
		t.Errorf("Get = %v, %v", got, err)
	}
}

func TestRotate_givenKey(t *testing.T) {
	t.Parallel()
	store := &memory{}
	old, next := newKey(t), newKey(t)
	cfg := Config{Store: store, IsConflict: isStale, Key: old}
	v := openConfig(t, cfg)
	if err := v.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Rotate(t.Context()); !errors.Is(err, ErrGivenKey) {
		t.Errorf("Rotate = %v, want ErrGivenKey", err)
	}
	cfg.Key = NewSecret("\n " + next.Reveal() + " " + old.Reveal())
	done, err := openConfig(t, cfg).Rotate(t.Context())
	if err != nil || done.Records != 1 || done.Replaced != 1 || done.Destroyed {
		t.Errorf("Rotate with two keys = %+v, %v", done, err)
	}
	cfg.Key = next
	if got, err := openConfig(t, cfg).Get(t.Context(), "acme"); err != nil || got["token"] != canary {
		t.Errorf("Get = %v, %v", got, err)
	}
}

// The wrong key writes nothing, not even where nothing was.
func TestVault_wrongKeyWritesNothing(t *testing.T) {
	t.Parallel()
	store := &memory{}
	if err := openConfig(t, Config{Store: store, IsConflict: isStale, Key: newKey(t)}).Put(t.Context(), "acme", nil); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(store.records)
	v := openConfig(t, Config{Store: store, IsConflict: isStale, Key: newKey(t)})
	for name, err := range map[string]error{
		"Put":    v.Put(t.Context(), "acme", nil),
		"new":    v.Put(t.Context(), "new", nil),
		"Create": v.Create(t.Context(), "other", nil),
		"Update": v.Update(t.Context(), "acme", nil, 1),
		"Rotate": errorOf(v.Rotate(t.Context())),
		"Check":  v.Check(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "is not the one that sealed the 1 records") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, store.records); diff != "" {
		t.Errorf("the store (-before +after):\n%s", diff)
	}
	if err := v.Delete(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if err := v.Put(t.Context(), "acme", nil); err != nil {
		t.Errorf("Put when nothing of the other key is left: %v", err)
	}
}

func TestDataKeys(t *testing.T) {
	t.Parallel()
	var d dataKeys
	for i := range maxDataKeys + 10 {
		d.put(fmt.Append(nil, i), unwrapped{which: i})
	}
	if len(d.keys) != maxDataKeys {
		t.Errorf("%d data keys are kept, want %d", len(d.keys), maxDataKeys)
	}
	if u, ok := d.get(fmt.Append(nil, maxDataKeys+9)); !ok || u.which != maxDataKeys+9 {
		t.Errorf("the last one: %v, %v", u, ok)
	}
}

func newKey(t *testing.T) Secret {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func openConfig(t *testing.T, cfg Config) *Vault {
	t.Helper()
	v, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func BenchmarkHold(b *testing.B) {
	v, err := Open(b.Context(), Config{Store: &memory{}, IsConflict: isStale, KeyFile: filepath.Join(b.TempDir(), "key")})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := v.keys.hold(b.Context(), keyfile.Shared, func(*ring) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
