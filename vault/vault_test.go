package vault

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/chacha20poly1305"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write new golden files")

const canary = "canary-7b1e5f0c9d"

// memory is a Store that tests can look into.
type memory struct {
	mu        sync.Mutex // guards records, revisions and last
	records   map[string][]byte
	revisions map[string]uint64
	last      uint64
	err       error // of every call
}

var errStale = errors.New("stale")

func isStale(err error) bool { return errors.Is(err, errStale) }

func (m *memory) GetRevision(_ context.Context, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.records[key]
	if !ok && m.err == nil {
		return nil, 0, fs.ErrNotExist
	}
	return value, m.revisions[key], m.err
}

func (m *memory) Put(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(key, value)
	return m.err
}

func (m *memory) Create(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.records[key]; ok {
		return fs.ErrExist
	}
	m.set(key, value)
	return m.err
}

func (m *memory) Update(_ context.Context, key string, value []byte, revision uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.records[key]; !ok || m.revisions[key] != revision {
		return errStale
	}
	m.set(key, value)
	return m.err
}

func (m *memory) set(key string, value []byte) {
	if m.records == nil {
		m.records = map[string][]byte{}
	}
	if m.revisions == nil {
		m.revisions = map[string]uint64{}
	}
	m.last++
	m.records[key], m.revisions[key] = value, m.last
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, key)
	return m.err
}

func (m *memory) Keys(_ context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(m.records)), func(k string) bool { return !strings.HasPrefix(k, prefix) })
	return keys, m.err
}

func open(t *testing.T, store Store) *Vault {
	t.Helper()
	v, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: filepath.Join(t.TempDir(), "vault.key")})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVault(t *testing.T) {
	t.Parallel()
	v := open(t, &memory{})
	if _, err := v.Get(t.Context(), "acme"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get before Put: %v, want fs.ErrNotExist", err)
	}
	for _, want := range []map[string]string{{"user": "ada", "password": canary}, {"token": canary}, {}} {
		if err := v.Put(t.Context(), "acme", want); err != nil {
			t.Fatal(err)
		}
		got, err := v.Get(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Put replaces all secrets (-want +got):\n%s", diff)
		}
	}
	for range 2 {
		if err := v.Delete(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Get(t.Context(), "acme"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get after Delete: %v, want fs.ErrNotExist", err)
	}
}

func TestVault_anyBytes(t *testing.T) {
	t.Parallel()
	v := open(t, &memory{})
	rapid.Check(t, func(r *rapid.T) {
		connection := rapid.StringN(1, 20, -1).Draw(r, "connection")
		want := rapid.MapOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(r, "secrets")
		if err := v.Put(t.Context(), connection, want); err != nil {
			r.Fatal(err)
		}
		got, err := v.Get(t.Context(), connection)
		if err != nil || !maps.Equal(got, want) {
			r.Fatalf("Get = %q, %v; want %q", got, err, want)
		}
	})
}

func TestVault_refuses(t *testing.T) {
	t.Parallel()
	v := open(t, &memory{})
	for name, err := range map[string]error{
		"put without a connection":    v.Put(t.Context(), "", nil),
		"get without a connection":    errorOf(v.Get(t.Context(), "")),
		"delete without a connection": v.Delete(t.Context(), ""),
		"a name that is no text":      v.Put(t.Context(), "acme", map[string]string{"\xff": canary}),
		"no store":                    errorOf(Open(t.Context(), Config{KeyFile: "k", IsConflict: isStale})),
		"no IsConflict":               errorOf(Open(t.Context(), Config{Store: &memory{}, KeyFile: "k"})),
		"no key file":                 errorOf(Open(t.Context(), Config{Store: &memory{}, IsConflict: isStale})),
	} {
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestVault_storeFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	store := &memory{}
	v := open(t, store)
	store.err = broken
	for name, err := range map[string]error{
		"Put":    v.Put(t.Context(), "acme", map[string]string{"token": canary}),
		"Get":    errorOf(v.Get(t.Context(), "acme")),
		"Delete": v.Delete(t.Context(), "acme"),
		"Open":   errorOf(Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: filepath.Join(t.TempDir(), "k")})),
	} {
		if !errors.Is(err, broken) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want the store's error", name, err)
		}
	}
}

// A record opens in its own place only.
func TestVault_swapped(t *testing.T) {
	t.Parallel()
	store := &memory{}
	key := filepath.Join(t.TempDir(), "key")
	vaults := map[string]*Vault{}
	for _, workspace := range []string{"", "red", "red/acme"} {
		v, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: key, Workspace: workspace})
		if err != nil {
			t.Fatal(err)
		}
		vaults[workspace] = v
		for _, connection := range []string{"acme", "acme/secrets", "x"} {
			if err := v.Put(t.Context(), connection, map[string]string{"token": canary}); err != nil {
				t.Fatal(err)
			}
		}
	}
	keys := slices.Sorted(maps.Keys(store.records))
	want := []string{
		"default/acme%2Fsecrets/secrets", "default/acme/secrets", "default/x/secrets",
		"red%2Facme/acme%2Fsecrets/secrets", "red%2Facme/acme/secrets", "red%2Facme/x/secrets",
		"red/acme%2Fsecrets/secrets", "red/acme/secrets", "red/x/secrets",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Fatalf("store keys (-want +got):\n%s", diff)
	}
	const place = "default/acme/secrets"
	for _, key := range keys {
		store := &memory{records: map[string][]byte{place: store.records[key]}}
		v := &Vault{store: store, keys: vaults[""].keys, workspace: "default"}
		_, err := v.Get(t.Context(), "acme")
		if key == place && err != nil {
			t.Errorf("the connection's own record: %v", err)
		}
		if key != place && (!errors.Is(err, ErrSealed) || strings.Contains(err.Error(), canary)) {
			t.Errorf("record of %s: %v, want ErrSealed", key, err)
		}
	}
}

func TestPlace_associatedData(t *testing.T) {
	t.Parallel()
	seen := map[string]place{}
	for _, p := range []place{{"a", "b", "c"}, {"ab", "", "c"}, {"", "ab", "c"}, {"a", "", "bc"}, {"a", "bc", ""}} {
		data := string(p.associatedData())
		if q, ok := seen[data]; ok {
			t.Errorf("%v and %v have the same associated data", p, q)
		}
		seen[data] = p
	}
	want := "\x01\x00\x00\x00\x01a\x00\x00\x00\x01b\x00\x00\x00\x01c"
	if got := string(place{"a", "b", "c"}.associatedData()); got != want {
		t.Errorf("associated data is %q, want %q", got, want)
	}
}

func TestVault_everyByteCounts(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := open(t, store)
	if err := v.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	const key = "default/acme/secrets"
	record := store.records[key]
	check := func(what string, changed []byte) {
		t.Helper()
		store.records[key] = changed
		got, err := v.Get(t.Context(), "acme")
		if !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: %v, want ErrSealed", what, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error holds the secret", what)
		}
	}
	for i := range record {
		changed := bytes.Clone(record)
		changed[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("byte %d", i), changed)
		if i%20 == 0 {
			check(fmt.Sprintf("cut at %d", i), record[:i])
		}
	}
	check("one byte more", append(bytes.Clone(record), 0))
}

// Who knows the public key only can wrap a data key, but not make a record.
func TestVault_forged(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := open(t, store)
	if err := v.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	p, err := v.place("acme")
	if err != nil {
		t.Fatal(err)
	}
	dataKey := bytes.Repeat([]byte{7}, dataKeySize)
	wrapped, err := v.keys.last().masters[0].wrap(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := chacha20poly1305.NewX(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	forged := append([]byte(magic), byte(len(wrapped)>>8), byte(len(wrapped)))
	forged = append(append(forged, wrapped...), nonce...)
	store.records[p.key()] = aead.Seal(forged, nonce, []byte(`{"token":"eA=="}`), p.associatedData())
	if got, err := v.Get(t.Context(), "acme"); !errors.Is(err, ErrSealed) {
		t.Errorf("a forged record opens: %v, %v", got, err)
	}
}

func TestVault_otherKey(t *testing.T) {
	t.Parallel()
	store := &memory{}
	if err := open(t, store).Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	other := &memory{}
	stranger := open(t, other)
	other.records = store.records
	_, err := stranger.Get(t.Context(), "acme")
	if !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), "another master key") {
		t.Errorf("Get = %v, want ErrSealed that says why", err)
	}
}

func TestOpen_keyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "vault.key")
	store := &memory{}
	v, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("key file has mode %v, %v; want 0600", info.Mode(), err)
	}
	again, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Get(t.Context(), "acme"); err != nil || got["token"] != canary {
		t.Errorf("after opening anew: %v, %v", got, err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path}); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %#o: %v, want a refusal with the fix", mode, err)
		}
	}
}

func TestOpen_keyFileMissing(t *testing.T) {
	t.Parallel()
	store := &memory{}
	if err := open(t, store).Put(t.Context(), "acme", nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "gone.key")
	_, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path, Workspace: "other"})
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("Open = %v, want a refusal to make a new key", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a new key was made: %v", err)
	}
}

func TestOpen_badKeyFile(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty":      "",
		"comment":    "# nothing\n",
		"garbage":    canary + "\n",
		"cut off":    identity.String()[:40],
		"one of two": identity.String() + "\n" + identity.String()[:40],
		"other kind": classic.String(),
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), Config{Store: &memory{}, IsConflict: isStale, KeyFile: path})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names the file", name, err)
			continue
		}
		for _, secret := range []string{canary, identity.String()[30:40], classic.String()[30:40]} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error quotes the file: %v", name, err)
			}
		}
	}
}

func TestOpen_together(t *testing.T) {
	t.Parallel()
	store, path := &memory{}, filepath.Join(t.TempDir(), "vault.key")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			v, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path})
			if err != nil {
				t.Error(err)
				return
			}
			if err := v.Put(t.Context(), fmt.Sprint(i), map[string]string{"token": canary}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	v, err := Open(t.Context(), Config{Store: store, IsConflict: isStale, KeyFile: path})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		if _, err := v.Get(t.Context(), fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
	}
}

// golden is a record of an earlier version of this package, which must open for ever.
func golden(t testing.TB) (m master, record []byte) {
	t.Helper()
	const keyPath, recordPath = "testdata/v1.key", "testdata/v1.record"
	if *update {
		identity, err := age.GenerateHybridIdentity()
		if err != nil {
			t.Fatal(err)
		}
		record, err := master{identity}.seal(goldenPlace, goldenSecrets)
		err = errors.Join(err, os.MkdirAll("testdata", 0o755),
			os.WriteFile(keyPath, []byte("# Test data: this key seals v1.record and nothing else.\n"+identity.String()+"\n"), 0o644), os.WriteFile(recordPath, record, 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(keyPath)
	if err != nil {
		t.Fatal(err)
	}
	masters, ok := parseMasters(data)
	if !ok {
		t.Fatal("the golden key is none")
	}
	m = masters[0]
	if record, err = os.ReadFile(recordPath); err != nil {
		t.Fatal(err)
	}
	return m, record
}

var (
	goldenPlace   = place{"default", "acme", "secrets"}
	goldenSecrets = map[string]string{"user": "ada", "password": canary, "bytes": "\x00\xff"}
)

func TestGolden(t *testing.T) {
	t.Parallel()
	m, record := golden(t)
	got, err := openWith(m, goldenPlace, record)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenSecrets, got); diff != "" {
		t.Errorf("golden record (-want +got):\n%s", diff)
	}
}

func FuzzOpenRecord(f *testing.F) {
	m, record := golden(f)
	f.Add(record)
	f.Add(record[:len(record)/2])
	f.Add([]byte(magic + "\xff\xff"))
	f.Add([]byte(magic + "\x00\x00" + strings.Repeat("\x00", 40)))
	f.Fuzz(func(t *testing.T, data []byte) {
		secrets, err := openWith(m, goldenPlace, data)
		switch {
		case bytes.Equal(data, record):
			if err != nil {
				t.Errorf("the golden record: %v", err)
			}
		case !errors.Is(err, ErrSealed) || secrets != nil:
			t.Errorf("open = %v, %v; want ErrSealed", secrets, err)
		}
	})
}

func FuzzSplit(f *testing.F) {
	_, record := golden(f)
	f.Add(record)
	f.Add(record[:45])
	f.Add([]byte(magic + "\xff\xff"))
	f.Add([]byte(magic + "\x00\x00" + strings.Repeat("\x00", 40)))
	f.Fuzz(func(t *testing.T, data []byte) {
		wrapped, nonce, sealed, err := split(data)
		if err != nil {
			if !errors.Is(err, ErrSealed) || wrapped != nil || nonce != nil || sealed != nil {
				t.Errorf("split refuses with %v and gives parts", err)
			}
			return
		}
		head := append([]byte(magic), byte(len(wrapped)>>8), byte(len(wrapped)))
		if whole := bytes.Join([][]byte{head, wrapped, nonce, sealed}, nil); !bytes.Equal(whole, data) {
			t.Errorf("the parts of %x make %x", data, whole)
		}
		if len(nonce) != chacha20poly1305.NonceSizeX || len(sealed) < chacha20poly1305.Overhead {
			t.Errorf("nonce of %d bytes, sealed %d bytes", len(nonce), len(sealed))
		}
	})
}

// openWith opens a record with nothing remembered.
func openWith(m master, p place, record []byte) (map[string]string, error) {
	r := ring{masters: []master{m}}
	secrets, _, err := r.open(p, record)
	return secrets, err
}

func BenchmarkGet_again(b *testing.B) {
	m, record := golden(b)
	r := ring{masters: []master{m}}
	for b.Loop() {
		if _, _, err := r.open(goldenPlace, record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	m, record := golden(b)
	for b.Loop() {
		if _, err := openWith(m, goldenPlace, record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	m, _ := golden(b)
	for b.Loop() {
		if _, err := m.seal(goldenPlace, goldenSecrets); err != nil {
			b.Fatal(err)
		}
	}
}
