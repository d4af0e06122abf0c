package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// knownKey returns the key pair of a seed that is known, in the format of package note, made by hand.
func knownKey() (private, public string) {
	seed := sha256.Sum256([]byte("a key that signs nothing but tests"))
	pub := append([]byte{1}, ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)...)
	id := sha256.Sum256(append([]byte(name+"\n"), pub...))
	hash := binary.BigEndian.Uint32(id[:4])
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, hash, b64(append([]byte{1}, seed[:]...))), fmt.Sprintf("%s+%08x+%s", name, hash, b64(pub))
}

// known makes a log whose every byte is known, and returns its export and its checkpoint.
func known(t testing.TB) (l *Log, export, checkpoint []byte) {
	t.Helper()
	cfg := config(t, newMemory())
	cfg.Now = func() time.Time { return start.Add(7 * time.Millisecond) }
	private, _ := knownKey()
	if err := os.WriteFile(cfg.KeyFile, []byte(private+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l = fill(t, cfg, 12)
	if err := l.Append(t.Context(), Entry{
		Kind: Run, Actor: "host", Connector: "tallyfy", Version: "0.1.0", Digest: "sha256:00", Connection: "acme", Operation: "launch_process", Call: "c13",
		Code: "timeout", Detail: map[string]string{"z": "<&>", "a": "é\u2028"},
		Egress: []Egress{{Grant: "api", Method: "POST", Host: "api.example.com", Status: 201, Count: 2, Authorized: true}, {Method: "GET", Host: "10.0.0.1:8443", Code: "forbidden", Count: 1}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := l.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	checkpoint, err := os.ReadFile(cfg.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return l, b.Bytes(), checkpoint
}

// TestFormat: logs that exist must verify with every later version, so no byte of the format may change.
func TestFormat(t *testing.T) {
	t.Parallel()
	l, export, checkpoint := known(t)
	_, public := knownKey()
	if l.PublicKey() != public {
		t.Errorf("public key %s, want %s", l.PublicKey(), public)
	}
	for file, got := range map[string][]byte{"export.jsonl": export, "checkpoint": checkpoint} {
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is now\n%s", file, got)
		}
	}
	r, err := VerifyExport(bytes.NewReader(export), public)
	if err != nil || !r.OK() || r.Entries != 13 {
		t.Errorf("%+v, %v", r, err)
	}
}

// FuzzExport: no bytes but those that were signed verify.
func FuzzExport(f *testing.F) {
	_, export, checkpoint := known(f)
	_, public := knownKey()
	for _, seed := range [][]byte{export, export[:len(export)/2], append(bytes.Clone(export), export...), noteLine(checkpoint), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := VerifyExport(bytes.NewReader(data), public)
		if err != nil {
			t.Fatal(err) // a reader over memory does not fail
		}
		if r.OK() && !bytes.Equal(data, export) {
			t.Errorf("%d entries verify in\n%s", r.Entries, data)
		}
	})
}

// FuzzCheckpoint: no other checkpoint counts, and neither does a chunk's note.
func FuzzCheckpoint(f *testing.F) {
	l, export, checkpoint := known(f)
	for line := range bytes.Lines(export) {
		if signed, ok := parseNoteLine(line); ok {
			f.Add(signed)
		}
	}
	f.Add(checkpoint)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := openNote(data, l.key)
		if err == nil && !bytes.Contains(export, noteLine(data)) && !bytes.Equal(data, checkpoint) {
			t.Errorf("%+v counts:\n%s", s, data)
		}
		if s, err := parseText(string(data)); err == nil && s.tree.sound() {
			if again, err := parseText(s.text()); err != nil || again.text() != s.text() {
				t.Errorf("%q is read differently the second time, %v", data, err)
			}
		}
	})
}

// FuzzChunk: only the chunk that was signed for a place is taken there.
func FuzzChunk(f *testing.F) {
	l, export, _ := known(f)
	store := l.cfg.Store.(*memory)
	for _, data := range store.chunks {
		f.Add(data)
	}
	f.Add(export)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &checker{key: l.key}
		if _, err := c.next(data); err == nil && !bytes.Equal(data, store.chunks[chunkKey(0)]) {
			t.Errorf("taken: %s", data)
		}
		lines, end := split(data)
		var joined []byte
		for _, line := range lines {
			joined = append(append(joined, line...), '\n')
		}
		if !bytes.Equal(append(joined, end...), data) {
			t.Errorf("split loses bytes of %q", data)
		}
	})
}
