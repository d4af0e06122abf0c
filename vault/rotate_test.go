package vault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
