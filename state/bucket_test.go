package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	owner, joined := open(t, dir), open(t, dir)
	if !owner.owns() || joined.owns() {
		t.Fatal("the first to open is the owner, the second joins")
	}
	t.Run("owner", func(t *testing.T) { testBucket(t, bucket(t, owner, "owner")) })
	t.Run("joined", func(t *testing.T) { testBucket(t, bucket(t, joined, "joined")) })
	t.Run("shared", func(t *testing.T) {
		if err := bucket(t, owner, "shared").Put(t.Context(), "both", []byte("v")); err != nil {
			t.Fatal(err)
		}
		if got, err := bucket(t, joined, "shared").Get(t.Context(), "both"); err != nil || string(got) != "v" {
			t.Errorf("Get = %q, %v", got, err)
		}
		if _, err := bucket(t, joined, "joined").Get(t.Context(), "both"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a key shows in another bucket: %v", err)
		}
	})
}

// testBucket is what every empty bucket must do, whoever serves it.
func testBucket(t *testing.T, b *Bucket) {
	t.Run("put and get", func(t *testing.T) { testPutGet(t, b) })
	t.Run("create", func(t *testing.T) { testCreate(t, b) })
	t.Run("update", func(t *testing.T) { testUpdate(t, b) })
	t.Run("delete", func(t *testing.T) { testDelete(t, b) })
	t.Run("keys", func(t *testing.T) { testKeys(t, b) })
	t.Run("limits", func(t *testing.T) { testLimits(t, b) })
	t.Run("contention", func(t *testing.T) { testContention(t, b) })
	t.Run("context", func(t *testing.T) { testContext(t, b) })
	t.Run("model", func(t *testing.T) { testModel(t, b) })
}

func testPutGet(t *testing.T, b *Bucket) {
	if _, err := b.Get(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("Get of a missing key: %v", err)
	}
	for _, size := range []int{0, 1, 4 << 10, 1 << 20, MaxValue} {
		value := bytes.Repeat([]byte{0, 0xff, '\r', '\n'}, size/4+1)[:size]
		if err := b.Put(t.Context(), "k", value); err != nil {
			t.Fatalf("Put of %d bytes: %v", size, err)
		}
		got, err := b.Get(t.Context(), "k")
		if err != nil || !bytes.Equal(got, value) {
			t.Errorf("Get of %d bytes: %d bytes, %v", size, len(got), err)
		}
	}
}

func testCreate(t *testing.T, b *Bucket) {
	if err := b.Create(t.Context(), "c", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := b.Create(t.Context(), "c", []byte("2")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create: %v, want fs.ErrExist", err)
	}
	if err := b.Delete(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if err := b.Create(t.Context(), "c", []byte("3")); err != nil {
		t.Errorf("Create after Delete: %v", err)
	}
	if got, err := b.Get(t.Context(), "c"); err != nil || string(got) != "3" {
		t.Errorf("Get = %q, %v", got, err)
	}
}

func testUpdate(t *testing.T, b *Bucket) {
	if err := b.Update(t.Context(), "u", nil, 0); !errors.Is(err, ErrConflict) {
		t.Errorf("Update of a missing key: %v, want ErrConflict", err)
	}
	if err := b.Put(t.Context(), "u", []byte("1")); err != nil {
		t.Fatal(err)
	}
	value, revision, err := b.GetRevision(t.Context(), "u")
	if err != nil || string(value) != "1" {
		t.Fatalf("GetRevision = %q, %d, %v", value, revision, err)
	}
	if err := b.Update(t.Context(), "u", []byte("2"), revision); err != nil {
		t.Fatal(err)
	}
	if err := b.Update(t.Context(), "u", []byte("3"), revision); !errors.Is(err, ErrConflict) {
		t.Errorf("Update of an old revision: %v, want ErrConflict", err)
	}
	if got, err := b.Get(t.Context(), "u"); err != nil || string(got) != "2" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if err := b.Delete(t.Context(), "u"); err != nil {
		t.Fatal(err)
	}
	if err := b.Update(t.Context(), "u", nil, revision+2); !errors.Is(err, ErrConflict) {
		t.Errorf("Update of a deleted key: %v, want ErrConflict", err)
	}
}

func testDelete(t *testing.T, b *Bucket) {
	if err := b.Delete(t.Context(), "none"); err != nil {
		t.Errorf("Delete of a missing key: %v", err)
	}
	if err := b.Put(t.Context(), "d", []byte("v")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.Delete(t.Context(), "d"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(t.Context(), "d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get after Delete: %v, want fs.ErrNotExist", err)
	}
}

func testKeys(t *testing.T, b *Bucket) {
	for _, key := range []string{"list", "list/b", "list/a", "list/a/deep", "list/a b", "listing", "list/gone", "list//"} {
		if err := b.Put(t.Context(), key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(t.Context(), "list/gone"); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"list":    {"list", "list//", "list/a", "list/a b", "list/a/deep", "list/b", "listing"},
		"list/":   {"list//", "list/a", "list/a b", "list/a/deep", "list/b"},
		"list/a":  {"list/a", "list/a b", "list/a/deep"},
		"list/a/": {"list/a/deep"},
		"listing": {"listing"},
		"nothing": nil,
	} {
		got, err := b.Keys(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Keys(%q) (-want +got):\n%s", prefix, diff)
		}
	}
}

func TestCollect(t *testing.T) {
	t.Parallel()
	send := func(encoded ...string) <-chan string {
		ch := make(chan string, len(encoded))
		for _, e := range encoded {
			ch <- e
		}
		close(ch)
		return ch
	}
	got, err := collect(send("a.c", "a.b", "a.c", "x", "a.=2E"), "a/")
	if diff := cmp.Diff([]string{"a/.", "a/b", "a/c"}, got); diff != "" || err != nil {
		t.Errorf("collect: %v (-want +got):\n%s", err, diff)
	}
	ch := send("=", "a=2", "b")
	if _, err := collect(ch, ""); err == nil || len(ch) != 0 {
		t.Errorf("a key that does not decode: %v, and %d keys are left in the channel", err, len(ch))
	}
}

func testLimits(t *testing.T, b *Bucket) {
	if err := b.Put(t.Context(), "big", make([]byte, MaxValue+1)); err == nil || !strings.Contains(err.Error(), fmt.Sprint(MaxValue)) {
		t.Errorf("a value over the limit: %v", err)
	}
	longest := strings.Repeat(">", MaxKey)
	if err := b.Put(t.Context(), longest, []byte("v")); err != nil {
		t.Errorf("the longest key: %v", err)
	}
	if keys, err := b.Keys(t.Context(), longest[:MaxKey-1]); err != nil || len(keys) != 1 || keys[0] != longest {
		t.Errorf("Keys finds %d keys, %v", len(keys), err)
	}
	for name, err := range map[string]error{
		"Put":  b.Put(t.Context(), longest+">", nil),
		"Get":  errorOf(b.Get(t.Context(), longest+">")),
		"Keys": errorOf(b.Keys(t.Context(), longest+">")),
	} {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint(MaxKey)) {
			t.Errorf("%s with a key over the limit: %v", name, err)
		}
	}
	for _, name := range []string{"", "a.b", "a b", "a/b", "*", strings.Repeat("x", 65)} {
		if _, err := b.state.Bucket(t.Context(), name); err == nil {
			t.Errorf("bucket %q was opened", name)
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

func testContention(t *testing.T, b *Bucket) {
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := add(b, "sum"); err != nil {
					t.Error(err)
				}
				if err := b.Put(t.Context(), "last", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := b.Get(t.Context(), "sum")
	if want := counter(writers * each); err != nil || !bytes.Equal(got, want) {
		t.Errorf("sum = %x, %v; want %x", got, err, want)
	}
}

func testContext(t *testing.T, b *Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"Put":  b.Put(ctx, "k", nil),
		"Get":  errorOf(b.Get(ctx, "k")),
		"Keys": errorOf(b.Keys(ctx, "")),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
}

// testModel compares the bucket with a map, over keys that are hard to store.
func testModel(t *testing.T, b *Bucket) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		model, root := map[string]string{}, fmt.Sprintf("model/%d/", round)
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			key := root + oddKey().Draw(r, "key")
			if rapid.IntRange(0, 3).Draw(r, "delete") == 0 && len(model) > 0 {
				key = rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(r, "victim")
				if err := b.Delete(t.Context(), key); err != nil {
					r.Fatal(err)
				}
				delete(model, key)
				continue
			}
			value := rapid.String().Draw(r, "value")
			if err := b.Put(t.Context(), key, []byte(value)); err != nil {
				r.Fatal(err)
			}
			model[key] = value
		}
		keys, err := b.Keys(t.Context(), root)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(model)), keys); diff != "" {
			r.Fatalf("Keys (-want +got):\n%s", diff)
		}
		for key, want := range model {
			if got, err := b.Get(t.Context(), key); err != nil || string(got) != want {
				r.Fatalf("Get(%q) = %q, %v; want %q", key, got, err, want)
			}
		}
	})
}
