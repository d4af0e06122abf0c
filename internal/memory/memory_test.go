package memory

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	m := &Store{}
	for _, key := range []string{"a/2", "b/1", "a/1"} {
		if err := m.Put(t.Context(), key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := m.Keys(t.Context(), "a/")
	if diff := cmp.Diff([]string{"a/1", "a/2"}, keys); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := m.Delete(t.Context(), "a/1"); err != nil {
		t.Error(err)
	}
	if _, err := m.Get(t.Context(), "a/1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
	v := &Vault{}
	if _, _, err := v.GetRevision(t.Context(), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
	if err := v.Put(t.Context(), "x", map[string]string{"token": "1"}); err != nil {
		t.Fatal(err)
	}
	_, revision, err := v.GetRevision(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Update(t.Context(), "x", map[string]string{"token": "2"}, revision); err != nil {
		t.Error(err)
	}
	if err := v.Update(t.Context(), "x", map[string]string{"token": "3"}, revision); !IsConflict(err) {
		t.Errorf("an update with an old revision gives %v", err)
	}
}
